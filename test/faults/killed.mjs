// A process that takes, renews, hands over and gives back leases without a pause, until it is killed.
//
// It writes down what it holds, one line at a time, in a file of its own: a grant after it was told, an end
// before it begins. So what the lines say is held was held, wherever the process is killed in between.

import { openSync, writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

import { open } from "../../dist/node/index.js";

const { directory, log, ports, quarantineMs, history, broken, before } = JSON.parse(process.argv[2]);
const file = openSync(log, "a");
const now = () => String(process.hrtime.bigint());
const write = (event, at = now()) => writeSync(file, `${JSON.stringify({ ...event, at })}\n`);

/** What a busy registry answers; anything else is a defect. */
const REFUSALS = new Set([
  "NO_PORT_AVAILABLE",
  "NAME_HELD",
  "NAME_KEPT",
  "PROCESS_NOT_FOUND",
  "LEASE_LOST",
  "LEASE_NOT_FOUND",
]);
const MOST_LEASES = 8;

const openWithHistory = async () =>
  (await import("./recorded.mjs")).openRecorded({
    directory,
    quarantineMs,
    file: openSync(history, "a"),
    broken,
  });
const registry = history ? await openWithHistory() : await open({ directory, quarantineMs });
const held = new Map();
const mine = new Set();
let peers = [];
const adoptable = [];
let count = 0;

const oneOf = (items) => items[Math.floor(Math.random() * items.length)];
const protocols = () => oneOf(["tcp", "udp", ["tcp", "udp"], "tcp"]);
const uniqueName = (kind) => `${kind}-${process.pid}-${++count}`;

function hold(lease, event = "grant") {
  // The same name gives the same lease again.
  if (held.has(lease.id)) return;
  held.set(lease.id, lease);
  const { id, name, ports: granted, protocols: of, ttlMs, holder } = lease;
  write({ event, lease: id, name, ports: granted, protocols: of, ttl: ttlMs !== null, holder: holder.pid });
}

function letGo(lease) {
  held.delete(lease.id);
  write({ event: "end", lease: lease.id });
}

const actions = {
  async acquire() {
    hold(await registry.acquire({ ports, protocol: protocols(), count: oneOf([1, 1, 2, 3]) }));
  },
  async acquireNamed() {
    const name = `shared-${oneOf([1, 2, 3, 4, 5, 6])}`;
    hold(await registry.acquire({ ports, name }));
  },
  async acquireWithLimit() {
    hold(await registry.acquire({ ports, protocol: protocols(), ttlMs: 100 }));
  },
  async acquireAll() {
    const [one, two] = [uniqueName("part"), uniqueName("part")];
    const parts = { one: { ports, name: one }, two: { ports, name: two, count: 2 }, three: { ports } };
    const group = await registry.acquireAll(parts);
    for (const lease of Object.values(group)) hold(lease);
  },
  async acquireFor() {
    hold(await registry.acquire({ ports, for: oneOf(peers) }));
  },
  async keep() {
    // Where nobody clears up behind the dead, a few names are everybody's.
    const name = history ? `kept-${oneOf([1, 2, 3])}` : uniqueName("kept");
    const lease = await registry.acquire({ ports, name, kept: true });
    if (!history) write({ event: "keep", name: lease.name, ports: lease.ports, protocols: lease.protocols });
    mine.add(lease.name);
    hold(lease);
  },
  async giveUp() {
    const name = oneOf([...mine]);
    mine.delete(name);
    if (!history) write({ event: "give up", name });
    await registry.giveUp(name);
  },
  async release() {
    const lease = oneOf([...held.values()]);
    letGo(lease);
    await lease.release();
  },
  async transfer() {
    const to = oneOf(peers);
    const lease = await registry.acquire({ ports, name: uniqueName("moved") });
    hold(lease);
    letGo(lease);
    const theirs = await lease.transfer(to);
    hold(theirs);
    process.send({ adopt: theirs.name, to });
  },
  async adopt() {
    hold(await registry.adopt(adoptable.shift()), "adopt");
  },
};

function possible() {
  const names = ["acquire", "acquireNamed", "acquireWithLimit", "acquireAll", "keep"];
  if (peers.length > 0) names.push("transfer", "acquireFor");
  if (held.size > 0) names.push("release", "release", "release");
  if (mine.size > 1) names.push("giveUp", "giveUp");
  if (adoptable.length > 0) return ["adopt"];
  return held.size > MOST_LEASES ? ["release"] : names;
}

process.on("message", (message) => {
  if (message.peers) peers = message.peers;
  if (message.adopt) adoptable.push(message.adopt);
});
for (let calls = 0; ; calls++) {
  if (calls === before) process.send({ ready: true });
  for (const lease of held.values()) {
    if (lease.ttlMs === null) continue;
    const at = now();
    if (lease.isValid()) write({ event: "valid", lease: lease.id }, at);
    else letGo(lease);
  }
  try {
    await actions[oneOf(possible())]();
  } catch (error) {
    if (!REFUSALS.has(error.code)) write({ event: "error", error: `${error.stack}` });
  }
  // Timers, messages and knocks come first.
  await turn();
}
