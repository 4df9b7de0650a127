import { defineConfig } from "@playwright/test";
import { runPort } from "moorage/testing/playwright";

const web = runPort("web");

export default defineConfig({
  testMatch: "*.test.mjs",
  timeout: 50_000,
  use: { baseURL: `http://127.0.0.1:${web}` },
  webServer: { command: "exec node server.mjs", env: { PORT: String(web) }, url: `http://127.0.0.1:${web}` },
  workers: 4,
});
