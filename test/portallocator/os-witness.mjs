// Sockets of an OSAllocator and of strangers, in a network namespace of its own: does what it is told over IPC.

import { spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

import { PortAllocator } from "../../dist/portallocator/index.js";
import { OSAllocator } from "../../dist/portallocator/os/index.js";

const TCP = 6;
const UDP = 17;

let book;
let allocator;
const opened = [];

const operations = {
  new({ begin, end }) {
    book = new PortAllocator({ begin, end });
    allocator = new OSAllocator(book);
    return {};
  },

  async os_request({ ips, proto, start, end }) {
    try {
      const granted = await allocator.requestPortsInRange(ips, proto, start, end);
      const { port, sockets } = granted;
      return { port, socks: sockets.length, info: sockets.map(describe), handle: keep(granted) };
    } catch (error) {
      return { err: error.message, code: error.code, port: 0 };
    }
  },

  os_release({ ips, proto, port }) {
    allocator.releasePorts(ips, proto, port);
    return { ok: true };
  },

  os_close({ handle }) {
    for (const socket of opened[handle].sockets) socket.close();
    return { ok: true };
  },

  async ext_listen({ ip, proto, port }) {
    const socket = proto === "tcp" ? createServer() : createSocket("udp4");
    if (proto === "tcp") socket.listen({ host: ip, port });
    else socket.bind({ address: ip, port });
    await once(socket, "listening");
    return { handle: keep({ sockets: [socket] }) };
  },

  async ext_close({ handle }) {
    const [socket] = opened[handle].sockets;
    socket.close();
    await once(socket, "close");
    return {};
  },

  /** Closes whatever it is, and closed before or not. */
  put_away({ handle }) {
    for (const socket of opened[handle].sockets) {
      try {
        socket.close();
      } catch {
        // It was.
      }
    }
    return {};
  },

  /** How many of the book's default ports are taken. */
  count({ ip, begin, end }) {
    const taken = [];
    for (let port = begin; port <= end; port++) {
      try {
        book.releasePort(ip, "tcp", book.requestPort(ip, "tcp", port));
      } catch {
        taken.push(port);
      }
    }
    return { entries: taken.length };
  },
};

async function answer({ op, args }) {
  process.send(await operations[op](args));
}

function keep(what) {
  return opened.push(what) - 1;
}

function describe(socket) {
  const { address, port } = socket.address();
  const listening = "listening" in socket ? Number(socket.listening) : 0;
  return "listening" in socket
    ? { addr: address, port, protocol: TCP, listening, backlog: backlogOf(port) }
    : { addr: address, port, protocol: UDP, listening };
}

/** As the kernel has it: `ss` shows it in the place of what is still to be sent. */
function backlogOf(port) {
  const { stdout } = spawnSync("ss", ["-Hltn", `sport = :${port}`], { encoding: "utf8" });
  return Number(stdout?.split(/\s+/u)[2]);
}

process.on("message", (message) => void answer(message));
process.send({ ready: true });
