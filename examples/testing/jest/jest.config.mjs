export default { globalSetup: "./global-setup.mjs" };
