// Echoes on the server, and the connections, that it is handed over IPC.

const echo = (socket) => socket.pipe(socket);

process.on("message", ({ what }, handle) => {
  if (what === "server") handle.on("connection", echo);
  else echo(handle);
  process.send({ has: what });
});
