/// <reference lib="esnext.disposable" preserve="true" />
// The registry: the leases of one scope, behind one store.

import {
  type Abortable,
  type AbortableOptions,
  type AbortSignalLike,
  expectSignal,
  throwIfAborted,
} from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { describe, expectOptions } from "../core/expect.ts";
import { PassingSet } from "../core/passing.ts";
import { acquire, type Acquired, type Answer } from "./acquire.ts";
import { leaveTo } from "./heir.ts";
import type { Lease, LeaseFacts } from "./lease.ts";
import { type LeaseInfo, list, listReservations, type Reservation } from "./list.ts";
import type {
  AcquireAllOptions,
  AcquireOptions,
  AcquireRefusal,
  Attempt,
  LeaseGroup,
  PartOptions,
} from "./options.ts";
import { sameProcess } from "./living.ts";
import { OwnLeases } from "./own-leases.ts";
import { Place } from "./queue.ts";
import { formatPorts, type Refusal } from "./refusals.ts";
import { giveUp, release, type ReleaseOptions } from "./release.ts";
import { checkRequest, expectWithinLimits, expectName, expectProcess, type Request } from "./request.ts";
import { findAdoptable, transfer } from "./transfer.ts";
import { Turns } from "./turns.ts";
import { events, type LeaseEvent } from "./watch.ts";
import type { World } from "./world.ts";

/**
 * Leases ports to processes, so that no two of this machine get the same one.
 *
 * @example
 * await using registry = await open();
 * const lease = await registry.acquire({ name: "web", ports: "3000-3999" });
 * console.log(lease.port);
 */
export interface Registry extends AsyncDisposable {
  /**
   * Leases ports that nobody else has: no living lease, and no program in the kernel.
   *
   * @throws PortError `NO_PORT_AVAILABLE` with what the ports were refused for, `NAME_HELD` with the holder,
   * `NAME_KEPT`, `PROCESS_NOT_FOUND`, and the errors of the store. TypeError or RangeError that names the option.
   * @example
   * const { ports } = await registry.acquire({ count: 3 });
   * const next = await registry.acquire({ ports: 3000, wait: true, signal: AbortSignal.timeout(10_000) });
   */
  acquire(options?: AcquireOptions): Promise<Lease>;
  /**
   * As `acquire`, but a refusal is returned and not thrown.
   *
   * @example
   * const attempt = await registry.tryAcquire({ ports: 3000 });
   * if (!attempt.granted) console.log(attempt.refusal.message);
   */
  tryAcquire(options?: AcquireOptions): Promise<Attempt>;
  /**
   * Leases for several parts at once: all or none.
   *
   * @throws as `acquire`.
   * @example
   * await using ports = await registry.acquireAll({ web: { name: "web" }, db: { ports: "5432-5439" } });
   * console.log(ports.web.port, ports.db.port);
   */
  acquireAll<Key extends string>(
    parts: Readonly<Record<Key, PartOptions>>,
    options?: AcquireAllOptions,
  ): Promise<LeaseGroup<Key>>;
  /**
   * Takes up the lease of a name: one that was transferred or leased to this process, that of a process it
   * descends from, or one that a dead process left. It is a new lease with a new token, and the old one's
   * `lost` fires. The lease that this registry has already is returned as it is.
   *
   * @throws PortError `LEASE_NOT_FOUND`; `NAME_HELD` when it is somebody else's.
   * @example
   * const lease = await registry.adopt("web");
   */
  adopt(name: string, options?: AbortableOptions): Promise<Lease>;
  /**
   * All leases of the scope, those of dead holders too.
   *
   * @example
   * for (const { name, ports, holder } of await registry.list()) console.log(name, ports, holder.command);
   */
  list(options?: AbortableOptions): Promise<LeaseInfo[]>;
  /** The ports that names keep. */
  reservations(options?: AbortableOptions): Promise<Reservation[]>;
  /**
   * Gives back the lease of a name, or a port, and returns what was given back.
   *
   * @throws PortError `LEASE_NOT_FOUND`; `LEASE_HELD` for a living stranger's lease without `force`.
   * @example
   * await registry.release("web");
   * await registry.release(3000, { force: true });
   */
  release(target: string | number, options?: ReleaseOptions): Promise<LeaseInfo[]>;
  /**
   * Ends what a name keeps (`kept`), and returns it. A lease of the name lives on.
   *
   * @throws PortError `LEASE_NOT_FOUND` when the name keeps nothing.
   */
  giveUp(name: string, options?: AbortableOptions): Promise<Reservation>;
  /**
   * Tells what happens to leases from now on, until the loop is left, the signal aborts or the registry is
   * closed. What was granted before is not told; what came and went between two looks at the store may be left
   * out.
   *
   * @example
   * for await (const { type, lease } of registry.watch()) console.log(type, lease.name, lease.ports);
   */
  watch(options?: AbortableOptions): AsyncIterableIterator<LeaseEvent>;
  /**
   * Gives back what this registry leased to this process, then closes the store; what it leased `for` others
   * stays theirs. Who waits is refused. Idempotent; calls join.
   */
  close(): Promise<void>;
}

