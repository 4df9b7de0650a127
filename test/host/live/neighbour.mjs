// A Node process with a host, servers and datagram sockets: does what each line of JSON says, and answers with a line.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";

import { bindingOf } from "../../../dist/core/index.js";
import { openHost } from "../../../dist/host/index.js";

const host = openHost();
/** By id: how to close it. */
const opened = new Map();

const does = {
  async open({ id, protocol, address, port, v6only, reuseAddress }) {
    const socket = protocol === "tcp" ? createServer() : newDatagramSocket(address, v6only, reuseAddress);
    if (protocol === "tcp") socket.listen({ host: address, port, ipv6Only: v6only, exclusive: true });
    else socket.bind({ address, port, exclusive: true });
    try {
      await once(socket, "listening");
    } catch (error) {
      if (protocol === "udp") socket.close();
      return { bind: error.code };
    }
    opened.set(id, () => socket.close());
    return { bind: "ok" };
  },

  hold({ id, bindings }) {
    const hold = host.holds.take(bindings.map(bindingOf));
    if (typeof hold === "string") return hold;
    if (id === undefined) hold.release();
    else opened.set(id, () => hold.release());
    return "free";
  },

  look: ({ bindings }) => host.look(bindings.map(bindingOf)),

  close({ id }) {
    opened.get(id)();
    opened.delete(id);
  },
};

function newDatagramSocket(address, ipv6Only, reuseAddr) {
  return createSocket({ type: address.includes(":") ? "udp6" : "udp4", ipv6Only, reuseAddr });
}

function say(what) {
  process.stdout.write(`${JSON.stringify(what ?? null)}\n`);
}

say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  say(await does[asked.does](asked));
}
process.exit();
