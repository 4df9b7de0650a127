// The ports that getPort() gave out in this process: leases, which end after 15 to 30 seconds or with the process.
//
// A call without an object has nowhere else to keep them, so they hang on the global object, where every copy of this
// package finds them. Nothing in here keeps a process alive.

import { open, type Lease, type Registry } from "../node/index.ts";

/** Every so often the ports that were locked before the last time are let go of. */
const GENERATION_MS = 15_000;

const SHARED: unique symbol = Symbol.for("moorage.get-port");

export interface Locks {
  /** The registry of this process's calls, opened at the first. */
  registry(): Promise<Registry>;
  ports(): Iterable<number>;
  has(port: number): boolean;
  add(lease: Lease, reserve: boolean): void;
  /** Lets go of all; who asks for the registry then gets it when they are gone. */
  clear(): void;
}

export function locksOfThisProcess(): Locks {
  const place = globalThis as { [SHARED]?: Locks };
  return (place[SHARED] ??= createLocks());
}

/**
 * Lets go of all ports that `getPort()` locked in this process, those with `reserve` too.
 *
 * @example
 * clearLockedPorts();
 */
export function clearLockedPorts(): void {
  locksOfThisProcess().clear();
}

type Leases = Map<number, Lease>;

function createLocks(): Locks {
  let opening: Promise<Registry> | undefined;
  let letGo: Promise<unknown> = Promise.resolve();
  let old: Leases = new Map();
  let young: Leases = new Map();
  let timer: NodeJS.Timeout | undefined;
  const reserved: Leases = new Map();

  function* ports(): Generator<number> {
    for (const leases of [old, young, reserved]) yield* leases.keys();
  }

  function release(leases: Iterable<Lease>): void {
    // A port that the store did not let go of stays leased until the process ends.
    letGo = Promise.allSettled([letGo, ...[...leases].map((lease) => lease.release())]);
  }

  function nextGeneration(): void {
    release(old.values());
    old = young;
    young = new Map();
    timer = undefined;
    tick();
  }

  /** Not an interval: others wait for the ports, but nothing is to be done when there are none. */
  function tick(): void {
    if (timer !== undefined || old.size + young.size === 0) return;
    timer = setTimeout(nextGeneration, GENERATION_MS);
    timer.unref();
  }

  return {
    async registry() {
      // No quarantine: who lets go of a port here expects it again at once.
      opening ??= open({ quarantineMs: 0 });
      try {
        const [registry] = await Promise.all([opening, letGo]);
        return registry;
      } catch (error) {
        // The next call may find a store.
        opening = undefined;
        throw error;
      }
    },
    ports,
    has: (port) => old.has(port) || young.has(port) || reserved.has(port),
    add(lease, reserve) {
      (reserve ? reserved : young).set(lease.port, lease);
      tick();
    },
    clear() {
      release([...old.values(), ...young.values(), ...reserved.values()]);
      for (const leases of [old, young, reserved]) leases.clear();
    },
  };
}
