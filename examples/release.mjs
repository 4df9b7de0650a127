import { spawn } from "node:child_process";
import { open, PortError } from "moorage";

const registry = await open();

// By the lease object: never more than that lease, however late.
const lease = await registry.acquire({ ports: 14210 });
await lease.release();
await registry.acquire({ name: "web", ports: 14210 });
await lease.release();
console.log((await registry.list()).length); //=> 1

// By name or port: whatever lease has it.
const [released] = await registry.release("web");
console.log(released.ports); //=> [ 14210 ]

// A living stranger's takes force.
const stranger = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
await registry.acquire({ ports: 14211, for: stranger.pid });
try {
  await registry.release(14211);
} catch (error) {
  if (!PortError.is(error) || error.code !== "LEASE_HELD") throw error;
  console.log(error.holder.pid === stranger.pid); //=> true
}
await registry.release(14211, { force: true });

stranger.stdin.end();
await registry.close();
