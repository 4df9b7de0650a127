import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "moorage";

const registry = await open();
const lease = await registry.acquire({ name: "worker", ports: "14350-14359" });

// A child that may outlive this process, should that be killed: the port stays leased as long as it runs.
const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
  env: { ...process.env, PORT: String(lease.port), MOORAGE_LEASE: lease.id },
});
await lease.leaveTo(child.pid);
const [listed] = await registry.list();
console.log(listed.heir.pid === child.pid, listed.holder.pid === process.pid); //=> true true

child.stdin.end();
await once(child, "exit");
await registry.close();
