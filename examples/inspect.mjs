import { createServer } from "node:http";
import { once } from "node:events";
import { inspect, open } from "moorage";

const registry = await open();
const lease = await registry.acquire({ name: "web", ports: 14291 });
const stateOf = async () => (await inspect(registry)).leases[0].state;

console.log(await stateOf()); //=> "held"
const server = createServer().listen(lease.port);
await once(server, "listening");
console.log(await stateOf()); //=> "listening"

// Whose each socket on the port is.
const [{ listeners }] = (await inspect(registry)).leases;
console.log(listeners[0].ownership, listeners[0].owners[0].pid === process.pid); //=> "own" true

server.close();
await registry.close();
