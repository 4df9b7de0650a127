// PortError and its codes: every expected refusal of the package is one of these.
//
// A code is stable: programs switch on it. A message is for people and may change. Misuse of a call (a
// string where a number belongs, a port of 65536) is a TypeError or RangeError instead; see expect.ts.

/** Who stands in the way, as far as it is known. */
export interface HolderDescription {
  readonly pid: number;
  /** The command line of the process when it took the lease, shortened. */
  readonly command?: string | undefined;
  /** The name of its machine, where processes of several share a store. */
  readonly machine?: string | undefined;
}

/** A holder that stands in the way, and on how many of the ports. */
export interface HolderCount extends HolderDescription {
  readonly ports: number;
}

/** How many ports a search refused, each for the first of these reasons that holds. */
export interface RefusalCounts {
  /** Leased to a living holder. */
  readonly leased: number;
  /** Kept for another name. */
  readonly kept: number;
  /** Just released, and somebody has waited for them. */
  readonly awaited: number;
  /** Just released or taken back, where the request refuses such ports. */
  readonly quarantined: number;
  /**
   * Leased by a registry in another state folder, of another user or version; or had by a process whose lease is over,
   * as one that was stopped.
   */
  readonly guarded: number;
  /** In use by a program that holds no lease. */
  readonly stranger: number;
  /** Refused by the kernel for another reason: a privileged port. */
  readonly forbidden: number;
  /** Left out of the default ports because the kernel hands them out itself or has them reserved. */
  readonly reserved: number;
  /** Left out by the request. */
  readonly excluded: number;
  /** Whom the leased ones are leased to, those with the most first; ten at most. */
  readonly holders: readonly HolderCount[];
}

/** What each code carries beside its message. */
export interface PortErrorDetails {
  /** One certain port was asked for and somebody has it. */
  PORT_IN_USE: { readonly address: string; readonly port: number };
  /** One certain port was asked for, and the system gives it to no program of this user. */
  PORT_FORBIDDEN: { readonly address: string; readonly port: number };
  /** No port of the range could be given. */
  NO_PORT_AVAILABLE: { readonly refused?: RefusalCounts };
  /** Text that is not a port. `position` counts from 0. */
  INVALID_PORT: { readonly input: string; readonly position: number };
  /** A range that is backwards, empty or outside 1–65535. */
  INVALID_PORT_RANGE: { readonly input: string };
  /** Text that is not an IP address, or an empty list of addresses. */
  INVALID_ADDRESS: { readonly input: string; readonly position: number };
  /** A protocol that the call does not know. */
  UNKNOWN_PROTOCOL: { readonly input: string };
  /** The name is leased to another living process. */
  NAME_HELD: {
    readonly leaseName: string;
    readonly ports: readonly number[];
    readonly holder: HolderDescription;
  };
  /** The name keeps ports that are not what was asked for. */
  NAME_KEPT: { readonly leaseName: string; readonly ports: readonly number[] };
  /** The lease is not its holder's any more: it ran out, or was released, transferred or taken away. */
  LEASE_LOST: {
    readonly ports: readonly number[];
    readonly reason: "expired" | "released" | "transferred" | "taken";
  };
  /** The lease is another living process's: releasing it takes `force`. */
  LEASE_HELD: { readonly ports: readonly number[]; readonly holder: HolderDescription };
  /** Nobody holds the name or the port. */
  LEASE_NOT_FOUND: { readonly input: string };
  /** There is no process with that pid, or not any more. */
  PROCESS_NOT_FOUND: { readonly pid: number };
  /** The registry was closed before the call. */
  REGISTRY_CLOSED: object;
  /** The state folder or its database cannot be used: a file in its place, no permission, a full disk. */
  STORE_UNAVAILABLE: { readonly path: string };
  /** The database was written by a newer version of Moorage. */
  STORE_TOO_NEW: { readonly path: string; readonly format: number; readonly supported: number };
  /** The database is damaged or is not Moorage's. */
  STORE_DAMAGED: { readonly path: string };
  /** Other processes kept the store locked for longer than a request may wait. */
  STORE_BUSY: { readonly waitedMs: number };
  /** This runtime has no SQLite and the optional driver is not installed. */
  DRIVER_MISSING: { readonly driver: string };
  /**
   * The system does not show what leases need to know of it: on Linux, the /proc that names its processes. Or it
   * cannot do what was asked.
   */
  HOST_UNSUPPORTED: { readonly missing: string };
  /** The config of a project has something in it that it cannot mean. `at` is the path in it, "" the whole file. */
  INVALID_CONFIG: { readonly path: string; readonly at: string };
}

/** A stable name for what went wrong. */
export type PortErrorCode = keyof PortErrorDetails;

/** Every PortError there is: `switch (error.code)` narrows to the fields of that code. */
export type AnyPortError = {
  [Code in PortErrorCode]: PortError<Code> & PortErrorDetails[Code];
}[PortErrorCode];

const BRAND = Symbol.for("moorage.PortError");

/**
 * An expected refusal, with a stable `code`.
 *
 * @example
 * try {
 *   manager.reservePort(reservation);
 * } catch (error) {
 *   if (PortError.is(error) && error.code === "PORT_IN_USE") console.log(error.address, error.port);
 *   else throw error;
 * }
 */
export class PortError<Code extends PortErrorCode = PortErrorCode> extends Error {
  readonly code: Code;

  static {
    // On the prototype, as Error has its own: an error costs no more than what it says.
    Object.defineProperty(PortError.prototype, "name", {
      value: "PortError",
      configurable: true,
      writable: true,
    });
    Object.defineProperty(PortError.prototype, BRAND, { value: true });
  }

  constructor(code: Code, message: string, details: PortErrorDetails[Code], options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    Object.assign(this, details);
  }

  /** Whether `error` is a PortError, of this copy of the package or of another one in the same program. */
  static is(error: unknown): error is AnyPortError {
    return typeof error === "object" && error !== null && BRAND in error;
  }
}
