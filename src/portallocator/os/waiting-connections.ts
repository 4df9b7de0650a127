// The connections of a listening server that nobody takes yet.
//
// Node accepts as soon as a server listens; a connection that no listener is called with is lost, and keeps its
// file descriptor. Here it waits, paused, until there is a listener. None of its bytes is read before that: they
// stay with the kernel, and so does an end or a reset.

import type { Server, Socket } from "node:net";
import { nextTick } from "node:process";

/** As many as Node has the kernel keep by default. Beyond them a connection is closed: each takes a descriptor. */
export const MOST_WAITING = 511;

/**
 * Keeps the connections of a server for its first listener for "connection", and also while it has none later.
 *
 * @returns closes those that still wait.
 */
export function keepConnections(server: Server): () => void {
  const waiting = new Set<Socket>();
  const isTaken = (): boolean => server.listenerCount("connection") > 1;
  const keep = (connection: Socket): void => {
    if (isTaken()) return;
    if (waiting.size < MOST_WAITING) waiting.add(connection);
    else connection.destroy();
  };
  const handOver = (): void => {
    for (const connection of waiting) {
      // One at a time: a listener that is called once takes one.
      if (!isTaken()) return;
      waiting.delete(connection);
      server.emit("connection", connection);
    }
  };
  server.on("connection", keep);
  server.on("newListener", (event: string) => {
    // Told before the listener is there.
    if (event === "connection" && waiting.size > 0) nextTick(handOver);
  });
  return () => {
    for (const connection of waiting) connection.destroy();
    waiting.clear();
  };
}
