// The host: this machine, as far as leases need to know it.

import type { Binding, Transport } from "../core/index.ts";
import type { AbortableOptions } from "./abort.ts";

/** A process, told apart from every other one that had or will have its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own unit since boot; 0 where the system does not tell. */
  readonly startTime: number;
  /** The boot it started in, shortened, or "" where the system does not tell. */
  readonly boot: string;
  /** The pid namespace that its pid counts in and the time namespace of its start time, shortened, or "". */
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

/**
 * The guards of this network namespace: one for each port of a protocol, had by at most one process at a time,
 * whatever its user, its state folder or its version of Moorage. A guard goes with its process.
 */
export interface Guards {
  /**
   * Takes a guard at once, or returns `undefined` when somebody has it. `onKnock` is called when another
   * process asks whether it is still rightly had; see `gone`.
   */
  take(protocol: Transport, port: number, onKnock?: () => void): Guard | undefined;
  /**
   * Waits until nobody has the guard, or whoever has it lets it go; settles at once when nobody has it. It
   * knocks: its holder looks whether the lease is still its own. Does not keep the process from ending.
   */
  gone(protocol: Transport, port: number, options?: AbortableOptions): Promise<void>;
  /** Whether somebody has the guard now. */
  isHeld(protocol: Transport, port: number): Promise<boolean>;
}

export interface Guard {
  /** Lets the guard go, at once. Idempotent. */
  release(): void;
}

export interface Host {
  /**
   * What tells the network namespace whose ports are leased: two that differ have nothing to do with one
   * another. It can be another one after a boot.
   */
  readonly fingerprint: string;
  /** What tells this boot of the machine from others, or "" where the system does not tell. */
  readonly boot: string;
  readonly self: ProcessIdentity;
  /** The processes this one descends from, its parent first. */
  ancestors(): readonly Ancestor[];
  /** The process that has this pid now. */
  process(pid: number): ProcessIdentity | undefined;
  liveness(process: ProcessIdentity): Liveness;
  /** Whether the kernel would give all these bindings of one port now, found out by binding them. */
  look(bindings: readonly Binding[], options?: AbortableOptions): Promise<Verdict>;
  settings(): PortSettings;
  /** `undefined` where the system has none: there, only those who share a store are kept apart. */
  readonly guards: Guards | undefined;
}
