// A process that has a guard, or waits for one: `fork("guard-holder.mjs", [SCENARIO, PORT])`.

import { spawn } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { isMainThread, parentPort, workerData } from "node:worker_threads";

import { openHost } from "../../dist/host/index.js";

const { guards } = openHost();

// Stays until it is ended: a guard does not keep it.
setInterval(() => {}, 1 << 30);

const scenarios = {
  hold: (port) => process.send(guards.take("tcp", port) !== undefined),

  /** With a child of its own, which outlives it. */
  holdAndSpawn: async (port) => {
    const guard = guards.take("tcp", port);
    const child = spawn("sleep", ["1000"], { stdio: "ignore", detached: true });
    await once(child, "spawn");
    process.send({ taken: guard !== undefined, child: child.pid });
  },

  wait: async (port) => {
    process.send("waiting");
    await guards.gone("tcp", port);
    process.send("woken");
  },

  /** Two workers of a cluster that want the same guard. */
  cluster: async (port) => {
    const told = [];
    for (let worker = 0; worker < 2; worker++) {
      const [taken] = await once(cluster.fork({ GUARD: port }), "message");
      told.push(taken);
    }
    process.send(told);
  },
};

if (!isMainThread) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows of browsers
  parentPort.postMessage(guards.take("tcp", workerData) !== undefined);
} else if (cluster.isWorker) process.send(guards.take("tcp", Number(process.env.GUARD)) !== undefined);
else {
  const [scenario, port] = process.argv.slice(2);
  await scenarios[scenario](Number(port));
}
