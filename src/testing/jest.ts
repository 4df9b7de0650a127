/**
 * Ports for Jest: for the tests of a file or a `describe`, and for what the whole run shares.
 *
 * @module
 */

import { type AcquireOptions, type Lease, open, type Registry } from "../node/index.ts";

export { runPort } from "./run-port.ts";
export { leaseRunPorts, type RunPorts } from "./run-ports.ts";

/** Ports for the tests that stand beside the call. */
export interface PortInUse {
  /** The first port of the lease. */
  readonly port: number;
  readonly lease: Lease;
}

/** What Jest has on the global object of a test file, and others after its example. */
interface Hooks {
  readonly beforeAll?: (hook: () => Promise<void>) => void;
  readonly afterAll?: (hook: () => Promise<void>) => void;
}

/**
 * Leases ports before the tests of the file, or of the `describe` that it is called in, and gives them back after them.
 *
 * @throws TypeError where there is no `beforeAll`, or when the port is asked for before it ran. The hook fails with what
 * `acquire()` throws.
 * @example
 * const web = usePort();
 *
 * test("serves", async () => {
 *   server.listen(web.port);
 * });
 */
export function usePort(options: AcquireOptions = {}): PortInUse {
  const { beforeAll, afterAll } = globalThis as Hooks;
  if (!beforeAll || !afterAll) {
    throw new TypeError(
      "usePort: expected to be called in a test file, where `beforeAll` and `afterAll` are global",
    );
  }
  let registry: Registry | undefined;
  let leased: Lease | undefined;
  beforeAll(async () => {
    registry = await open();
    leased = await registry.acquire(options);
  });
  afterAll(async () => {
    leased = undefined;
    await registry?.close();
  });
  const lease = (): Lease => {
    if (leased) return leased;
    throw new TypeError(
      "usePort: the port is there in tests and hooks, from the `beforeAll` of its place on",
    );
  };
  return {
    get lease() {
      return lease();
    },
    get port() {
      return lease().port;
    },
  };
}
