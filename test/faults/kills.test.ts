// kill -9 at any instant of taking, renewing, releasing, handing over and keeping: no port is granted twice, no
// kept port that was told is lost, and every port of the dead is granted again.

import { join } from "node:path";

import { expect, it } from "vitest";

import { open, type Registry } from "../../src/node/index.ts";
import { openDatabase } from "../stores/sqlite.ts";
import { Arena, killMany, LIFE_MS } from "./arena.ts";
import { LONG_TEST_MS, scaled } from "./scale.ts";

const KILLS = scaled(60, 1000);
const AT_ONCE = 4;
const PORTS = "16000-16059";

/** The ports that two living leases of the list have in one protocol: of a dead one, others may have taken a part. */
async function doublyListed(registry: Registry): Promise<string[]> {
  const seen = new Set<string>();
  const twice: string[] = [];
  for (const { ports, protocols, state } of await registry.list()) {
    if (state !== "held") continue;
    for (const key of ports.flatMap((port) => protocols.map((protocol) => `${protocol}/${port}`))) {
      if (seen.has(key)) twice.push(key);
      seen.add(key);
    }
  }
  return twice;
}

/** What a dead process kept: told is there; what is there goes, so that there is room for those that follow. */
async function settleKept(registry: Registry, { ledger }: Arena, pid: number): Promise<string[]> {
  const own = (name: string): boolean => name.startsWith(`kept-${pid}-`);
  const found = (await registry.reservations()).filter(({ name }) => own(name));
  const told = ledger.keptNow().filter(({ name }) => own(name));
  const lost = told.filter(
    ({ name, ports }) => !found.some((one) => one.name === name && String(one.ports) === String(ports)),
  );
  for (const { name } of found) {
    ledger.gaveUp(name, process.hrtime.bigint());
    await registry.giveUp(name);
  }
  return lost.map(({ name, ports }) => `${name}: ${String(ports)}`);
}

it(
  `${KILLS} processes, ${AT_ONCE} at a time, killed after ${LIFE_MS.shortest} to ${LIFE_MS.longest} ms of work`,
  async () => {
    const arena = new Arena({ ports: PORTS });
    const lost: string[] = [];
    const twice: string[] = [];
    const registry = await open({ directory: arena.directory });
    await killMany(arena, { kills: KILLS, atOnce: AT_ONCE }, async (pid) => {
      lost.push(...(await settleKept(registry, arena, pid)));
      twice.push(...(await doublyListed(registry)));
    });
    await registry.close();

    expect(arena.ledger.errors).toEqual([]);
    expect(arena.ledger.violations()).toEqual([]);
    expect(lost).toEqual([]);
    expect(twice).toEqual([]);
    // That all this says something: the processes did come to their work.
    expect(arena.ledger.grants).toBeGreaterThan(KILLS);

    const path = join(arena.directory, "registry.db");
    const database = openDatabase(path);
    expect(database.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
    database.close();
    await using after = await open({ directory: arena.directory });
    const all = { ports: PORTS, count: 60, protocol: ["tcp", "udp"], wait: true } as const;
    const lease = await after.acquire({ ...all, signal: AbortSignal.timeout(20_000) });
    expect(new Set(lease.ports).size).toBe(60);
    expect((await after.list()).map(({ id, state }) => [id, state])).toEqual([[lease.id, "held"]]);
    console.log(`${arena.deaths} kills, ${arena.ledger.grants} grants`);
  },
  LONG_TEST_MS,
);
