// What differs from one operating system to the next. What a system cannot do is said in its file.

import type { Liveness, PortSettings, ProcessIdentity } from "../contract/index.ts";

export interface System {
  readonly boot: string;
  readonly scope: string;
  identify(pid: number): ProcessIdentity | undefined;
  parent(pid: number): number | undefined;
  liveness(process: ProcessIdentity): Liveness;
  settings(): PortSettings;
}