export function createRegistry(world: World): Registry {
  const turns = new Turns();
  const own = new OwnLeases(world, turns, {
    run: (call) => run(closed, call),
    transfer: transferTo,
    leaveTo: (facts, pid) =>
      run(closing !== undefined, () => leaveTo(world, facts, expectProcess("pid", pid, world))),
  });
  const underWay = new PassingSet<Promise<unknown>>();
  const waiting = new Set<Abortable>();
  let lastPort = 0;
  let closing: Promise<void> | undefined;
  let closed = false;

  /** Runs a call that `close` waits for; refused once `over`. */
  async function run<Result>(over: boolean, call: () => Promise<Result>): Promise<Result> {
    if (over) throw registryClosed();
    const running = call();
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  }

  function toLease(acquired: Acquired): Lease {
    if ("found" in acquired) return own.find(acquired.found, acquired.term);
    const lease = own.add(acquired.granted);
    lastPort = lease.ports.at(-1)!;
    return lease;
  }

  /** Asks once, and makes the lease objects. */
  async function ask(
    requests: readonly Request[],
    waiter: string | undefined,
  ): Promise<{ leases: Lease[] } | { refusal: Refusal }> {
    const { signal } = requests[0]!;
    const { guarding, hints } = own;
    own.following.noteRequest();
    const names = requests.flatMap(({ name }) => (name === null ? [] : [name]));
    const seeking = hints.seek();
    const once = (): Promise<Answer> =>
      acquire(world, requests, { guarding, hints, seeking, lastPort, waiter, signal });
    try {
      const answer = await turns.takeAll(names, once, signal);
      return "acquired" in answer ? { leases: answer.acquired.map(toLease) } : answer;
    } finally {
      seeking.end();
    }
  }

  async function askOrWait(
    requests: readonly Request[],
  ): Promise<{ leases: Lease[] } | { refusal: AcquireRefusal }> {
    const answer = await ask(requests, undefined);
    if ("leases" in answer) return answer;
    if (!requests[0]!.wait || isFinal(answer.refusal)) return { refusal: answer.refusal.error };
    return await waitFor(requests);
  }

  async function waitFor(
    requests: readonly Request[],
  ): Promise<{ leases: Lease[] } | { refusal: AcquireRefusal }> {
    const { signal } = requests[0]!;
    const ended = world.newAbortable();
    const abort = (): void => ended.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    waiting.add(ended);
    if (closing) ended.abort(registryClosed());
    const place = new Place(world, own.following);
    try {
      throwIfAborted(ended.signal);
      await place.join(requests, { signal });
      for (;;) {
        // Once more before the first sleep: a port that was given back before the place was taken wakes nobody.
        const { count } = own.following;
        const answer = await ask(requests, place.id);
        if ("leases" in answer) return answer;
        if (isFinal(answer.refusal)) return { refusal: answer.refusal.error };
        await place.sleep(answer.refusal, count, ended.signal);
      }
    } finally {
      signal?.removeEventListener("abort", abort);
      waiting.delete(ended);
      // Should this fail, the place goes with its process; what became of the request stands.
      await place.leave().catch(() => undefined);
    }
  }

  async function tryAcquire(options: AcquireOptions): Promise<Attempt> {
    const answer = await askOrWait([checkRequest("tryAcquire", options, world)]);
    if ("refusal" in answer) return { granted: false, refusal: answer.refusal };
    return { granted: true, lease: answer.leases[0]! };
  }

  async function acquireOne(options: AcquireOptions): Promise<Lease> {
    const answer = await askOrWait([checkRequest("acquire", options, world)]);
    if ("refusal" in answer) throw answer.refusal;
    return answer.leases[0]!;
  }

  async function acquireAll<Key extends string>(
    parts: Readonly<Record<Key, PartOptions>>,
    options: AcquireAllOptions,
  ): Promise<LeaseGroup<Key>> {
    expectOptions("acquireAll", options, ["wait", "signal"]);
    const keys = expectParts(parts);
    const requests = keys.map((key) => checkRequest("acquireAll", { ...parts[key], ...options }, world));
    expectDifferentNames(requests);
    const slots = requests.map(
      ({ count, protocols, hosts }) => count * protocols.length * Math.max(1, hosts.length),
    );
    expectWithinLimits(
      world,
      slots.reduce((sum, one) => sum + one + 2, 0),
      1,
    );
    const answer = keys.length === 0 ? { leases: [] } : await askOrWait(requests);
    if ("refusal" in answer) throw answer.refusal;
    const { leases } = answer;
    const releaseAll = async (): Promise<void> => {
      await Promise.all(leases.map((lease) => lease.release()));
    };
    const group = Object.fromEntries(keys.map((key, at) => [key, leases[at]!])) as Record<Key, Lease>;
    return Object.freeze({ ...group, [Symbol.asyncDispose]: releaseAll });
  }

  async function transferTo(facts: LeaseFacts, pid: number): Promise<Lease> {
    return await run(closing !== undefined, async () => {
      const holder = expectProcess("pid", pid, world);
      const names = facts.name === null ? [] : [facts.name];
      const granted = await turns.takeAll(names, () => transfer(world, facts, { holder, held: false }));
      own.end(facts.id, "transferred");
      const lease = own.add(granted);
      if (sameProcess(holder, world.host.self)) await takeOverGuards(lease, undefined);
      return lease;
    });
  }

  async function adopt(name: string, signal: AbortSignalLike | undefined): Promise<Lease> {
    const known = own.byName(name);
    if (known) return known;
    const { facts: former, isGuarded, shares } = await findAdoptable(world, name);
    throwIfAborted(signal);
    // Whoever has a guard that its holder has not is a registry that this one knows nothing of.
    if (!isGuarded && !own.guarding.takeAll(former.id, former, shares)) {
      throw elsewhere(name, former.ports);
    }
    try {
      const held = own.holdAll(former);
      const granted = await transfer(world, former, { holder: world.host.self, held });
      own.guarding.handHolds(former.id, granted.facts.id, former.ports);
      const lease = own.add(granted);
      if (!isGuarded) own.guarding.takeAll(lease.id, former, true);
      else await takeOverGuards(lease, signal);
      return lease;
    } finally {
      own.guarding.release(former.id, former.protocols, former.ports);
    }
  }

  /** Takes the guards of a lease that was another one's. The lease is granted: an abort only ends the wait. */
  async function takeOverGuards(lease: Lease, signal: AbortSignalLike | undefined): Promise<void> {
    const { id, protocols, ports } = lease;
    try {
      await own.guarding.handOver(lease, signal).catch((error: unknown) => {
        if (!signal?.aborted) throw error;
      });
      for (const protocol of protocols) {
        for (const port of ports) own.guarding.take(id, protocol, port, true);
      }
    } catch (error) {
      // Without its guards it is no lease to tell anybody of.
      await lease.release().catch(() => undefined);
      throw error;
    }
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
    for (const waiter of waiting) waiter.abort(registryClosed());
    while (underWay.size > 0) await Promise.allSettled(underWay);
    const ends = await Promise.allSettled(own.ofThisProcess().map((lease) => lease.release()));
    while (underWay.size > 0) await Promise.allSettled(underWay);
    closed = true;
    await own.following.end();
    await world.holders.close(own.hasOthers);
    await world.store.close();
    const failed = ends.find((end) => end.status === "rejected");
    if (failed) throw failed.reason;
  }

  const close = (): Promise<void> => (closing ??= closeAll());
  const isClosing = (): boolean => closing !== undefined;
  return Object.freeze({
    acquire: (options: AcquireOptions = {}) => run(isClosing(), () => acquireOne(options)),
    tryAcquire: (options: AcquireOptions = {}) => run(isClosing(), () => tryAcquire(options)),
    acquireAll: <Key extends string>(
      parts: Readonly<Record<Key, PartOptions>>,
      options: AcquireAllOptions = {},
    ) => run(isClosing(), () => acquireAll(parts, options)),
    adopt: (name: string, options: AbortableOptions = {}) =>
      run(isClosing(), async () => {
        expectAbortable("adopt", options);
        const call = (): Promise<Lease> => adopt(name, options.signal);
        return await turns.takeAll([expectName("name", name)], call, options.signal);
      }),
    list: (options: AbortableOptions = {}) =>
      run(isClosing(), async () => {
        expectAbortable("list", options);
        return await list(world, options);
      }),
    reservations: (options: AbortableOptions = {}) =>
      run(isClosing(), async () => {
        expectAbortable("reservations", options);
        return await listReservations(world, options);
      }),
    release: (target: string | number, options?: ReleaseOptions) =>
      run(isClosing(), () => releaseTarget(target, options)),
    giveUp: (name: string, options: AbortableOptions = {}) =>
      run(isClosing(), async () => {
        expectAbortable("giveUp", options);
        return await giveUp(world, expectName("name", name), options);
      }),
    watch: (options: AbortableOptions = {}) => {
      if (closed || isClosing()) throw registryClosed();
      expectAbortable("watch", options);
      return events(world.store.watch(world.scope, options));
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}

/** The lease that a dead process left has ports that were granted to others since. */
function elsewhere(name: string, ports: readonly number[]): PortError<"LEASE_NOT_FOUND"> {
  const message = `the lease of ${describe(name)} is over: ${formatPorts(ports)} went to another state folder or user`;
  return new PortError("LEASE_NOT_FOUND", message, { input: name });
}

/** Whether waiting changes nothing: the name is the caller's own to release. */
function isFinal({ blockers, hasSilent, quarantinedMs }: Refusal): boolean {
  return blockers.length === 0 && !hasSilent && quarantinedMs === undefined;
}

function expectAbortable(call: string, options: AbortableOptions): void {
  expectOptions(call, options, ["signal"]);
  expectSignal(options.signal);
}

function expectParts<Key extends string>(parts: Readonly<Record<Key, PartOptions>>): Key[] {
  if (typeof parts !== "object" || parts === null || Array.isArray(parts)) {
    throw new TypeError(`\`parts\`: expected an object of requests by key, received ${describe(parts)}`);
  }
  const keys = Object.keys(parts) as Key[];
  for (const key of keys) {
    const part: unknown = parts[key];
    if (typeof part !== "object" || part === null) {
      throw new TypeError(`\`${key}\`: expected an object, received ${describe(part)}`);
    }
    for (const option of ["wait", "signal"]) {
      if (option in part) throw new TypeError(`\`${key}.${option}\`: belongs to the call, not to one part`);
    }
  }
  return keys;
}

function expectDifferentNames(requests: readonly Request[]): void {
  const seen = new Set<string>();
  for (const { name } of requests) {
    if (name !== null && seen.has(name)) {
      throw new RangeError(
        `\`name\`: expected a name of its own for each part, received ${describe(name)} twice`,
      );
    }
    if (name !== null) seen.add(name);
  }
}

function registryClosed(): PortError<"REGISTRY_CLOSED"> {
  return new PortError("REGISTRY_CLOSED", "the registry is closed", {});
}
