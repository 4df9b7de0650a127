// diagnose() and repair() on real folders, beside living processes.

import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { getuid } from "node:process";
import { describe, expect, it, onTestFinished } from "vitest";
import { type bindingWay, openHost } from "../../src/host/index.ts";
import { type Diagnosis, diagnose, open, type Registry, repair } from "../../src/node/index.ts";
import { holdFinding, machineFindings, nodeFinding } from "../../src/node/runtime-findings.ts";
import { Worker } from "../registry/workers.ts";
import { startChild } from "../stores/child.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { openDatabase } from "../stores/sqlite.ts";

async function openRegistry(directory: string): Promise<Registry> {
  const registry = await open({ directory });
  onTestFinished(() => registry.close().catch(() => undefined));
  return registry;
}

/** What may be out of order where the tests run. */
const OF_THE_MACHINE = ["ephemeral", "privileged", "disk"];

/** "state check: message" of what is not in order. */
function wrong({ findings }: Diagnosis): string[] {
  return findings
    .filter(({ state, check }) => state !== "ok" && !OF_THE_MACHINE.includes(check))
    .map(({ state, check, message }) => `${state} ${check}: ${message}`);
}

/** What a damaged disk leaves of a database: garbage over the pages from `from` on. */
function damage(directory: string, from: number): void {
  const path = join(directory, "registry.db");
  for (const file of [path, `${path}-wal`]) {
    if (!existsSync(file) || statSync(file).size === 0) continue;
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xa5, from));
  }
}

function edit(directory: string, sql: string): void {
  const database = openDatabase(join(directory, "registry.db"));
  database.exec(sql);
  database.close();
}

async function isBound(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, () => server.close(() => resolve(false)));
  });
}

describe("a diagnosis", () => {
  it("of a folder that is not there finds nothing wrong, and makes none", async () => {
    const directory = join(temporaryFolder(), "none");
    const diagnosis = await diagnose({ directory });
    expect(wrong(diagnosis)).toEqual([]);
    expect(diagnosis).toMatchObject({ directory, healthy: true });
    expect(existsSync(directory)).toBe(false);
  });

  it("of a registry in use finds nothing wrong, and says what is in it", async () => {
    const directory = temporaryFolder();
    const worker = await Worker.start(directory);
    await worker.acquire({ name: "db", kept: true });
    await worker.acquire({}, 2);
    const diagnosis = await diagnose({ directory });
    expect(wrong(diagnosis)).toEqual([]);
    const said = diagnosis.findings.map(({ check, message }) => `${check}: ${message}`);
    expect(said).toEqual([
      `node: ${process.versions.node}`,
      expect.stringMatching(/^driver: (?:libsql|node:sqlite), SQLite 3\.\d+\.\d+$/u),
      expect.stringMatching(/^processes: told apart/u),
      expect.stringMatching(/^guards: abstract unix sockets/u),
      expect.stringMatching(/^hold: by net\./u),
      expect.stringMatching(/^network: namespace net:\[\d+\]$/u),
      expect.stringMatching(/^ephemeral: \d+-\d+: the kernel picks/u),
      expect.stringMatching(/^reserved: /u),
      expect.stringMatching(/^privileged: /u),
      expect.stringMatching(/^pool: \d+ default ports/u),
      `folder: ${directory}`,
      expect.stringMatching(/^disk: \d+ MiB free$/u),
      expect.stringMatching(new RegExp(`^database: .*open in process ${worker.pid}$`, "u")),
      "scopes: default",
      "records: 3 leases, 1 name with kept ports, 0 waiting",
    ]);
    await worker.kill();
    const after = await diagnose({ directory });
    expect(after.findings.at(-1)!.message).toContain("3 leases (3 abandoned)");
    expect(after.healthy).toBe(true);
  });

  it("does not disturb a registry of its own process", async () => {
    const directory = temporaryFolder();
    const registry = await openRegistry(directory);
    const worker = await Worker.start(directory);
    for (let round = 0; round < 3; round++) {
      const [{ port }, [other]] = [await registry.acquire(), await worker.acquire({})];
      expect(port).not.toBe(other);
      expect((await diagnose({ directory })).healthy).toBe(true);
    }
    expect(await registry.list()).toHaveLength(6);
  });

  it.skipIf(getuid?.() !== 0)("of another user's folder is a problem, and reads nothing in it", async () => {
    const directory = temporaryFolder();
    chmodSync(directory, 0o755);
    const answer = (await startChild("node/diagnose-as-nobody.mjs", directory).next()) as Diagnosis;
    expect(wrong(answer)).toEqual([
      expect.stringMatching(/^problem folder: .*it belongs to the user with id 0, and this is user 65534$/u),
    ]);
  });

  it("refuses options that it does not know", async () => {
    await expect(diagnose({ folder: "x" } as object)).rejects.toThrow("unknown option `folder`");
    await expect(repair({ force: "yes" } as object)).rejects.toThrow("`force`: expected true or false");
  });
});

