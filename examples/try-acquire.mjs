import { createServer } from "node:net";
import { once } from "node:events";
import { open } from "moorage";

const registry = await open();
const server = createServer().listen(14131);
await once(server, "listening");
await registry.acquire({ ports: 14130 });

// One is leased, one has a server without a lease, one is left out.
const attempt = await registry.tryAcquire({ ports: "14130-14132", exclude: 14132 });
if (attempt.granted) throw new Error("nobody expected that");

const { refusal } = attempt;
console.log(refusal.code); //=> "NO_PORT_AVAILABLE"
const { leased, stranger, excluded, holders } = refusal.refused;
console.log(leased, stranger, excluded); //=> 1 1 1
console.log(holders[0].pid === process.pid, holders[0].ports); //=> true 1

server.close();
await registry.close();
