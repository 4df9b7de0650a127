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
  /** The name of its machine, for messages, where processes of several share a store. */
  readonly machine?: string | undefined;
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

/** The kernel's settings for ports in this network namespace, as they are now. */
export interface PortSettings {
  /** Where the kernel picks ports for connect() and bind(0) itself. */
  readonly ephemeral: { readonly first: number; readonly last: number };
  /** Ports that the kernel never picks itself (`ip_local_reserved_ports`). */
  readonly reserved: readonly number[];
  /** The first port that takes no privilege to bind (`ip_unprivileged_port_start`). */
  readonly unprivilegedStart: number;
}

/** A process that has a socket open. */
export interface SocketOwner extends ProcessIdentity {
  /** When it started, in milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Its working directory; `null` where this user may not see it. */
  readonly folder: string | null;
  /** The processes it descends from, its parent first, each told apart as a ProcessIdentity is. */
  readonly ancestors: readonly Pick<ProcessIdentity, "pid" | "startTime">[];
  /** The id of the container it runs in; `null`: in none that can be told. */
  readonly container: string | null;
  /** The ids of the leases that its environment says (`MOORAGE_LEASE`), which `moorage run` sets. */
  readonly leases: readonly string[];
}

/** A socket that takes connections (TCP), or datagrams (UDP), on a port of this network namespace. */
export interface Listener {
  readonly protocol: Transport;
  /**
   * Canonical text. "::" may or may not be there for IPv4 too: the system does not tell.
   */
  readonly address: string;
  readonly port: number;
  /** The user it belongs to; `null` where the system does not tell. */
  readonly uid: number | null;
  /** Several after a fork; none where this user may not see who has it. In the order of their pids. */
  readonly owners: readonly SocketOwner[];
}

export interface ListenersOptions extends AbortableOptions {
  /** Only those on this port. @default all */
  readonly port?: number | undefined;
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

/**
 * Sockets that keep TCP ports for this process without listening: the kernel gives a held port to nobody who asks
 * for any (bind(0), connect()), and to nobody who asks for it without SO_REUSEADDR. A server that sets
 * SO_REUSEADDR binds it and listens beside the hold. A hold goes with its process.
 */
export interface Holds {
  /** Binds at once; what stands in the way is the verdict, and then nothing is bound. */
  take(bindings: readonly Binding[]): Hold | Exclude<Verdict, "free">;
}

export interface Hold {
  /** Lets the port go, at once. Idempotent. */
  release(): void;
}

/**
 * A socket that listens and that this process takes no connection from: they wait in its backlog for a process
 * that it is handed to, also between two of those. It stays open when they end, and goes with the last of all.
 */
export interface ListeningHold extends Hold {
  /** Its file descriptor in this process, to be handed over by `stdio` of spawn(), as often as wanted. */
  readonly fd: number;
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
  /**
   * `undefined` where this runtime can only bind in order to listen, and where a hold would keep servers out
   * (macOS, Windows): there, ports are looked at and not held.
   */
  readonly holds: Holds | undefined;
  /**
   * Holds a TCP port by a socket that listens, which on Linux keeps everybody out, whatever they set. What stands in the
   * way is the verdict, and then nothing is bound. `undefined` where no socket can be handed to another process.
   */
  readonly listen?: ((binding: Binding) => Promise<ListeningHold | Exclude<Verdict, "free">>) | undefined;
  /**
   * Who listens, in the order of ports; a UDP socket listens when it is bound and not connected. `undefined` where
   * the system does not tell.
   */
  readonly listeners: ((options?: ListenersOptions) => Promise<Listener[]>) | undefined;
  /** `undefined` where the system has none: there, only those who share a store are kept apart. */
  readonly guards: Guards | undefined;
}
