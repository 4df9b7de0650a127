// The host of a registry, put together from what this system can tell.

import { type Host, type ProcessIdentity, throwIfAborted } from "../contract/index.ts";
import { shortCommand } from "./command.ts";
import { openHolds } from "./holds.ts";
import { linux } from "./linux.ts";
import { holdListening } from "./listening-hold.ts";
import { createLook } from "./look.ts";
import { portable } from "./portable.ts";
import { chooseBindTcp } from "./sockets.ts";

/**
 * This machine, as the current process sees it.
 *
 * @throws PortError `HOST_UNSUPPORTED` on Linux without /proc.
 */
export function openHost(platform: NodeJS.Platform = process.platform): Host {
  const system = platform === "linux" ? linux() : portable();
  // The command is what Node was given: the system shows a process by the title it chose.
  const command = shortCommand([process.execPath, ...process.argv.slice(1)]);
  const self: ProcessIdentity = { ...system.self, command };
  const bind = chooseBindTcp();
  const lookAt = createLook(bind, system.bindsAsLinux);
  return {
    fingerprint: system.fingerprint,
    boot: system.boot,
    self,
    ancestors: () => system.ancestors(),
    process: (pid) => (pid === self.pid ? self : system.identify(pid)),
    liveness: (identity) => system.liveness(identity),
    look: async (bindings, options) => {
      for (const binding of bindings) {
        throwIfAborted(options?.signal);
        const verdict = await lookAt(binding);
        if (verdict !== "free") return verdict;
      }
      return "free";
    },
    settings: () => system.settings(),
    holds: bind && system.bindsAsLinux ? openHolds(bind) : undefined,
    // Windows hands no socket over by its number.
    listen: bind && platform !== "win32" ? (binding) => holdListening(bind, binding) : undefined,
    listeners: system.listeners,
    guards: system.guards,
  };
}
