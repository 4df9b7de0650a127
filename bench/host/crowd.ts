// A process that listens on many ports until its parent lets go of it.

import { once } from "node:events";
import { createServer } from "node:net";

const [first, count] = process.argv.slice(2).map(Number) as [number, number];

process.once("disconnect", () => process.exit());
let listening = 0;
for (let port = first; listening < count; port++) {
  if (await listen(port)) listening++;
}
process.send!("listening");

/** Whether the port could be had. */
async function listen(port: number): Promise<boolean> {
  const server = createServer().listen({ port, host: "0.0.0.0", exclusive: true, backlog: 1 });
  try {
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  }
}
