// All that a registry works with, in one value that is handed down.

import type { Abortable, Chance, Clock, Host, ProcessIdentity, Store } from "../contract/index.ts";
import type { PortSet } from "../core/index.ts";
import type { Holders } from "./holders.ts";

/** The run of a test runner that this process belongs to, and which of its workers it is. */
export interface TestRun {
  /** The process that lives as long as the run does. */
  readonly process: ProcessIdentity;
  readonly worker: string;
}

export interface World {
  readonly store: Store;
  /** Whose ports, in the store: see scope.ts. */
  readonly scope: string;
  readonly host: Host;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly newAbortable: () => Abortable;
  /** The ports of a request that names none, and how many were left out of them because of the kernel. */
  readonly defaultPool: { readonly ports: PortSet; readonly reserved: number };
  /** The only ports there are to lease, as those of a pool; `undefined`: any. */
  readonly bounds?: PortSet | undefined;
  /** For how many milliseconds a port is in quarantine when its lease has ended; 0: for none. */
  readonly quarantineMs: number;
  /** `undefined` where no test runner is known. */
  readonly testRun: () => TestRun | undefined;
  /** How holders are told alive. */
  readonly holders: Holders;
}
