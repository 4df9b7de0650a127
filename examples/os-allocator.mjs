import { once } from "node:events";
import { connect } from "node:net";
import { PortError } from "moorage/core";
import { OSAllocator } from "moorage/portallocator/os";

const allocator = new OSAllocator(); // over the book of get()

// One number on both wildcards, with a server that listens on each.
const web = await allocator.requestPortsInRange(["0.0.0.0", "::"], "tcp", 0, 0);
console.log(web.sockets.map((server) => server.listening).join(" ")); //=> "true true"

// Who connects before you listen for connections waits, and comes paused: pipe(), or resume().
const client = connect(web.port, "127.0.0.1").setEncoding("utf8");
await once(client, "connect");
for (const server of web.sockets) server.on("connection", (socket) => socket.end("hello"));
console.log((await once(client, "data"))[0]); //=> "hello"

try {
  await allocator.requestPortsInRange(["127.0.0.1"], "tcp", web.port, web.port);
} catch (error) {
  if (!PortError.is(error) || error.code !== "PORT_IN_USE") throw error;
  console.log(error.address, error.port === web.port); //=> "0.0.0.0" true
}
await web.release(); // or `await using`: closes the servers and gives the claim back
