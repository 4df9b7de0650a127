// The host of a registry, put together from what this system can tell.

import type { AbortableOptions, Host, ProcessIdentity, Verdict } from "../contract/index.ts";
import { throwIfAborted } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";
import { shortCommand } from "./command.ts";
import { linux } from "./linux.ts";
import { lookAt } from "./look.ts";
import { portable } from "./portable.ts";
import type { System } from "./system.ts";

/** This machine, as the current process sees it. `boot` is "" where the system does not tell. */
export function openHost(platform: NodeJS.Platform = process.platform): Host & { readonly boot: string } {
  const system = platform === "linux" ? linux() : portable();
  const self = identifySelf(system);
  return {
    boot: system.boot,
    scope: system.scope,
    self,
    ancestors: () => ancestors(system),
    process: (pid) => (pid === self.pid ? self : system.identify(pid)),
    liveness: (identity) => system.liveness(identity),
    look,
    settings: () => system.settings(),
  };
}

/** The arguments are those Node was given: the system shows a process by the title it chose. */
function identifySelf(system: System): ProcessIdentity {
  const command = shortCommand([process.execPath, ...process.argv.slice(1)]);
  const known = system.identify(process.pid);
  return { startTime: 0, boot: system.boot, pidNamespace: "", ...known, pid: process.pid, command };
}

function ancestors(system: System): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  let pid: number | undefined = process.ppid;
  while (pid !== undefined && pid > 0 && found.every((ancestor) => ancestor.pid !== pid)) {
    const identity = system.identify(pid);
    if (identity) found.push(identity);
    pid = system.parent(pid);
  }
  return found;
}

async function look(bindings: readonly Binding[], options?: AbortableOptions): Promise<Verdict> {
  for (const binding of bindings) {
    throwIfAborted(options?.signal);
    const verdict = await lookAt(binding);
    if (verdict !== "free") return verdict;
  }
  return "free";
}
