import { chmodSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { newFolder } from "./moorage.ts";

interface Output {
  readonly version: number;
  readonly directory: string;
  readonly healthy: boolean;
  readonly findings: readonly { check: string; state: string; message: string; advice?: string }[];
  readonly done?: readonly string[];
  readonly refused?: readonly string[];
}

const parse = ({ stdout }: { readonly stdout: string }): Output => JSON.parse(stdout) as Output;

describe("moorage doctor", () => {
  test("says in one screen that nothing is wrong, and exits with 0", async () => {
    await using folder = newFolder();
    await folder.run("get", "--global", "--name", "web", "--for", String(process.pid));
    const { code, stdout, stderr } = await folder.run("doctor");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines).toContain(`ok  node        ${process.versions.node}`);
    expect(lines).toContain("ok  records     1 lease, 0 names with kept ports, 0 waiting");
    expect(lines.at(-1)).toBe("nothing is wrong");
  });

  test("makes no folder and changes none", async () => {
    await using folder = newFolder();
    rmSync(folder.directory, { recursive: true });
    expect(await folder.run("doctor")).toMatchObject({ code: 0 });
    expect(await folder.run("doctor", "--repair")).toMatchObject({ code: 0 });
    expect(() => readdirSync(folder.directory)).toThrow("ENOENT");
  });

  test("--json has a version and every finding", async () => {
    await using folder = newFolder();
    const output = parse(await folder.run("doctor", "--json"));
    expect(output).toMatchObject({ version: 1, directory: folder.directory, healthy: true });
    expect(output.findings.map(({ check, state }) => `${check} ${state}`)).toEqual(
      expect.arrayContaining([
        "node ok",
        "driver ok",
        "processes ok",
        "guards ok",
        "hold ok",
        "reserved ok",
        "folder ok",
        "database ok",
      ]),
    );
    expect(output).not.toHaveProperty("done");
  });

  test("a database that was cut off: what is wrong, what to do, and after that it is in order", async () => {
    await using folder = newFolder();
    await folder.run("get", "--name", "web", "--for", String(process.pid));
    const path = join(folder.directory, "registry.db");
    truncateSync(path, 50);
    writeFileSync(`${path}-wal`, "");
    const found = await folder.run("doctor");
    expect(found.code).toBe(1);
    expect(found.stdout).toMatch(/^problem  database   .*registry\.db: it is damaged: /mu);
    expect(found.stdout).toMatch(/^ +→ run `moorage doctor --repair`/mu);
    expect(found.stdout).toMatch(/something is wrong\n$/u);

    const repaired = await folder.run("doctor", "--repair");
    expect(repaired.code).toBe(0);
    expect(repaired.stdout).toMatch(/^repaired: moved the damaged database aside: .*damaged-/u);
    expect(repaired.stdout).toMatch(/^repaired: made a new one with 0 records/mu);
    expect(repaired.stdout).toMatch(/nothing is wrong\n$/u);
    expect(await folder.run("doctor", "--repair")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^nothing to repair\n/u) as string,
    });
    expect(await folder.run("get", "--for", String(process.pid))).toMatchObject({ code: 0 });
  });

  test("a database that is in use is replaced only with --force", async () => {
    await using folder = newFolder();
    const { line, child } = folder.moorage("run", "--", process.execPath, "-e", KEEP_RUNNING);
    const port = await line();
    const path = join(folder.directory, "registry.db");
    for (const file of [path, `${path}-wal`]) writeFileSync(file, "garbage ".repeat(2000));
    const refused = await folder.run("doctor", "--repair", "--json");
    expect(refused.code).toBe(1);
    expect(parse(refused)).toMatchObject({ healthy: false, done: [] });
    expect(parse(refused).refused?.[0]).toContain(`process ${child.pid} has it open`);
    expect(readFileSync(path, "utf8")).toContain("garbage");

    expect(await folder.run("doctor", "--repair", "--force")).toMatchObject({ code: 0 });
    // No record says so any more, but the holder of the port lives.
    const other = await folder.run("run", "--ports", port, "--", "true");
    expect(other.stderr).toContain("NO_PORT_AVAILABLE");
  });

  test("a folder that others may write is closed to them", async () => {
    await using folder = newFolder();
    chmodSync(folder.directory, 0o777);
    expect(await folder.run("get")).toMatchObject({ code: 1 });
    expect((await folder.run("doctor")).stdout).toContain(`chmod 700 ${folder.directory}`);
    expect((await folder.run("doctor", "--repair")).stdout).toContain(
      `repaired: gave ${folder.directory} the mode 700`,
    );
    expect(await folder.run("get", "--for", String(process.pid))).toMatchObject({ code: 0 });
  });

  test("many findings of a kind are counted, and --json has them all", async () => {
    await using folder = newFolder();
    await folder.run("get", "30", "--for", String(process.pid));
    const leases = await folder.leases();
    const { openDatabase } = await import("../stores/sqlite.ts");
    const database = openDatabase(join(folder.directory, "registry.db"));
    database.exec("UPDATE slot SET value = '{' WHERE key LIKE 'port/%'");
    database.close();
    expect(leases[0]!.ports).toHaveLength(30);
    expect((await folder.run("doctor")).stdout).toMatch(/… and 22 more; --json shows all/u);
    const { findings } = parse(await folder.run("doctor", "--json"));
    expect(findings.filter(({ check, state }) => check === "records" && state === "problem")).toHaveLength(
      30,
    );
  });

  test.each([[["--force"]], [["--bogus"]], [["web"]]])("refuses %j", async (parameters) => {
    await using folder = newFolder();
    expect(await folder.run("doctor", ...parameters)).toMatchObject({ code: 64, stdout: "" });
  });
});

const KEEP_RUNNING = 'console.log(process.env.PORT); process.stdin.resume().on("end", () => process.exit())';
