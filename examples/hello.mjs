// A server that listens on $PORT and says hello. Stop it with Ctrl-C.
import { createServer } from "node:http";

const server = createServer((request, response) => response.end("hello\n"));

server.listen(Number(process.env.PORT), () => {
  console.log(`hello from http://localhost:${server.address().port} (Ctrl-C stops it)`);
});
