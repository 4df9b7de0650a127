// Everything that is timed, in the order of the table. A new subject is a file in cases/ and a line here.

import type { Group } from "./case.ts";
import { PORT_ALLOCATOR } from "./cases/port-allocator.ts";
import { PORT_MANAGER } from "./cases/port-manager.ts";

export const GROUPS: readonly Group[] = [...PORT_MANAGER, ...PORT_ALLOCATOR];
