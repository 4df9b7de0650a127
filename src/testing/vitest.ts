/**
 * Ports for Vitest: fixtures for tests and workers, and a global set-up for what the whole run shares.
 *
 * @module
 */

import type { ProvidedContext } from "vitest";
import { leaseRunPorts } from "./run-ports.ts";

export { type LeasePorts, type PortFixtures, portFixtures } from "./fixtures.ts";
export { runPort } from "./run-port.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** What `providePorts()` leased, by name. */
    readonly ports: Readonly<Record<string, number>>;
  }
}

/** What a global set-up is given: Vitest's `TestProject`. */
interface Project {
  provide(key: "ports", value: ProvidedContext["ports"]): void;
}

/**
 * A global set-up that leases a port for each name to the run: all its workers have the same, no other run has it.
 * Tests find it by `runPort(name)`, and as `inject("ports")`. The leases end with the run.
 *
 * @throws when it is run, what `acquireAll()` throws.
 * @example
 * // global-setup.ts, named in the `globalSetup` of vitest.config.ts
 * import { providePorts } from "moorage/testing/vitest";
 *
 * export default providePorts(["web", "db"]);
 */
export function providePorts(names: readonly string[]): (project: Project) => Promise<() => Promise<void>> {
  return async (project) => {
    const { ports, release } = await leaseRunPorts(names);
    project.provide("ports", ports);
    return release;
  };
}
