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
   * Whether a server can bind a port beside a socket that is only bound, where both set SO_REUSEADDR. Where it
   * cannot, a hold would keep out the very server that the port is held for.
   */
  readonly letsServersIn: boolean;
  readonly guards: Guards | undefined;
  readonly listeners: Host["listeners"];
}
