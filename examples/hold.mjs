import { createServer } from "node:net";
import { once } from "node:events";
import { open } from "moorage";

const registry = await open();

// The kernel gives a held port to nobody who asks for any port, nor to a plain bind.
const lease = await registry.acquire({ ports: "14330-14339" });
console.log(lease.isHeldInKernel); //=> true

// A server that sets SO_REUSEADDR, as those of Node do, listens beside the hold …
const server = createServer().listen(lease.port);
await once(server, "listening");

// … and when it stops, the hold still stands: nobody slips in before the next one.
server.close();
await once(server, "close");
console.log(lease.isValid()); //=> true

// For a server that does not set it.
const { isHeldInKernel } = await registry.acquire({ ports: "14340-14349", hold: false });
console.log(isHeldInKernel); //=> false

await registry.close();
