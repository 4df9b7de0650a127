// All that a registry works with, in one value that is handed down.

import type { Chance, Clock, Host, Store } from "../contract/index.ts";
import type { PortSet } from "../core/index.ts";

export interface World {
  readonly store: Store;
  readonly host: Host;
  readonly clock: Clock;
  readonly chance: Chance;
  /** The ports of a request that names none. */
  readonly defaultPool: PortSet;
}
