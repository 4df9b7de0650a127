import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`src/${path}/index.ts`, import.meta.url));

export default defineConfig({
  resolve: {
    // The benchmark names the package as its users do; tests that borrow from it mean the sources.
    alias: { "moorage/netstack": source("netstack"), "moorage/portallocator": source("portallocator") },
  },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./test/tsconfig.json" },
    reporters: ["default", "json"],
    outputFile: { json: ".cache/test-results.json" },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