describe("what the machine is found to be", () => {
  it.each([
    ["20.18.1", "problem"],
    ["18.20.0", "problem"],
    ["20.19.0", "ok"],
    ["22.0.0", "ok"],
  ])("Node %s: %s", (version, state) => expect(nodeFinding(version).state).toBe(state));

  it("without guards, start times and holds is told with what that means", async () => {
    const host = openHost();
    const poor = { ...host, boot: "", guards: undefined, holds: undefined };
    const findings = await machineFindings(poor);
    const warnings = findings.filter(
      ({ state, check }) => state === "warning" && !OF_THE_MACHINE.includes(check),
    );
    expect(warnings.map(({ check }) => check)).toEqual(["processes", "guards", "hold"]);
  });

  it.each(["darwin", "win32"] as const)(
    "on %s is told without its settings, or a crash",
    async (platform) => {
      const findings = await machineFindings(openHost(platform));
      expect(findings.map(({ check, state }) => `${check} ${state}`)).toEqual([
        "processes warning",
        "guards warning",
        "hold warning",
        "network ok",
        "ephemeral ok",
        "pool ok",
      ]);
    },
  );

  it.each<[string, boolean, ReturnType<typeof bindingWay>, string, string | undefined]>([
    ["is by net.BoundSocket", true, "net.BoundSocket", "by net.BoundSocket: TCP ports are kept", undefined],
    ["is by the older way", true, "net._createServerHandle", "by net._createServerHandle, which", undefined],
    ["is none on this system", false, "net.BoundSocket", "does not hold: on this system", undefined],
    [
      "is none in this runtime",
      false,
      undefined,
      "does not hold: this runtime",
      "use Node 24.19, 26.4 or newer",
    ],
  ])("that a hold %s", (_, has, way, message, advice) => {
    const finding = holdFinding({ holds: has ? { take: () => "stranger" } : undefined }, way);
    expect(finding).toMatchObject({ check: "hold", state: has ? "ok" : "warning" });
    expect(finding.message.startsWith(message)).toBe(true);
    expect(finding.advice).toBe(advice);
  });
});

