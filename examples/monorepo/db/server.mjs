// A database of one table: it answers each line with what it knows of the key.
// Without Moorage: port 5432.
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const port = Number(process.env.DB_LISTEN ?? 5432);
const rows = { greeting: "hello" };

createServer((socket) => {
  socket.on("error", () => socket.destroy());
  createInterface({ input: socket }).on("line", (key) => socket.write(`${rows[key] ?? "nothing"}\n`));
}).listen(port, "127.0.0.1", () => console.log(`db listens on ${port}`));
