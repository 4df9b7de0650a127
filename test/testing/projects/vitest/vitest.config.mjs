import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { globalSetup: "./global-setup.mjs", maxWorkers: 4, testTimeout: 50_000 },
});
