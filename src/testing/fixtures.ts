// Fixtures, for Vitest and Playwright Test alike: they define them in the same way.
//
// Leases have no names here. A worker that is a thread has its process in common with others, and what is asked for by
// one name in one process is one lease: the first who gives it back would take it from the others.

import { type AcquireOptions, type Lease, open, type Registry } from "../node/index.ts";

/** Leases ports for one test; see `AcquireOptions`. */
export type LeasePorts = (options?: AcquireOptions) => Promise<Lease>;

/** What each test has for itself. */
export interface PortTestFixtures {
  /** A TCP port, leased until the test has ended. */
  readonly port: number;
  /** Leases more, or others: several ports, UDP, a range. They are given back when the test has ended. */
  readonly lease: LeasePorts;
}

/** What all tests of a worker share. */
export interface PortWorkerFixtures {
  /** A TCP port, leased until the worker ends. */
  readonly workerPort: number;
  /** The registry that the leases are made in. */
  readonly moorage: Registry;
}

export type PortFixtures = PortTestFixtures & PortWorkerFixtures;

type Use<Value> = (value: Value) => Promise<void>;
type Fixture<Value, Context> = (context: Context, use: Use<Value>) => Promise<void>;
type WorkerFixture<Value, Context> = [Fixture<Value, Context>, { readonly scope: "worker" }];
type HasRegistry = Pick<PortWorkerFixtures, "moorage">;

/**
 * Ports as fixtures: nobody else is given one, in this worker, in others or in another run. Each is held in the kernel
 * until a server listens on it, and a worker that is killed gives its ports back.
 *
 * @throws in a test that uses them, what `open()` and `acquire()` throw.
 * @example
 * import { test as base } from "vitest"; // or "@playwright/test"
 * import { type PortFixtures, portFixtures } from "moorage/testing/vitest";
 *
 * const test = base.extend<PortFixtures>(portFixtures);
 * test("serves", async ({ port }) => {
 *   server.listen(port);
 * });
 */
export const portFixtures: {
  readonly moorage: WorkerFixture<Registry, object>;
  readonly workerPort: WorkerFixture<number, HasRegistry>;
  readonly port: Fixture<number, HasRegistry>;
  readonly lease: Fixture<LeasePorts, HasRegistry>;
} = {
  moorage: [
    // Both runners read from the text of a function what it needs.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await using registry = await open();
      await use(registry);
    },
    { scope: "worker" },
  ],
  workerPort: [
    async ({ moorage }, use) => {
      await using lease = await moorage.acquire();
      await use(lease.port);
    },
    { scope: "worker" },
  ],
  port: async ({ moorage }, use) => {
    await using lease = await moorage.acquire();
    await use(lease.port);
  },
  lease: async ({ moorage }, use) => {
    const leases: Lease[] = [];
    try {
      await use(async (options) => {
        const lease = await moorage.acquire(options);
        leases.push(lease);
        return lease;
      });
    } finally {
      await Promise.all(leases.map((lease) => lease.release()));
    }
  },
};
