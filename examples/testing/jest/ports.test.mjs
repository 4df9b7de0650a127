import { createServer } from "node:http";
import { once } from "node:events";
import { runPort, usePort } from "moorage/testing/jest";

const web = usePort();
let server;

beforeAll(async () => {
  server = createServer((_, response) => response.end("web")).listen(web.port);
  await once(server, "listening");
});
afterAll(() => server.close());

test("the server of this file", async () => {
  expect(await (await fetch(`http://localhost:${web.port}`)).text()).toBe("web");
});

test("the port that the whole run shares", () => {
  expect(runPort("api")).not.toBe(web.port);
});
