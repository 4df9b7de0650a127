import { createServer } from "node:http";
import { once } from "node:events";
import { test as base, expect } from "vitest";
import { portFixtures, runPort } from "moorage/testing/vitest";

// In TypeScript: base.extend<PortFixtures>(portFixtures)
const test = base.extend(portFixtures);

test("a server of this test's own", async ({ port }) => {
  const server = createServer((_, response) => response.end("web")).listen(port);
  await once(server, "listening");
  expect(await (await fetch(`http://localhost:${port}`)).text()).toBe("web");
  server.close();
});

test("three more ports, for tcp and udp", async ({ lease }) => {
  const { ports } = await lease({ count: 3, protocol: ["tcp", "udp"] });
  expect(ports).toHaveLength(3);
});

test("the server that the whole run shares", async () => {
  expect(await (await fetch(`http://localhost:${runPort("api")}`)).text()).toBe("api");
});
