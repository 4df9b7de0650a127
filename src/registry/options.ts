// What the calls of a registry take and return.

import type { AbortableOptions } from "../contract/index.ts";
import type { PortError, PortErrorDetails, PortSet, RefusalCounts, Transport } from "../core/index.ts";
import type { Lease } from "./lease.ts";
import type { Selection } from "./selection.ts";
import type { Per } from "./test-run.ts";

/** Ports as callers say them. */
export type Ports = string | number | PortSet | Iterable<number>;

/** What a lease is asked for with; everything can be left out. */
export interface AcquireOptions extends AbortableOptions {
  /**
   * A name for the lease. The same name gets the same ports again whenever they are free. While its lease
   * lives, the same process gets that lease again, and anybody else is told who holds it. A name is one line
   * of at most 200 characters and not a number.
   */
  readonly name?: string | undefined;
  /**
   * The ports to choose from, strictly: a port, "3000-3999,!3306", or port numbers.
   *
   * @default 20000–29999 without ports that others like, outside the kernel's ephemeral range
   */
  readonly ports?: Ports | undefined;
  /** Ports to leave out of `ports`, in the same forms. @default none */
  readonly exclude?: Ports | undefined;
  /** One port to try first, in `ports` or not, but not in `exclude`; others of a `count` come from `ports`. */
  readonly prefer?: number | undefined;
  /** The protocol of the ports; of several, each number is leased for all. @default "tcp" */
  readonly protocol?: Transport | readonly Transport[] | undefined;
  /**
   * The address to lease the ports on, or several.
   *
   * @default the whole port, on every address of both families
   */
  readonly address?: string | readonly string[] | undefined;
  /**
   * On an engine, the hosts to lease the ports on, by the names that their registries were opened with: the same
   * numbers on all of them, in one commit. The kernel is asked on this host only, and only here the ports are guarded
   * and held. Such a lease has no name. @default this host, or this pool
   */
  readonly hosts?: readonly string[] | undefined;
  /** How many ports, 1 to 1000; all or none. @default 1 */
  readonly count?: number | undefined;
  /** Whether the ports are to follow one another. @default false */
  readonly contiguous?: boolean | undefined;
  /** What the first of contiguous ports is to be a multiple of, as 16 for a block of 16. @default 1 */
  readonly align?: number | undefined;
  /**
   * The order in which ports are tried: "name" begins where the hash of the name points, "random" at a random
   * place (RFC 6056 algorithm 1), "apart" at a random place of a sixteenth of the ports, which each registry has for
   * itself until others come there, all three going upward and round; "uniform" makes each free port equally likely;
   * "next-fit" goes on behind the port that this registry was granted last; "first-fit" begins at the lowest.
   *
   * @default "name" with a name, else "random", and "apart" on an engine
   */
  readonly selection?: Selection | undefined;
  /** The pid of the process that shall hold the lease. @default this process */
  readonly for?: number | undefined;
  /**
   * Milliseconds for which the lease lives unless it is renewed, which the lease does by itself as long as
   * its process runs; 100 to 86,400,000. @default no limit: the lease lives as long as its holder
   */
  readonly ttlMs?: number | undefined;
  /**
   * Whether TCP ports that this process leases for itself are held in the kernel too, as long as the lease lives, by a
   * socket that is bound with SO_REUSEADDR and does not listen: the kernel gives them to nobody who asks for any
   * port, nor to a plain bind. A server that sets SO_REUSEADDR, as Node's do, listens all the same; for one that does
   * not, leave it off. Where the runtime or the system cannot hold, nothing is held (`isHeldInKernel`). @default true
   */
  readonly hold?: boolean | undefined;
  /**
   * Whether the name keeps its ports when the lease ends: nobody else gets them, whatever dies or boots, until
   * `giveUp`. @default false
   */
  readonly kept?: boolean | undefined;
  /**
   * What to do with ports whose last lease ended a moment ago: they come last, or not at all. @default "avoid"
   */
  readonly quarantine?: "avoid" | "refuse" | undefined;
  /**
   * Whether to wait until ports are free, in the order of those who wait, in place of a refusal.
   * @default false
   */
  readonly wait?: boolean | undefined;
  /**
   * Whose name it is in a test run: "worker" gives each worker ports of its own, "run" gives all workers of the
   * run the same. @default neither: everybody's
   */
  readonly per?: Per | undefined;
}

/** Why a request was refused; anything else that goes wrong is thrown. */
export type AcquireRefusal =
  | (PortError<"NO_PORT_AVAILABLE"> & { readonly refused: RefusalCounts })
  | (PortError<"NAME_HELD"> & PortErrorDetails["NAME_HELD"])
  | (PortError<"NAME_KEPT"> & PortErrorDetails["NAME_KEPT"]);

/** What became of a request. */
export type Attempt =
  | { readonly granted: true; readonly lease: Lease }
  | { readonly granted: false; readonly refusal: AcquireRefusal };

/** One lease of several that are asked for together. */
export type PartOptions = Omit<AcquireOptions, "wait" | "signal">;

export interface AcquireAllOptions extends AbortableOptions {
  /** As of `acquire`. @default false */
  readonly wait?: boolean | undefined;
}

/** Leases that were granted together, by the keys they were asked for under. */
export type LeaseGroup<Key extends string> = Readonly<Record<Key, Lease>> & AsyncDisposable;
