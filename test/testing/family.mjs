// A test runner in small: it asks for a port of its run, and so do its worker, its thread, and runners that these
// start. Says what each was told. `first` asks before the others: the runner, by either call, or nobody.

import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { leaseRunPorts, runPort } from "../../dist/testing/index.js";

const script = fileURLToPath(import.meta.url);
const [first] = process.argv.slice(2);

/** Another runner, which has the environment of this process and no connection to it. */
async function nested() {
  const { stdout } = await promisify(execFile)(process.execPath, [script, "alone"]);
  return Number(stdout);
}

async function run() {
  if (first === "leaseRunPorts") await leaseRunPorts(["web"]);
  if (first === "runPort") runPort("web");
  const env = { ...process.env, JEST_WORKER_ID: "1" };
  const worker = fork(script, ["worker"], { env });
  const thread = new Worker(script, { argv: ["thread"], env });
  const [[inWorker], [inThread]] = await Promise.all([once(worker, "message"), once(thread, "message")]);
  const besides = await nested();
  const runner = runPort("web");
  // One that has no number, as the process in which Playwright Test can load files with tests.
  const [loader] = await once(fork(script, ["worker"]), "message");
  console.log(JSON.stringify({ ...inWorker, thread: inThread, runner, besides, loader: loader.worker }));
}

if (!isMainThread) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows of browsers
  parentPort.postMessage(runPort("web"));
} else if (first === "alone") {
  console.log(runPort("web"));
} else if (first === "worker") {
  process.send({ worker: runPort("web"), below: await nested() });
  process.disconnect();
} else {
  await run();
}
