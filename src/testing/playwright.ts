/**
 * Ports for Playwright Test: fixtures for tests and workers, and `runPort()` for playwright.config.ts.
 *
 * @module
 */

export {
  type LeasePorts,
  type PortFixtures,
  portFixtures,
  type PortTestFixtures,
  type PortWorkerFixtures,
} from "./fixtures.ts";
export { runPort } from "./run-port.ts";
