const { TestEnvironment } = require("jest-environment-node");

// The environment is outside of the sandbox of the tests, so it can import modules.
module.exports = class PortsEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    const { open } = await import("moorage");
    this.global.moorage = await open();
  }

  async teardown() {
    await this.global.moorage.close();
    await super.teardown();
  }
};
