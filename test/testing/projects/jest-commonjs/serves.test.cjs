const { basename } = require("node:path");
const { play } = require("./play.cjs");

test("has ports of its own", async () => {
  const { ports } = await moorage.acquire({ count: 3 });
  await play({ file: basename(__filename), own: ports, shared: { web: Number(process.env.WEB_PORT) } });
});
