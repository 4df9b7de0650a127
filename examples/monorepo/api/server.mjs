// An API on top of the database. It takes its port by a flag.
// Without Moorage: `node server.mjs --port 4000`, with the database on port 5432.
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { parseArgs } from "node:util";

const { values } = parseArgs({ options: { port: { type: "string", default: "4000" } } });
const database = new URL(process.env.DATABASE_URL ?? "tcp://localhost:5432");

async function ask(key) {
  const socket = connect(Number(database.port), database.hostname);
  socket.setEncoding("utf8").write(`${key}\n`);
  const [answer] = await once(socket, "data");
  socket.destroy();
  return answer.trim();
}

createServer((request, response) => {
  ask(request.url.split("/").at(-1)).then(
    (answer) => response.end(`${answer}, by the api on ${values.port}`),
    (error) => response.writeHead(502).end(error.message),
  );
}).listen(Number(values.port), () => console.log(`api listens on ${values.port}`));
