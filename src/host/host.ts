// The host of a registry, put together from what this system can tell.

import type { AbortableOptions, Host, ProcessIdentity, Verdict } from "../contract/index.ts";
import { throwIfAborted } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";
import { shortCommand } from "./command.ts";
import { linux } from "./linux.ts";
import { lookAt } from "./look.ts";
import { portable } from "./portable.ts";

/**
 * This machine, as the current process sees it. `boot` is "" where the system does not tell.
 *
 * @throws PortError `HOST_UNSUPPORTED` on Linux without /proc.
 */
export function openHost(platform: NodeJS.Platform = process.platform): Host & { readonly boot: string } {
  const system = platform === "linux" ? linux() : portable();
  // The command is what Node was given: the system shows a process by the title it chose.
  const command = shortCommand([process.execPath, ...process.argv.slice(1)]);
  const self: ProcessIdentity = { ...system.self, command };
  return {
    boot: system.boot,
    scope: system.scope,
    self,
    ancestors: () => system.ancestors(),
    process: (pid) => (pid === self.pid ? self : system.identify(pid)),
    liveness: (identity) => system.liveness(identity),
    look,
    settings: () => system.settings(),
  };
}

async function look(bindings: readonly Binding[], options?: AbortableOptions): Promise<Verdict> {
  for (const binding of bindings) {
    throwIfAborted(options?.signal);
    const verdict = await lookAt(binding);
    if (verdict !== "free") return verdict;
  }
  return "free";
}