describe("a repair", () => {
  it("of what is in order does nothing", async () => {
    const directory = temporaryFolder();
    await (await openRegistry(directory)).acquire({ name: "web" });
    expect(await repair({ directory })).toMatchObject({
      done: [],
      refused: [],
      diagnosis: { healthy: true },
    });
    const none = join(directory, "none");
    expect(await repair({ directory: none })).toMatchObject({ done: [], refused: [] });
    expect(existsSync(none)).toBe(false);
  });

  it("closes folder and database to others", async () => {
    const directory = temporaryFolder();
    await (await openRegistry(directory)).close();
    const path = join(directory, "registry.db");
    chmodSync(directory, 0o777);
    chmodSync(path, 0o666);
    await expect(open({ directory })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(wrong(await diagnose({ directory }))).toEqual([
      `problem folder: ${directory}: its mode is 777, others may write there: every command refuses it`,
      `problem database: ${path}: its mode is 666, others may write there`,
    ]);
    const { done, diagnosis } = await repair({ directory });
    expect(done).toEqual([`gave ${directory} the mode 700`, `gave ${path} the mode 600`]);
    expect(wrong(diagnosis)).toEqual([]);
    expect([directory, path].map((place) => statSync(place).mode & 0o777)).toEqual([0o700, 0o600]);
    await openRegistry(directory);
  });

  it("mends records, and keeps what it removes in a file", async () => {
    const directory = temporaryFolder();
    const registry = await openRegistry(directory);
    const { port } = await registry.acquire({ name: "web" });
    await registry.acquire({ name: "db", kept: true, ports: "23100" });
    edit(
      directory,
      `UPDATE slot SET value = '{"claims":[' WHERE key = 'port/tcp/${port}';
       DELETE FROM slot WHERE key = 'name/db';
       UPDATE slot SET value = 'x' WHERE scope = 'scopes';`,
    );
    await expect(open({ directory })).rejects.toThrow("JSON");
    expect(wrong(await diagnose({ directory }))).toEqual([
      "problem scopes: scope/default cannot be read: it is not JSON",
      `problem records: port/tcp/${port} cannot be read: it is not JSON`,
      'problem records: port/tcp/23100 is kept for "db", which does not say so',
    ]);
    const { done, refused, diagnosis } = await repair({ directory });
    expect([refused, wrong(diagnosis)]).toEqual([[], []]);
    const file = done.at(-1)!.replace("what was removed or replaced is in ", "");
    expect(done.slice(0, -1)).toEqual([
      "made scope/default anew",
      `removed port/tcp/${port}`,
      'made the record of "db" anew, with port 23100',
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { version, slots } = JSON.parse(readFileSync(file, "utf8")) as {
      version: number;
      slots: { scope: string; key: string; value: string }[];
    };
    expect(version).toBe(1);
    expect(slots).toMatchObject([
      { scope: "scopes", key: "scope/default", value: "x" },
      { scope: "default", key: `port/tcp/${port}`, value: '{"claims":[' },
    ]);
    const again = await openRegistry(directory);
    expect(await again.reservations()).toMatchObject([{ name: "db", ports: [23_100] }]);
    // Its holder lives and has the guard, though no record says so any more.
    await expect(again.acquire({ ports: port })).rejects.toMatchObject({ code: "NO_PORT_AVAILABLE" });
  });

  it("is refused while another process has the damaged database open", async () => {
    const directory = temporaryFolder();
    const worker = await Worker.start(directory);
    await worker.acquire({}, 3);
    damage(directory, 0);
    const before = readdirSync(directory).toSorted();
    const { done, refused, diagnosis } = await repair({ directory });
    expect(done).toEqual([]);
    expect(refused).toEqual([
      expect.stringContaining(
        `registry.db is not replaced: process ${worker.pid} has it open; stop what uses it`,
      ),
    ]);
    expect(diagnosis.healthy).toBe(false);
    expect(readdirSync(directory).toSorted()).toEqual(before);
    await worker.kill();
    expect(await repair({ directory })).toMatchObject({ refused: [], diagnosis: { healthy: true } });
  });

  it.each([0, 4096, 6000])(
    "of a database with garbage from byte %i on: no port of a living process is granted to anybody else",
    async (from) => {
      const directory = temporaryFolder();
      const worker = await Worker.start(directory);
      const range = "23200-23249";
      const held = await worker.acquire({ ports: range }, 40);
      const { token } = await lastLease(directory);
      damage(directory, from);
      const { done, refused, diagnosis } = await repair({ directory, force: true });
      expect([refused, wrong(diagnosis)]).toEqual([[], []]);
      expect(done).toEqual([
        expect.stringMatching(/^moved the damaged database aside: .*registry\.db\.damaged-\d{8}T\d{6}Z/u),
        expect.stringMatching(/^made a new one with \d+ records/u),
      ]);
      const registry = await openRegistry(directory);
      const granted: number[] = [];
      let first: { epoch: number; revision: number } | undefined;
      for (let time = 0; time < 10; time++) {
        const lease = await registry.acquire({ ports: range });
        first ??= lease.token;
        granted.push(lease.port);
      }
      expect(new Set([...granted, ...held]).size).toBe(50);
      await expect(registry.acquire({ ports: range })).rejects.toMatchObject({ code: "NO_PORT_AVAILABLE" });
      expect(first!.epoch).toBeGreaterThan(token.epoch);
      // Its own database is gone: it says so, and grants nothing.
      await expect(worker.acquire({})).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      await worker.kill();
      expect(await registry.acquire({ ports: held })).toMatchObject({ ports: [expect.any(Number)] });
      expect(await isBound(held[0]!)).toBe(false);
    },
  );

  it("brings kept names back from a database that was cut off", async () => {
    const directory = temporaryFolder();
    const registry = await openRegistry(directory);
    const names = Array.from({ length: 30 }, (_, index) => `service-${index}`);
    for (const name of names) await (await registry.acquire({ name, kept: true })).release();
    const before = await registry.reservations();
    await registry.close();
    edit(directory, "PRAGMA wal_checkpoint(TRUNCATE)");
    const path = join(directory, "registry.db");
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 100));
    const { diagnosis } = await repair({ directory });
    expect(wrong(diagnosis)).toEqual([]);
    const after = await (await openRegistry(directory)).reservations();
    expect(before).toEqual(expect.arrayContaining([...after]));
    expect(after.length).toBeGreaterThan(0);
  });

  it("leaves another program's database alone", async () => {
    const directory = temporaryFolder();
    edit(directory, "CREATE TABLE notes (text TEXT)");
    const path = join(directory, "registry.db");
    const before = readFileSync(path);
    const { refused } = await repair({ directory, force: true });
    expect(refused).toEqual([`${path} is left as it is: it is not this version's`]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

async function lastLease(directory: string): Promise<{ token: { epoch: number; revision: number } }> {
  const registry = await openRegistry(directory);
  const leases = await registry.list();
  await registry.close();
  return leases.toSorted((a, b) => b.token.revision - a.token.revision)[0]!;
}
