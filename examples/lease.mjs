import { createServer } from "node:http";
import { once } from "node:events";
import { open, PortError } from "moorage";

const registry = await open();

// A port that nobody else who asks Moorage is given while this process lives.
const lease = await registry.acquire({ name: "web", prefer: 3000 });
const server = createServer((request, response) => response.end("hello")).listen(lease.port);
await once(server, "listening");
console.log(await (await fetch(`http://localhost:${lease.port}`)).text()); //=> "hello"

// Three more, all or none, from a range that is kept to strictly.
const { ports } = await registry.acquire({ ports: "20000-20999,!20080", count: 3 });
console.log(ports.length); //=> 3

// A refusal says why.
try {
  await registry.acquire({ ports: lease.port });
} catch (error) {
  if (!PortError.is(error) || error.code !== "NO_PORT_AVAILABLE") throw error;
  console.log(error.refused.leased, error.refused.holders[0].pid === process.pid); //=> 1 true
}

server.close();
await registry.close(); // gives back what was leased; so does the end of the process, however it ends
