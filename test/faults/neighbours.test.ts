// Registries that know nothing of one another on one machine: of two users, in two state folders, of two copies
// or versions of the package. What keeps them apart is the guard of a port, which is the network namespace's.

import { chownSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";
import { scaled } from "./scale.ts";
import { type LeaseFactsOf, Worker } from "./workers.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOBODY = 65534;
const ROUNDS = scaled(2, 20);
const PORTS_EACH = 40;

/** A copy of the built package, with its own copy of the SQLite driver, as npm would install it. */
function installCopy(version?: string): string {
  const folder = join(temporaryFolder(), "moorage");
  mkdirSync(folder);
  cpSync(join(ROOT, "dist"), join(folder, "dist"), { recursive: true });
  const about = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ ...about, version: version ?? about.version }),
  );
  for (const name of ["libsql", "@libsql", "@neon-rs", "detect-libc"]) {
    const [from, to] = [join(ROOT, "node_modules", name), join(folder, "node_modules", name)];
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to, { recursive: true });
  }
  return folder;
}

/** Takes ports from all registries at once, `ROUNDS` times; how many different ones there were each time. */
async function takeTogether(
  takers: readonly (() => Promise<LeaseFactsOf[]>)[],
  giveBack: () => Promise<unknown>,
): Promise<number[]> {
  const different: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const leases = (await Promise.all(takers.map((take) => take()))).flat();
    different.push(new Set(leases.flatMap(({ ports }) => ports)).size);
    await giveBack();
  }
  return different;
}

/** As `takeTogether`, by workers with a registry each, from a range that has no more than they take. */
async function takeAll(workers: readonly Worker[], first: number): Promise<number[]> {
  const options = { ports: `${first}-${first + workers.length * PORTS_EACH - 1}` };
  const takers = workers.map((worker) => () => worker.acquire(options, PORTS_EACH));
  const giveBack = (): Promise<unknown> => Promise.all(workers.map((worker) => worker.tell("releaseAll")));
  return await takeTogether(takers, giveBack);
}

function eachRound(takers: number): number[] {
  return Array.from({ length: ROUNDS }, () => takers * PORTS_EACH);
}

describe(`of ${PORTS_EACH} ports each, taken at once from a range that has no more, none is granted twice`, () => {
  it("in four state folders", async () => {
    const workers = await Promise.all([1, 2, 3, 4].map(() => Worker.open(temporaryFolder())));
    expect(await takeAll(workers, 16300)).toEqual(eachRound(4));
  });

  // Only root can become another user.
  it.skipIf(process.getuid?.() !== 0)(
    "by two users with state folders of their own (needs root)",
    async () => {
      const nobody = await Promise.all([Worker.start(), Worker.start()]);
      const [folder, theirs] = [temporaryFolder(), temporaryFolder()];
      chownSync(theirs, NOBODY, NOBODY);
      for (const worker of nobody) {
        expect(await worker.tell("become", { uid: NOBODY })).toBe(NOBODY);
        await worker.tell("open", { directory: theirs });
      }
      expect(await takeAll([await Worker.open(folder), await Worker.open(folder), ...nobody], 16300)).toEqual(
        eachRound(4),
      );
    },
  );

  it("by two versions with state folders of their own, and by two in one", async () => {
    const newer = join(installCopy("7.0.0"), "dist");
    const shared = temporaryFolder();
    const workers = await Promise.all([
      Worker.open(shared),
      Worker.open(shared, [], { dist: newer }),
      Worker.open(temporaryFolder(), [], { dist: newer }),
    ]);
    expect(await takeAll(workers, 16300)).toEqual(eachRound(3));
  });

  it("by two copies of the package in one process, which have one driver", async () => {
    const directory = temporaryFolder();
    const worker = await Worker.open(directory);
    await worker.tell("open", { directory, dist: join(installCopy(), "dist") });
    const options = { ports: "16300-16379" };
    const takers = [0, 1].map((registry) => () => worker.acquire(options, PORTS_EACH, registry));
    const giveBack = (): Promise<unknown> => worker.tell("releaseAll");
    expect(await takeTogether(takers, giveBack)).toEqual(eachRound(2));
  });

  it("while another copy of the driver opens and closes the database in each process", async () => {
    const copy = installCopy();
    const directory = temporaryFolder();
    const workers = await Promise.all([1, 2, 3].map(() => Worker.open(directory)));
    for (const worker of workers) await worker.tell("loadDriver", { from: copy });
    const path = join(directory, "registry.db");
    const options = { ports: `16300-${16300 + workers.length * PORTS_EACH - 1}` };
    for (let round = 0; round < ROUNDS; round++) {
      const meddling = workers.map((worker) => worker.tell("openAndClose", { driver: 0, path, times: 200 }));
      const leases = (await Promise.all(workers.map((worker) => worker.acquire(options, PORTS_EACH)))).flat();
      await Promise.all(meddling);
      expect(leases).toHaveLength(workers.length * PORTS_EACH);
      expect(new Set(leases.flatMap(({ ports }) => ports)).size).toBe(leases.length);
      await Promise.all(workers.map((worker) => worker.tell("releaseAll")));
    }
  });
});
