import { createServer } from "node:http";
import { once } from "node:events";
import { open } from "moorage";
import getPort, { clearLockedPorts, portNumbers } from "moorage/get-port";

// A wish, several, or none: another port when they are taken.
console.log(await getPort({ port: 14860 })); //=> 14860
console.log(await getPort({ port: [14860, 14861] })); //=> 14861

// A range is kept to, from its lowest port on.
const port = await getPort({ port: portNumbers(14862, 14863), exclude: [14862] });
console.log(port); //=> 14863
const server = createServer().listen(port);
await once(server, "listening");

// A full one is refused, and says why.
const refused = await getPort({ port: portNumbers(14860, 14861) }).catch((error) => error);
console.log(refused.code); //=> NO_PORT_AVAILABLE

// Each port is leased to this process: whoever else asks, in this process or another, gets another one.
const registry = await open();
console.log((await registry.tryAcquire({ ports: "14860-14861" })).granted); //=> false
clearLockedPorts();
console.log(await getPort({ port: [14860, 14861], reserve: true })); //=> 14860

server.close();
await registry.close();
