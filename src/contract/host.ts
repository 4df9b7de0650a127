// The host: this machine, as far as leases need to know it.

import type { Binding } from "../core/index.ts";
import type { AbortableOptions } from "./abort.ts";

/** A process, told apart from every other one that had or will have its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own unit since boot; 0 where the system does not tell. */
  readonly startTime: number;
  /** The boot it started in, or "" where the system does not tell. */
  readonly boot: string;
  /** The pid namespace that its pid counts in and the time namespace of its start time, or "". */
  readonly namespaces: string;
  /** Its command line, shortened, for messages. */
  readonly command: string;
}

/** A process that another one descends from. */
export interface Ancestor extends ProcessIdentity {
  /** Whether it is a copy of its own parent that never started a program: a subshell, gone in a moment. */
  readonly forked: boolean;
}

/**
 * `unknown`: a process that cannot be judged from here, because it is in another namespace, or because the
 * system did not answer. It counts as alive: better a port too few than one granted twice.
 */
export type Liveness = "alive" | "dead" | "unknown";

/**
 * What the kernel says of a port: `free`, in use by a `stranger`, `forbidden` to this user, or
 * `no-address` when this machine does not have the address at all.
 */
export type Verdict = "free" | "stranger" | "forbidden" | "no-address";

/** The kernel's settings for ports in this network namespace. */
export interface PortSettings {
  /** Where the kernel picks ports for connect() and bind(0) itself. */
  readonly ephemeral: { readonly first: number; readonly last: number };
  /** Ports that the kernel never picks itself (`ip_local_reserved_ports`). */
  readonly reserved: readonly number[];
}

export interface Host {
  /** The network namespace whose ports are leased: two that differ have nothing to do with one another. */
  readonly scope: string;
  readonly self: ProcessIdentity;
  /** The processes this one descends from, its parent first. */
  ancestors(): readonly Ancestor[];
  /** The process that has this pid now. */
  process(pid: number): ProcessIdentity | undefined;
  liveness(process: ProcessIdentity): Liveness;
  /** Whether the kernel would give all these bindings of one port now, found out by binding them. */
  look(bindings: readonly Binding[], options?: AbortableOptions): Promise<Verdict>;
  settings(): PortSettings;
}
