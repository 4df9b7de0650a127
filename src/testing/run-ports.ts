// leaseRunPorts(): ports for a whole test run, leased by the process that sets it up.

import type { ProcessIdentity } from "../contract/index.ts";
import { describe } from "../core/expect.ts";
import { openHost } from "../host/index.ts";
import { openInRun } from "../node/open.ts";
import { notedPorts, notePorts } from "./run.ts";

/** Ports of a run, by the names they were asked for under. */
export interface RunPorts<Name extends string> {
  readonly ports: Readonly<Record<Name, number>>;
  /** Gives them back before the run ends, with which they go anyway. */
  readonly release: () => Promise<void>;
}

/**
 * Leases a port for each name to this process, as the one that a test run lives with: call it in the global set-up of
 * a runner. Its workers find the ports by `runPort(name)`; no other run has them. The same name is the same port all
 * through the run. Until a server listens, the ports are held in the kernel.
 *
 * @throws TypeError when `names` is no list; else as `acquireAll()`.
 * @example
 * // global-setup.js, named in the `globalSetup` of jest.config.js
 * import { leaseRunPorts } from "moorage/testing/jest";
 *
 * export default async () => {
 *   const { ports } = await leaseRunPorts(["web"]);
 *   process.env.WEB_PORT = String(ports.web); // for tests that cannot import modules
 * };
 */
export async function leaseRunPorts<Name extends string>(names: readonly Name[]): Promise<RunPorts<Name>> {
  if (!Array.isArray(names)) {
    throw new TypeError(`\`names\`: expected a list of names, received ${describe(names)}`);
  }
  const run = openHost().self;
  const registry = await openForRun(run);
  const parts = Object.fromEntries(names.map((name) => [name, { name, per: "run" }] as const));
  try {
    const leases = await registry.acquireAll(parts);
    const ports = Object.fromEntries(names.map((name) => [name, leases[name]!.port]));
    notePorts(process.env, run, { ...notedPorts(process.env, run), ...ports });
    const release = async (): Promise<void> => {
      const others = Object.entries(notedPorts(process.env, run)).filter(([name]) => !(name in ports));
      notePorts(process.env, run, Object.fromEntries(others));
      await registry.close();
    };
    return { ports: ports as Record<Name, number>, release };
  } catch (error) {
    await registry.close();
    throw error;
  }
}

/** A registry in which `per: "run"` means this run. */
export function openForRun(run: ProcessIdentity): ReturnType<typeof openInRun> {
  return openInRun(() => ({ process: run, worker: "" }));
}
