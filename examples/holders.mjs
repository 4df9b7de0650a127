import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "moorage";

const registry = await open();

// This process holds what it asks for.
const own = await registry.acquire({ ports: "14150-14159" });
console.log(own.holder.pid === process.pid, own.isValid()); //=> true true

// Another process: the lease lives as long as that one, whatever becomes of this one.
const child = spawn(process.execPath, ["-e", "process.stdin.resume()"]);
const { port } = await registry.acquire({ ports: "14160-14169", for: child.pid });
const stateOf = async () => (await registry.list()).find(({ ports }) => ports[0] === port)?.state;
console.log(await stateOf()); //=> "held"

child.stdin.end();
await once(child, "close");
// Nobody cleans up: the port goes to whoever asks next.
console.log(await stateOf()); //=> "abandoned"

await registry.close();
