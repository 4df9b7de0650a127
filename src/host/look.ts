// A look at the kernel: would it give these bindings now? Found out by making them.
//
// The wildcard is tried on both families at once, which sees every kind of listener (measured: 136 of 136;
// 0.0.0.0 sees 84); for UDP then on IPv4 alone. A TCP port is bound and not listened on, so that nobody sees
// the look and no two looks see one another; what is only bound with SO_REUSEADDR, as a hold is, it does not
// see. A runtime that can only listen looks by listening, which for that moment is in the way of others.
//
// Where a wildcard address does not meet the others (macOS, Windows), those that every machine has are tried one by
// one; who listens on another one alone is not seen there.

import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import type { Verdict } from "../contract/index.ts";
import type { Binding } from "../core/index.ts";
import { coveredBy, type Endpoint, endpointOf, ipv4Of } from "./endpoint.ts";
import type { BindTcp } from "./sockets.ts";
import { judge } from "./verdict.ts";

/** Tries an endpoint and leaves nothing behind: the kernel's error, if there was one. */
type Try = (endpoint: Endpoint) => Promise<NodeJS.ErrnoException | undefined>;

/**
 * A look at one binding; without a way to bind TCP sockets, by listening.
 *
 * @param wildcardMeetsAll whether this system refuses a wildcard address on a port where any other is taken
 */
export function createLook(
  bindTcp: BindTcp | undefined,
  wildcardMeetsAll = true,
): (binding: Binding) => Promise<Verdict> {
  const tryTcp = bindTcp ? tryBinding(bindTcp) : tryListening;
  return async (binding) => {
    const attempt = binding.protocol === "tcp" ? tryTcp : tryUdp;
    const verdict = await tryAtOnce(binding, attempt);
    if (verdict !== "free" || wildcardMeetsAll) return verdict;
    for (const endpoint of coveredBy(binding)) {
      const ofOne = judge(await attempt(endpoint));
      if (ofOne !== "free" && ofOne !== "no-address") return ofOne;
    }
    return "free";
  };
}

/** One address, or a wildcard one for all that it meets. */
async function tryAtOnce(binding: Binding, attempt: Try): Promise<Verdict> {
  const verdict = judge(await attempt(endpointOf(binding)));
  const onIPv4 = ipv4Of(binding);
  if (!onIPv4) return verdict;
  // A machine without IPv6 has no "::": there the IPv4 wildcard is the whole port. And Node leaves it to the
  // system whether a UDP socket on "::" takes IPv4 too (net.ipv6.bindv6only), so IPv4 is tried by itself.
  const ipv4Untried = verdict === "no-address" || (verdict === "free" && binding.protocol === "udp");
  return ipv4Untried ? judge(await attempt(onIPv4)) : verdict;
}

function tryBinding(bind: BindTcp): Try {
  // Async so that what bind() throws is the outcome, as with the other ways.
  return async (endpoint) => {
    try {
      bind(endpoint).close();
      return undefined;
    } catch (error) {
      return error as NodeJS.ErrnoException;
    }
  };
}

function tryListening({ host, port, v6only }: Endpoint): ReturnType<Try> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ port, host, ipv6Only: v6only, exclusive: true, backlog: 1 }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

function tryUdp({ host, port, v6only }: Endpoint): ReturnType<Try> {
  return new Promise((resolve) => {
    const type = host.includes(":") ? "udp6" : "udp4";
    const family = type === "udp6" ? 6 : 4;
    // An address that needs no look-up is bound at once, within the call.
    const socket = createSocket({
      type,
      ipv6Only: v6only,
      lookup: (_, __, found) => found(null, host, family),
    });
    socket.once("error", (error) => {
      socket.close();
      resolve(error);
    });
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.close();
      resolve(undefined);
    });
  });
}
