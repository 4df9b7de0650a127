module.exports = {
  globalSetup: "./global-setup.mjs",
  globalTeardown: "./global-teardown.mjs",
  maxWorkers: 4,
  testEnvironment: "./ports-environment.cjs",
  testMatch: ["**/*.test.cjs"],
  testTimeout: 50_000,
  transform: {},
};
