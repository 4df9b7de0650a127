// The registry's own tests, over an engine: all that they say holds there too, but for what the host alone decides.

import { afterAll, beforeAll, describe, vi } from "vitest";

vi.hoisted(() => {
  process.env["MOORAGE_TEST_STATE"] = "engine";
});

beforeAll(() => vi.stubEnv("MOORAGE_TEST_STATE", "engine"));
afterAll(() => vi.unstubAllEnvs());

describe("on an engine:", async () => {
  await import("../registry/acquire.test.ts");
  await import("../registry/acquire-all.test.ts");
  await import("../registry/abort.test.ts");
  await import("../registry/addresses.test.ts");
  await import("../registry/bindings.test.ts");
  await import("../registry/blocks.test.ts");
  await import("../registry/closing.test.ts");
  await import("../registry/faults.test.ts");
  await import("../registry/grants-under-way.test.ts");
  await import("../registry/guards.test.ts");
  await import("../registry/heirs.test.ts");
  await import("../registry/holds.test.ts");
  await import("../registry/kept.test.ts");
  await import("../registry/model.test.ts");
  await import("../registry/names.test.ts");
  await import("../registry/neighbours.test.ts");
  await import("../registry/quarantine.test.ts");
  await import("../registry/refusals.test.ts");
  await import("../registry/release.test.ts");
  await import("../registry/test-runs.test.ts");
  await import("../registry/time-limits.test.ts");
  await import("../registry/transfer.test.ts");
  await import("../registry/waiting-for-names.test.ts");
  await import("../registry/waiting.test.ts");
  await import("../registry/watch.test.ts");
});
