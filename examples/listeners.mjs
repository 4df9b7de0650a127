import { createServer } from "node:http";
import { once } from "node:events";
import { listeners } from "moorage";

const server = createServer().listen(14290, "127.0.0.1");
await once(server, "listening");

// Every socket on the port, and the processes that have it.
const [socket] = await listeners({ port: 14290 });
console.log(socket.protocol, socket.address, socket.port); //=> "tcp" "127.0.0.1" 14290
const [owner] = socket.owners;
console.log(owner.pid === process.pid, owner.folder === process.cwd()); //=> true true

server.close();
await once(server, "close");
console.log(await listeners({ port: 14290 })); //=> []
