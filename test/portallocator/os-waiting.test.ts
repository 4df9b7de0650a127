// Connections that come to a granted port before anybody takes them.

import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";

import { MOST_WAITING } from "../../src/portallocator/os/waiting-connections.ts";
import { world } from "./os-world.ts";

function greet(
  port: number,
  host = "127.0.0.1",
): { readonly socket: Socket; readonly heard: Promise<string> } {
  const socket = connect({ port, host });
  onTestFinished(() => void socket.destroy());
  socket.setEncoding("utf8").end("hello");
  const heard = (async (): Promise<string> => {
    let text = "";
    for await (const chunk of socket) text += chunk as string;
    return text;
  })();
  return { socket, heard };
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

describe("a connection made before anybody listens for it", () => {
  it("waits unread, and goes to the first listener with all it sent, its end included", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const early = greet(port);
    await once(early.socket, "connect");
    const [server] = sockets;
    await settled(server!);
    server!.on("connection", (socket) => socket.pipe(socket));
    expect(await early.heard).toBe("hello");
    expect(await greet(port).heard).toBe("hello");
  });

  it("can be one that sends nothing but its end, and is answered", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const early = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    onTestFinished(() => void early.destroy());
    early.end();
    await once(early, "finish");
    await settled(sockets[0]!);
    // Long enough for the end to be read, were it read.
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    sockets[0]!.on("connection", (socket) => socket.end("hello"));
    expect(((await once(early, "data")) as [Buffer])[0].toString()).toBe("hello");
  });

  it("can be reset while it waits, which harms nobody", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const early = await connected(port);
    await settled(sockets[0]!);
    early.resetAndDestroy();
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    sockets[0]!.on("connection", (socket) => socket.on("error", () => undefined).pipe(socket));
    expect(await greet(port).heard).toBe("hello");
  });

  it("is served by an HTTP server", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const early = fetch(`http://127.0.0.1:${port}/`);
    await settled(sockets[0]!);
    const http = createServer((_, response) => response.end("hello"));
    sockets[0]!.on("connection", (socket) => {
      http.emit("connection", socket);
      socket.resume();
    });
    expect(await (await early).text()).toBe("hello");
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("hello");
    http.closeAllConnections();
  });

  it("waits for the next listener where one takes a single connection", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const [server] = sockets;
    const early = [greet(port), greet(port), greet(port)];
    await settled(server!, 3);
    for (const { heard } of early) {
      const [socket] = (await once(server!, "connection")) as [Socket];
      socket.pipe(socket);
      expect(await heard).toBe("hello");
    }
  });

  it("can be sent to another process, after its server, and nobody is refused", async () => {
    const here = await world(1);
    const { port, sockets } = await here.request(["127.0.0.1"]);
    const [server] = sockets;
    const early = greet(port);
    await settled(server!);
    const child = fork(new URL("echo-handed.mjs", import.meta.url));
    onTestFinished(() => void child.kill());
    const hand = async (what: string, handle: Server | Socket): Promise<void> => {
      child.send({ what }, handle);
      await once(child, "message");
    };
    await hand("server", server!);
    const taken = once(server!, "connection") as Promise<[Socket]>;
    await hand("connection", (await taken)[0]);
    server!.close();
    expect(await early.heard).toBe("hello");
    expect(await greet(port).heard).toBe("hello");
    expect(() => here.book.requestPort("127.0.0.1", "tcp", port)).toThrow("already allocated");
    here.allocator.releasePorts(["127.0.0.1"], "tcp", port);
    expect(here.book.requestPort("127.0.0.1", "tcp", port)).toBe(port);
  });

  it("is closed at the release, when one that was taken goes on", async () => {
    const here = await world(1);
    const granted = await here.request(["127.0.0.1"]);
    const [server] = granted.sockets;
    const first = await connected(granted.port);
    const [first_] = (await once(server!, "connection")) as [Socket];
    const second = await connected(granted.port);
    await settled(server!, 2);
    const closed = once(second, "close");
    await granted.release();
    await closed;
    first_.end("bye");
    expect(((await once(first, "data")) as [Buffer])[0].toString()).toBe("bye");
  });

  it(`is closed beyond ${MOST_WAITING} that wait`, async () => {
    const here = await world(1);
    const { port } = await here.request(["127.0.0.1"]);
    for (let i = 0; i < MOST_WAITING; i++) await connected(port);
    const one = await connected(port);
    await expect(once(one, "close")).resolves.toBeDefined();
  });
});

/** Waits until so many connections were accepted. */
async function settled(server: Server, connections = 1): Promise<void> {
  for (;;) {
    const count = await new Promise<number>((resolve, reject) =>
      server.getConnections((error, found) => (error ? reject(error) : resolve(found))),
    );
    if (count >= connections) return;
    await nextTurn();
  }
}
