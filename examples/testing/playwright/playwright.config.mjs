import { defineConfig } from "@playwright/test";
import { runPort } from "moorage/testing/playwright";

// Each worker reads this file anew, and is told the same port.
const port = runPort("web");

export default defineConfig({
  use: { baseURL: `http://localhost:${port}` },
  webServer: { command: "node server.mjs", env: { PORT: String(port) }, port },
});
