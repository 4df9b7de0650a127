/**
 * Ports for test runs, whatever the runner: those that all processes of a run share.
 *
 * @module
 */

export { runPort } from "./run-port.ts";
export { leaseRunPorts, type RunPorts } from "./run-ports.ts";
