// A look at the kernel: would it give these bindings now? Found out by making them.
//
// A TCP port is tried by listening, not by binding alone: Node always sets SO_REUSEADDR, with which a bind
// beside a socket that does not listen succeeds. The wildcard is tried on both families at once, which sees
// every kind of listener (measured: 136 of 136; 0.0.0.0 sees 84); for UDP then on IPv4 alone.

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { Verdict } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";

/** What the kernel says of one binding. */
export async function lookAt(binding: Binding): Promise<Verdict> {
  const { address, device } = binding;
  // A link-local address needs its zone, which is the device it is bound to.
  const host = address.family === 6 && device !== "" ? `${address.text}%${device}` : address.text;
  const verdict = await attempt(binding, host);
  if (address.family === 4 || !address.isUnspecified || binding.v6only) return verdict;
  // A machine without IPv6 has no "::": there the IPv4 wildcard is the whole port. And Node leaves it to the
  // system whether a UDP socket on "::" takes IPv4 too (net.ipv6.bindv6only), so IPv4 is tried by itself.
  const ipv4Untried = verdict === "no-address" || (verdict === "free" && binding.protocol === "udp");
  return ipv4Untried ? await attempt(binding, "0.0.0.0") : verdict;
}

async function attempt(binding: Binding, host: string): Promise<Verdict> {
  const error = binding.protocol === "tcp" ? await tryListen(binding, host) : await tryBind(binding, host);
  switch (error?.code) {
    case undefined:
      if (error) throw error;
      return "free";
    case "EADDRINUSE":
      return "stranger";
    // Windows answers so for ports that a service has excluded.
    case "EACCES":
    case "EPERM":
      return "forbidden";
    case "EADDRNOTAVAIL":
    case "EAFNOSUPPORT":
    case "EINVAL":
      return "no-address";
    default:
      throw error;
  }
}

/** Listens and stops; the error that listen() reported, if it did. */
function tryListen({ port, v6only }: Binding, host: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host, ipv6Only: v6only, exclusive: true, backlog: 1 }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

function tryBind(
  { port, address, v6only }: Binding,
  host: string,
): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const type = address.family === 6 && host !== "0.0.0.0" ? "udp6" : "udp4";
    const socket = createSocket({ type, ipv6Only: v6only });
    socket.once("error", (error) => {
      socket.close();
      resolve(error);
    });
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}
