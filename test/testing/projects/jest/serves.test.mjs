import { basename } from "node:path";
import { runPort, usePort } from "moorage/testing/jest";
import { play } from "./play.cjs";

const file = basename(import.meta.url);
const web = usePort();
const two = usePort({ count: 2 });
// Before the tests there is none.
const early = (() => {
  try {
    return web.port;
  } catch (error) {
    return error.message;
  }
})();

test("has ports of its own", async () => {
  const shared = { web: runPort("web"), db: Number(process.env.DB_PORT), other: runPort("other") };
  await play({ file, own: [web.port, ...two.lease.ports], shared });
});

describe("a block", () => {
  const inner = usePort();

  test("has a port of its own", () => {
    expect(inner.port).not.toBe(web.port);
    expect(inner.lease.isValid()).toBe(true);
  });
});

test("has no port before the tests", () => {
  expect(early).toContain("usePort: the port is there in tests and hooks");
});
