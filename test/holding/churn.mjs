// Other programs at work: 250 sockets a second bound to any port, and 250 connections a second made from any, each
// open for a quarter of a second. Says "churning" when as many are open as will be, and at its end how many there were.

import { connect, createServer } from "node:net";
import { performance } from "node:perf_hooks";

const EACH_SECOND = 250;
const OPEN_MS = 250;

const sink = createServer((socket) => socket.on("error", () => undefined));
sink.listen(0, "127.0.0.1");

let made = 0;
let binds = 0;
const began = performance.now();

function bindOne() {
  const server = createServer();
  // Now and then there is no port left.
  server.on("error", () => undefined);
  server.listen(0, () => {
    binds++;
    setTimeout(() => server.close(), OPEN_MS);
  });
}

function connectOne() {
  const socket = connect(sink.address().port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("connect", () => {
    binds++;
    // A reset leaves no port behind in TIME_WAIT.
    setTimeout(() => socket.resetAndDestroy(), OPEN_MS);
  });
}

sink.on("listening", () => {
  setInterval(() => {
    // As many as are due, for a timer is seldom on time.
    for (const due = ((performance.now() - began) / 1000) * EACH_SECOND; made < due; made++) {
      bindOne();
      connectOne();
    }
  }, 2);
  setTimeout(() => console.log("churning"), OPEN_MS * 2);
});

process.stdin.resume().on("end", () => {
  const seconds = (performance.now() - began) / 1000;
  console.log(JSON.stringify({ eachSecond: Math.round(binds / seconds) }));
  process.exit();
});
