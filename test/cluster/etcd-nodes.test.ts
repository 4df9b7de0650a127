// Three members: one is killed, one is cut off, two are gone. Commits go on with a majority and stop without one, with an
// error in time, and what was done all the while is what one store does. MOORAGE_LIVE=MINUTES goes on for so long.

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Crowd, type Grant, monotonic } from "./histories.ts";
import { Ledger } from "./ledger.ts";
import { hasNodes, type Node, Nodes, othersOf, WITHOUT_NODES } from "./etcd-nodes.ts";

const minutes = Number(process.env["MOORAGE_LIVE"] ?? 0);
const TIMEOUT_MS = 2500;
/** What a call may take beyond its time-out, on a machine with much else to do. */
const SLACK_MS = 5000;
/** More than an election takes, and the tries of a client. */
const PATIENCE = { timeout: 40_000, interval: 100 };

let nodes: Nodes;
let rounds = 0;

beforeAll(async () => {
  if (hasNodes) nodes = await Nodes.make();
});

afterAll(async () => {
  if (hasNodes) await nodes.end();
});

/** Clients that work all the while. */
interface Working {
  grants(): readonly Grant[];
  errors(): number;
}

/** Three clients, each of which asks another member first. */
async function startCrowd(): Promise<Crowd> {
  const engine = { prefix: `nodes-${++rounds}`, timeoutMs: TIMEOUT_MS, endpoints: nodes.endpoints() };
  const all = new Crowd(["stores/etcd/index.js", "etcd", engine], nodes.place);
  for (const node of [1, 2, 3] as const) await all.start({ endpoints: nodes.endpoints(node) });
  return all;
}

/** The same of leases of a registry, from a pool of ports that are fewer than those who want one. */
async function startLeasing(): Promise<Ledger> {
  const engine = { prefix: `leases-${++rounds}`, timeoutMs: TIMEOUT_MS, endpoints: nodes.endpoints() };
  const options = { scope: { pool: "vip", ports: "1-7" }, sessionTtlMs: 2000, quarantineMs: 0 };
  const all = new Ledger(["stores/etcd/index.js", "etcd", engine], options, nodes.place);
  for (const node of [1, 2, 3] as const) await all.start({ endpoints: nodes.endpoints(node) });
  return all;
}

async function goesOn(all: Working): Promise<void> {
  const before = all.grants().length;
  await expect.poll(() => all.grants().length - before, PATIENCE).toBeGreaterThan(30);
}

async function killLeader(all: Working): Promise<void> {
  const leader = await nodes.leader();
  await nodes.kill(leader);
  await goesOn(all);
  expect(await nodes.leader()).not.toBe(leader);
  await nodes.start(leader);
  await goesOn(all);
}

async function cutOff(all: Working, node: Node): Promise<void> {
  nodes.cutOff(node);
  await goesOn(all);
  expect(await nodes.leader()).not.toBe(node);
  nodes.heal(node);
  await goesOn(all);
}

/** Nothing that is asked for without a majority is granted, and every call ends. */
async function loseMajority(all: Working): Promise<void> {
  const two = othersOf(await nodes.leader());
  await nodes.kill(...two);
  const from = monotonic();
  const before = all.errors();
  const late = { ...PATIENCE, timeout: TIMEOUT_MS + SLACK_MS };
  await expect.poll(() => all.errors() - before, late).toBeGreaterThan(8);
  const to = monotonic();
  expect(all.grants().filter(({ asked, told }) => asked > from && told < to)).toEqual([]);
  await nodes.start(...two);
  await goesOn(all);
}

async function harm(all: Working, round: number): Promise<void> {
  await killLeader(all);
  await cutOff(all, await nodes.leader());
  await cutOff(all, othersOf(await nodes.leader())[round % 2]!);
  await loseMajority(all);
}

describe.skipIf(!hasNodes)(`a cluster of three${WITHOUT_NODES}`, () => {
  const timeout = minutes * 60_000 + 240_000;

  it("commits with a majority, not without one, as one store does", { timeout }, async () => {
    const until = performance.now() + minutes * 60_000;
    for (let round = 0; round === 0 || performance.now() < until; round++) {
      const all = await startCrowd();
      await harm(all, round);
      expect(await all.violation()).toBe("");
    }
  });

  it("leases ports with a majority, not without one, and never twice", { timeout }, async () => {
    const until = performance.now() + minutes * 60_000;
    for (let round = 0; round === 0 || performance.now() < until; round++) {
      const all = await startLeasing();
      await harm(all, round);
      await all.end();
      expect(all.overlaps()).toEqual([]);
    }
  });
});
