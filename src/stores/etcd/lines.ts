// The lines of an answer that goes on, as a watch does: many at once, where many come.

import type { IncomingMessage } from "node:http";

/**
 * How long a stream is left alone after something was read from it: longer where much comes, of which each piece by itself
 * costs most. Not so long that what comes meanwhile has no room in the kernel: etcd then falls back by tenths of a second.
 */
const REST_MS = { little: 10, much: 30 };
/** Some dozens of changes. */
const MUCH_TEXT = 16_384;

/** Ends with what is read from; what failed there is thrown. */
export async function* linesOf(incoming: IncomingMessage): AsyncGenerator<string[], void> {
  const chunks: Buffer[] = [];
  let [wake, error]: [() => void, unknown] = [() => {}, undefined];
  let isOver = false;
  incoming.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    wake();
  });
  incoming.on("error", (reason) => (error = reason));
  incoming.on("close", () => {
    isOver = true;
    wake();
  });
  for (let rest: Buffer = Buffer.alloc(0); ;) {
    if (chunks.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve));
    if (chunks.length > 0) {
      const bytes = Buffer.concat([rest, ...chunks.splice(0)]);
      const end = bytes.lastIndexOf("\n") + 1;
      // All of it is ASCII, which is read as one text: lines are parts of that.
      const lines = bytes.toString("latin1", 0, end).split("\n");
      const full = lines.filter((line) => line !== "");
      rest = bytes.subarray(end);
      if (full.length > 0) yield full;
      // What comes meanwhile is read at once, which is far cheaper than piece by piece.
      if (!isOver) await rested(incoming, bytes.length < MUCH_TEXT ? REST_MS.little : REST_MS.much);
    } else {
      if (error !== undefined) throw error;
      // An error that is told in place of a stream has no end of line.
      if (rest.length > 0) yield [rest.toString("latin1")];
      return;
    }
  }
}

/** A while, or until it is over; what comes meanwhile waits in the kernel. */
async function rested(incoming: IncomingMessage, ms: number): Promise<void> {
  const { socket } = incoming;
  incoming.pause();
  socket.pause();
  let wake!: () => void;
  await new Promise<void>((resolve) => {
    wake = resolve;
    setTimeout(wake, ms).unref();
    incoming.once("close", wake);
  });
  incoming.off("close", wake);
  socket.resume();
  incoming.resume();
}
