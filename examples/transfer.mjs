import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { open } from "moorage";

const registry = await open();

if (!process.send) {
  const lease = await registry.acquire({ name: "web", ports: 14220 });
  const child = fork(fileURLToPath(import.meta.url));
  await lease.transfer(child.pid);
  console.log(lease.isValid(), lease.lost.reason.reason); //=> false "transferred"
  child.send(lease.token);
  await once(child, "exit");
} else {
  // The child takes up what its parent handed over: a new lease, with a greater token.
  const [former] = await once(process, "message");
  const lease = await registry.adopt("web");
  console.log(lease.port, lease.holder.pid === process.pid); //=> 14220 true
  console.log(lease.token.revision > former.revision); //=> true
}

await registry.close();
