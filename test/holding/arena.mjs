// A network namespace with 500 ports that the kernel hands out by itself, and others who take them all the time:
// `unshare --net node arena.mjs WAY COUNT FOLDER`. Comes by `COUNT` ports in one way or another, listens on each of
// them 50 ms later, and tells as JSON how often somebody was faster. A registry has its state in the folder.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { bindingOf } from "../../dist/core/index.js";
import { openHost } from "../../dist/host/index.js";
import { open } from "../../dist/node/index.js";

const MAIN = fileURLToPath(new URL("../../dist/bin/moorage.js", import.meta.url));
const FIRST = 40_000;
const PORTS = 500;
const RANGE = `${FIRST}-${FIRST + PORTS - 1}`;
/** How long a server takes to start. */
const BOOT_MS = 50;
const AT_ONCE = 10;

/** Each comes by a port, and says what is to be done when it is not needed any more. */
const WAYS = {
  /** As those do who ask the kernel for any port and let it go. */
  async pick() {
    const server = await listen(0);
    const { port } = server.address();
    await close(server);
    return { port, giveBack: () => undefined };
  },

  /** As those do who choose a port and try it. */
  async look() {
    for (;;) {
      const binding = anyBinding();
      if ((await host.look([binding])) === "free") return { port: binding.port, giveBack: () => undefined };
    }
  },

  async hold() {
    for (;;) {
      const binding = anyBinding();
      const hold = host.holds.take([binding]);
      if (typeof hold === "object") return { port: binding.port, giveBack: () => hold.release() };
    }
  },

  async acquire() {
    const lease = await registry.acquire({ ports: RANGE });
    return { port: lease.port, giveBack: () => lease.release() };
  },
};

const [way, count, directory] = process.argv.slice(2);
const host = openHost();
execFileSync("ip", ["link", "set", "lo", "up"]);
writeFileSync("/proc/sys/net/ipv4/ip_local_port_range", `${FIRST} ${FIRST + PORTS - 1}`);

const churn = spawn(process.execPath, [fileURLToPath(new URL("churn.mjs", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const said = createInterface({ input: churn.stdout })[Symbol.asyncIterator]();
await said.next();

const registry = await open({ directory });
let begun = 0;
let lost = 0;
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun++ < Number(count)) if (!(await attempt())) lost++;
  }),
);
churn.stdin.end();
await registry.close();
const { eachSecond } = JSON.parse((await said.next()).value);
console.log(JSON.stringify({ lost, eachSecond }));

function anyBinding() {
  const port = FIRST + Math.floor(Math.random() * PORTS);
  return bindingOf({ protocol: "tcp", address: "::", port });
}

/** Whether a server could listen on the port in the end. */
async function attempt() {
  if (way === "run") return await attemptByRun();
  const { port, giveBack } = await WAYS[way]();
  await setTimeout(BOOT_MS);
  try {
    await close(await listen(port));
    return true;
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw error;
    return false;
  } finally {
    await giveBack();
  }
}

/** As `attempt`, of a server that `moorage run` starts. */
async function attemptByRun() {
  const server = `
    const server = require("node:net").createServer();
    server.on("error", ({ code }) => process.exit(code === "EADDRINUSE" ? 42 : 43));
    setTimeout(() => server.listen(process.env.PORT, () => process.exit(0)), ${BOOT_MS});`;
  const run = [MAIN, "run", "--ports", RANGE, "--", process.execPath, "-e", server];
  const env = { ...process.env, MOORAGE_DIR: directory };
  const [code] = await once(spawn(process.execPath, run, { stdio: "ignore", env }), "exit");
  if (code !== 0 && code !== 42) throw new Error(`moorage run ended with ${code}`);
  return code === 0;
}

async function listen(port) {
  const server = createServer().listen(port);
  await once(server, "listening");
  return server;
}

async function close(server) {
  server.close();
  await once(server, "close");
}
