const { TestEnvironment } = require("jest-environment-node");

// Outside of the sandbox of the tests, where modules can be imported.
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
