// A page that is made of what the API says.
// Without Moorage: port 3000, with the API on port 4000.
import { createServer } from "node:http";

const port = Number(process.env.PORT ?? 3000);
const api = process.env.API ?? "http://localhost:4000/v1";

async function askApi() {
  const answer = await fetch(`${api}/greeting`);
  return `web on ${port} was told: ${await answer.text()}`;
}

createServer((_, response) => {
  askApi().then(
    (text) => response.end(text),
    (error) => response.writeHead(502).end(error.message),
  );
}).listen(port, () => console.log(`web listens on ${port}`));
