// What the tests of every runner do with their ports: listen on each, say so, and go on when all workers of all runs
// have come so far, so that all ports are in use at the same time.

const { appendFileSync, readdirSync, writeFileSync } = require("node:fs");
const { createServer } = require("node:http");
const { once } = require("node:events");
const { join } = require("node:path");
const { setTimeout: pause } = require("node:timers/promises");

const { RUN, REPORT, MEETING, GUESTS, STAYS } = process.env;

async function listen(port, answer = "") {
  const server = createServer((_, response) => response.end(answer)).listen(port);
  await once(server, "listening");
  return server;
}

async function meet(guest) {
  writeFileSync(join(MEETING, guest), "");
  while (readdirSync(MEETING).length < Number(GUESTS)) await pause(20);
  // A run that is to be killed does not end by itself.
  if (STAYS) await new Promise(() => setInterval(() => undefined, 1000));
}

/** `file`: which of the files with tests it is. */
exports.play = async ({ file, own, shared }) => {
  const servers = await Promise.all(own.map((port) => listen(port)));
  // The server of the run, which says whose it is.
  const answer = await (
    await fetch(`http://127.0.0.1:${shared.web}/`, { headers: { connection: "close" } })
  ).text();
  const line = { run: RUN, file, pid: process.pid, own, shared, answer };
  appendFileSync(REPORT, `${JSON.stringify(line)}\n`);
  await meet(`${RUN}-${file}`);
  for (const server of servers) server.close();
};

/** The server that all workers of a run share. */
exports.serve = (port) => listen(port, RUN);
