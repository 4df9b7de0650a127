// A server on the socket that it was handed as fd 3: `node accept.mjs NAME COUNT`. It answers every connection with
// its name, and ends after as many as it was told.

import { createServer } from "node:net";

const [name, count] = process.argv.slice(2);
let answered = 0;

const server = createServer((socket) => {
  socket.end(name);
  if (++answered === Number(count)) server.close();
});
server.listen({ fd: 3 });
