export default {
  globalSetup: "./global-setup.mjs",
  globalTeardown: "./global-teardown.mjs",
  maxWorkers: 4,
  testTimeout: 50_000,
  testMatch: ["**/*.test.mjs"],
  transform: {},
};
