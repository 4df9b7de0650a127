// A process that takes ports with getPort() when it is told to, listens on each a time later, and says which could
// not be listened on. It ends when its parent lets go of it.

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import getPort, { portNumbers } from "../../dist/get-port/index.js";

async function listenAfter(ms, port, failures) {
  await pause(ms);
  const server = createServer().listen(port);
  try {
    await once(server, "listening");
  } catch ({ code }) {
    failures.push(`${port} ${code}`);
  }
}

async function take({ first, last, times, holdMs }) {
  const ports = [];
  const failures = [];
  const listening = [];
  for (let time = 0; time < times; time++) {
    const port = await getPort({ port: portNumbers(first, last) });
    ports.push(port);
    listening.push(listenAfter(holdMs, port, failures));
  }
  await Promise.all(listening);
  return { ports, failures };
}

process.on("message", (order) => {
  take(order).then((taken) => process.send(taken), console.error);
});
process.on("disconnect", () => process.exit());
process.send("ready");
