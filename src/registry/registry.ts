/// <reference lib="esnext.disposable" preserve="true" />
// The registry: the leases of one scope, behind one store.

import { type AbortableOptions, expectSignal } from "../contract/index.ts";
import { PortError } from "../core/index.ts";
import { expectOptions } from "../core/expect.ts";
import { acquire, type Acquired } from "./acquire.ts";
import { giveBack } from "./give-back.ts";
import { type Lease, type LeaseFacts, leaseHandle } from "./lease.ts";
import { type LeaseInfo, list } from "./list.ts";
import { release, type ReleaseOptions } from "./release.ts";
import { type AcquireOptions, checkRequest } from "./request.ts";
import { sameProcess } from "./slots.ts";
import { Turns } from "./turns.ts";
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
   * `PROCESS_NOT_FOUND`, and the errors of the store. TypeError or RangeError that names the option.
   * @example
   * const { ports } = await registry.acquire({ count: 3 });
   */
  acquire(options?: AcquireOptions): Promise<Lease>;
  /**
   * All leases of the scope, those of dead holders too.
   *
   * @example
   * for (const { name, ports, holder } of await registry.list()) console.log(name, ports, holder.command);
   */
  list(options?: AbortableOptions): Promise<LeaseInfo[]>;
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
   * Gives back what this registry leased to this process, then closes the store; what it leased `for` others
   * stays theirs. Idempotent; calls join.
   */
  close(): Promise<void>;
}

export function createRegistry(world: World): Registry {
  /** What this process holds through this registry, by lease id. */
  const own = new Map<string, Lease>();
  const underWay = new Set<Promise<unknown>>();
  const turns = new Turns();
  let closing: Promise<void> | undefined;
  let closed = false;

  function handle({ lease: facts, granted }: Acquired): Lease {
    const known = own.get(facts.id);
    // One of several ports can have been released by its number: then the old handle says too much.
    if (known && known.ports.length === facts.ports.length) return known;
    const lease = leaseHandle(facts, () => returnLease(facts));
    // What another registry of this process was granted is that one's to give back.
    if ((granted || known) && sameProcess(facts.holder, world.host.self)) own.set(facts.id, lease);
    return lease;
  }

  /** Runs a call that `close` waits for; refused once `over`. */
  async function run<Result>(over: boolean, call: () => Promise<Result>): Promise<Result> {
    if (over) throw new PortError("REGISTRY_CLOSED", "the registry is closed", {});
    const running = call();
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  }

  async function returnLease(facts: LeaseFacts): Promise<void> {
    const giveItBack = (): Promise<void> => giveBack(world, facts);
    await run(closed, () => (facts.name === null ? giveItBack() : turns.take(facts.name, giveItBack)));
    own.delete(facts.id);
  }

  async function acquireHere(options: AcquireOptions): Promise<Lease> {
    const request = checkRequest(options, world.host, world.defaultPool);
    const get = async (): Promise<Lease> => handle(await acquire(world, request));
    return await (request.name === null ? get() : turns.take(request.name, get, request.signal));
  }

  async function closeAll(): Promise<void> {
    const failures: unknown[] = [];
    while (underWay.size > 0) await Promise.allSettled(underWay);
    for (const lease of own.values()) await lease.release().catch((error: unknown) => failures.push(error));
    // Leases that others hold can have been given back meanwhile: those calls need the store too.
    while (underWay.size > 0) await Promise.allSettled(underWay);
    closed = true;
    await world.store.close();
    if (failures.length > 0) throw failures[0];
  }

  const close = (): Promise<void> => (closing ??= closeAll());
  return Object.freeze({
    acquire: (options: AcquireOptions = {}) => run(closing !== undefined, () => acquireHere(options)),
    list: (options: AbortableOptions = {}) =>
      run(closing !== undefined, async () => {
        expectOptions("list", options, ["signal"]);
        expectSignal(options.signal);
        return await list(world, options);
      }),
    release: (target: string | number, options?: ReleaseOptions) =>
      run(closing !== undefined, async () => await release(world, target, options)),
    close,
    [Symbol.asyncDispose]: close,
  });
}
