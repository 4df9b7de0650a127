import { createServer } from "node:http";

createServer((_, response) => response.end("web")).listen(process.env.PORT);
