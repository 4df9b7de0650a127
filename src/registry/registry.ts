/// <reference lib="esnext.disposable" preserve="true" />
// The registry as its users have it: the leases of one scope, behind one store.

import type { AbortableOptions } from "../contract/index.ts";
import type { Lease } from "./lease.ts";
import type { LeaseInfo, Reservation } from "./list.ts";
import type { AcquireAllOptions, AcquireOptions, Attempt, LeaseGroup, PartOptions } from "./options.ts";
import type { ReleaseOptions } from "./release.ts";
import type { LeaseEvent } from "./watch.ts";

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
