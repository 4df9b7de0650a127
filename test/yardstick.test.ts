// Both documented packages beside the obvious implementations that the benchmark measures them by, over
// random histories of a million operations. The seeds are fixed: a failure names its step.

import { expect, test } from "vitest";
import { checkAllocators, checkManagers } from "../bench/check.ts";

test("PortManager and nested maps answer alike over 1,000,000 operations", () => {
  for (let seed = 1; seed <= 4; seed++) expect(() => checkManagers(250_000, seed)).not.toThrow();
});

test("PortAllocator and nested maps answer alike over 1,000,000 operations", () => {
  for (let seed = 1; seed <= 4; seed++) expect(() => checkAllocators(250_000, seed)).not.toThrow();
});
