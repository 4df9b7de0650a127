// What differs from one operating system to the next. What a system cannot do is said in its file.

import type { Ancestor, Guards, Host, Liveness, PortSettings, ProcessIdentity } from "../contract/index.ts";

/** The fingerprint where the system tells no network namespaces apart. */
export const WHOLE_MACHINE = "machine";

export interface System {
  readonly fingerprint: string;
  readonly boot: string;
  /** This process, by the command that the system shows for it. */
  readonly self: ProcessIdentity;
  /** Throws when the system did not answer: `undefined` says that there is no such process. */
  identify(pid: number): ProcessIdentity | undefined;
  ancestors(): Ancestor[];
  liveness(process: ProcessIdentity): Liveness;
  settings(): PortSettings;
  /**
   * Whether bind() decides as on Linux: a server can bind a port and listen beside a socket that is only bound, where
   * both set SO_REUSEADDR, so that a hold is in no server's way; and a wildcard address meets every other one, so
   * that one look sees who listens on any. Elsewhere neither is so (docs/platforms.md).
   */
  readonly bindsAsLinux: boolean;
  readonly guards: Guards | undefined;
  readonly listeners: Host["listeners"];
}
