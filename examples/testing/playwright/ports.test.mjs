import { createServer } from "node:http";
import { once } from "node:events";
import { test as base, expect } from "@playwright/test";
import { portFixtures } from "moorage/testing/playwright";

// In TypeScript: base.extend<PortTestFixtures, PortWorkerFixtures>(portFixtures)
const test = base.extend({
  ...portFixtures,
  // A server of each worker's own.
  api: [
    async ({ workerPort }, use) => {
      const server = createServer((_, response) => response.end("api")).listen(workerPort);
      await once(server, "listening");
      await use(`http://localhost:${workerPort}`);
      server.close();
    },
    { scope: "worker" },
  ],
});

test("the server of the configuration", async ({ request }) => {
  expect(await (await request.get("/")).text()).toBe("web");
});

test("the server of this worker", async ({ request, api }) => {
  expect(await (await request.get(api)).text()).toBe("api");
});
