// A registry: what its users call, put together of its parts; calls that are under way are finished before it is closed.

import { type AbortableOptions, expectSignal } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { expectOptions } from "../core/expect.ts";
import { UnderWay } from "../core/under-way.ts";
import { Asking } from "./asking.ts";
import { leaveTo } from "./heir.ts";
import type { Lease } from "./lease.ts";
import { type LeaseInfo, list, listReservations } from "./list.ts";
import type { AcquireAllOptions, AcquireOptions, Attempt, LeaseGroup, PartOptions } from "./options.ts";
import { OwnLeases } from "./own-leases.ts";
import { checkParts } from "./parts.ts";
import type { Registry } from "./registry.ts";
import { giveUp, release, type ReleaseOptions } from "./release.ts";
import { checkRequest, expectName, expectProcess } from "./request.ts";
import { adopt, handTo } from "./take-over.ts";
import { Turns } from "./turns.ts";
import { events } from "./watch.ts";
import type { World } from "./world.ts";

export function createRegistry(world: World): Registry {
  const turns = new Turns();
  const underWay = new UnderWay();
  let closing: Promise<void> | undefined;
  let closed = false;

  /** Makes a call that `close` waits for; a lease can be given back until the store is closed. */
  async function run<Result>(
    call: () => Promise<Result>,
    until: "closing" | "closed" = "closing",
  ): Promise<Result> {
    if (closed || (closing && until === "closing")) throw registryClosed();
    underWay.begin();
    try {
      return await call();
    } finally {
      underWay.end();
    }
  }

  const own = new OwnLeases(world, turns, {
    run: (call) => run(call, "closed"),
    transfer: (facts, pid) => run(() => handTo(world, { own, turns }, facts, pid)),
    leaveTo: (facts, pid) => run(() => leaveTo(world, facts, expectProcess("pid", pid, world))),
  });
  const asking = new Asking(world, { own, turns, run: (call) => run(call, "closed") });

  async function acquire(options: AcquireOptions): Promise<Lease> {
    const answer = await asking.answer([checkRequest("acquire", options, world)]);
    if ("refusal" in answer) throw answer.refusal;
    return answer.leases[0]!;
  }

  async function tryAcquire(options: AcquireOptions): Promise<Attempt> {
    const answer = await asking.answer([checkRequest("tryAcquire", options, world)]);
    if ("refusal" in answer) return { granted: false, refusal: answer.refusal };
    return { granted: true, lease: answer.leases[0]! };
  }

  async function acquireAll<Key extends string>(
    parts: Readonly<Record<Key, PartOptions>>,
    options: AcquireAllOptions,
  ): Promise<LeaseGroup<Key>> {
    const { keys, requests } = checkParts(parts, options, world);
    const answer = keys.length === 0 ? { leases: [] } : await asking.answer(requests);
    if ("refusal" in answer) throw answer.refusal;
    const { leases } = answer;
    const releaseAll = async (): Promise<void> => {
      await Promise.all(leases.map((lease) => lease.release()));
    };
    const group = Object.fromEntries(keys.map((key, at) => [key, leases[at]!])) as Record<Key, Lease>;
    return Object.freeze({ ...group, [Symbol.asyncDispose]: releaseAll });
  }

  async function releaseTarget(target: string | number, options?: ReleaseOptions): Promise<LeaseInfo[]> {
    const ownIds = own.ids();
    const released = await release(world, target, options);
    await own.released(released);
    // So that the ports can be leased again at once, though their holder may not know yet.
    const others = released.filter(({ id, state }) => state === "held" && !ownIds.has(id));
    const handOver = (lease: LeaseInfo): Promise<void> => own.guarding.handOver(lease, options?.signal);
    // An abort ends no more than the wait.
    await Promise.all(others.map(handOver)).catch(() => undefined);
    return released;
  }

  async function closeAll(): Promise<void> {
    asking.endWaiting(registryClosed());
    await underWay.idle();
    const ends = await Promise.allSettled(own.ofThisProcess().map((lease) => lease.release()));
    await underWay.idle();
    closed = true;
    await own.following.end();
    await world.holders.close(own.hasOthers);
    await world.store.close();
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }

  const close = (): Promise<void> => (closing ??= closeAll());
  return Object.freeze({
    acquire: (options: AcquireOptions = {}) => run(() => acquire(options)),
    tryAcquire: (options: AcquireOptions = {}) => run(() => tryAcquire(options)),
    acquireAll: <Key extends string>(
      parts: Readonly<Record<Key, PartOptions>>,
      options: AcquireAllOptions = {},
    ) => run(() => acquireAll(parts, options)),
    adopt: (name: string, options: AbortableOptions = {}) =>
      run(async () => {
        expectAbortable("adopt", options);
        const { signal } = options;
        return await turns.takeAll([expectName("name", name)], () => adopt(world, own, name, signal), signal);
      }),
    list: (options: AbortableOptions = {}) =>
      run(async () => {
        expectAbortable("list", options);
        return await list(world, options);
      }),
    reservations: (options: AbortableOptions = {}) =>
      run(async () => {
        expectAbortable("reservations", options);
        return await listReservations(world, options);
      }),
    release: (target: string | number, options?: ReleaseOptions) => run(() => releaseTarget(target, options)),
    giveUp: (name: string, options: AbortableOptions = {}) =>
      run(async () => {
        expectAbortable("giveUp", options);
        return await giveUp(world, expectName("name", name), options);
      }),
    watch: (options: AbortableOptions = {}) => {
      if (closing) throw registryClosed();
      expectAbortable("watch", options);
      return events(world.store.watch(world.scope, options));
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}

function expectAbortable(call: string, options: AbortableOptions): void {
  expectOptions(call, options, ["signal"]);
  expectSignal(options.signal);
}

function registryClosed(): PortError<"REGISTRY_CLOSED"> {
  return new PortError("REGISTRY_CLOSED", "the registry is closed", {});
}
