// The first process of a pid namespace, where it can choose the pid of the next one: a holder dies, another
// process gets its pid, and the registry is asked about both.

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";

import { open } from "../../dist/node/index.js";

const directory = process.argv[2];
const registry = await open({ directory });
const states = async () => (await registry.list()).map(({ name, state }) => `${name} ${state}`);

async function tell(worker, message) {
  worker.send(message);
  const [{ result, error }] = await once(worker, "message");
  if (error) throw Object.assign(new Error(error.message), error);
  return result;
}

/** Starts a process with this pid. Threads have pids too, so another number can come out, and is tried again. */
async function startAs(pid) {
  for (;;) {
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(pid - 1));
    const child = spawn("sleep", ["600"], { stdio: "ignore" });
    if (child.pid === pid) return child;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
}

const holder = fork(new URL("worker.mjs", import.meta.url));
await once(holder, "message");
await tell(holder, { action: "open", directory });
const [{ ports }] = await tell(holder, { action: "acquire", options: { ports: 16230, name: "web" } });
const before = await states();
holder.kill("SIGKILL");
await once(holder, "exit");
const other = await startAs(holder.pid);
const after = await states();
const lease = await registry.acquire({ ports: 16230 });
const released = await registry.release("web").catch(({ code }) => code);
process.send({
  holder: { pid: holder.pid, ports },
  other: { pid: other.pid },
  before,
  after,
  granted: lease.ports,
  released,
});
other.kill("SIGKILL");
await once(other, "exit");
await registry.close();
process.disconnect();
