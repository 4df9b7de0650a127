// A look at the kernel: it sees every stranger, and leaves nothing behind.

import { networkInterfaces } from "node:os";

import { describe, expect, it } from "vitest";

import { bindingOf, type Transport } from "../../src/core/index.ts";
import { openHost } from "../../src/host/index.ts";
import { askWitness, canRunAsRoot, type Place } from "./processes.ts";
import { occupy, wholePort } from "./sockets.ts";

const host = openHost();
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);
const linux = process.platform === "linux";

/** A port of this file's own. Below every ephemeral range, beside those of other tests. */
function ownPorts(): () => number {
  let port = 11_000;
  return () => port++;
}
const nextPort = ownPorts();

/** The network namespace of its own that a command after it has, where "::" can be made IPv6 alone. */
const OWN_NETWORK: Place = ["unshare", "--net"];
const IPV6_ALONE = "echo 1 > /proc/sys/net/ipv6/bindv6only";

describe.each<Transport>(["tcp", "udp"])("a look at a %s port", (protocol) => {
  const strangers = [
    "0.0.0.0",
    "127.0.0.1",
    ...(linux ? ["127.0.0.2"] : []),
    ...(hasIPv6 ? ["::", "::1"] : []),
  ];

  it("finds it free, again and again, and free to bind afterwards", async () => {
    const port = nextPort();
    for (let time = 0; time < 3; time++) expect(await host.look([wholePort(port, protocol)])).toBe("free");
    const looks = Array.from({ length: 3 }, () => host.look([wholePort(nextPort(), protocol)]));
    expect(await Promise.all(looks)).toEqual(["free", "free", "free"]);
    await occupy("0.0.0.0", port, protocol);
  });

  it.each(strangers)("sees a stranger on %s, and that it has gone", async (address) => {
    const port = nextPort();
    const stranger = await occupy(address, port, protocol);
    expect(await host.look([wholePort(port, protocol)])).toBe("stranger");
    await stranger.close();
    expect(await host.look([wholePort(port, protocol)])).toBe("free");
  });

  it.skipIf(!linux)("on one address does not mind a stranger on another", async () => {
    const port = nextPort();
    await occupy("127.0.0.1", port, protocol);
    expect(await host.look([bindingOf({ protocol, address: "127.0.0.2", port })])).toBe("free");
    expect(await host.look([bindingOf({ protocol, address: "127.0.0.1", port })])).toBe("stranger");
    expect(await host.look([bindingOf({ protocol, address: "0.0.0.0", port })])).toBe("stranger");
  });

  it("does not mind a stranger of the other protocol", async () => {
    const port = nextPort();
    await occupy("127.0.0.1", port, protocol === "tcp" ? "udp" : "tcp");
    expect(await host.look([wholePort(port, protocol)])).toBe("free");
  });

  it("on an address that this machine does not have says so", async () => {
    const port = nextPort();
    expect(await host.look([bindingOf({ protocol, address: "192.0.2.1", port })])).toBe("no-address");
    expect(await host.look([bindingOf({ protocol, address: "2001:db8::1", port })])).toBe("no-address");
    expect(await host.look([bindingOf({ protocol, address: "fe80::1%nodevice", port })])).toBe("no-address");
  });

  it("takes an IPv4-mapped address for the IPv4 address", async () => {
    const port = nextPort();
    await occupy("127.0.0.1", port, protocol);
    expect(await host.look([bindingOf({ protocol, address: "::ffff:127.0.0.1", port })])).toBe("stranger");
  });

  it.skipIf(!canRunAsRoot(...OWN_NETWORK, "sh", "-c", IPV6_ALONE))(
    'sees a stranger of IPv4 where "::" is IPv6 alone (needs root and unshare)',
    async () => {
      const told = await askWitness(OWN_NETWORK, "lookBesideIPv4", protocol);
      expect(told).toEqual({ taken: "stranger", left: "free" });
    },
  );

  it.skipIf(!hasIPv6)("of IPv6 alone does not mind a stranger of IPv4", async () => {
    const port = nextPort();
    await occupy("0.0.0.0", port, protocol);
    expect(await host.look([bindingOf({ protocol, address: "::", port, v6only: true })])).toBe("free");
  });
});

describe("a look at several bindings", () => {
  it("is free when all are, else says what the first other one is", async () => {
    const [free, taken] = [nextPort(), nextPort()];
    await occupy("127.0.0.1", taken);
    const missing = bindingOf({ protocol: "tcp", address: "192.0.2.1", port: free });
    expect(await host.look([])).toBe("free");
    expect(await host.look([wholePort(free), wholePort(free, "udp")])).toBe("free");
    expect(await host.look([wholePort(free), wholePort(taken), missing])).toBe("stranger");
    expect(await host.look([wholePort(free), missing, wholePort(taken)])).toBe("no-address");
  });

  it("is not begun when the signal is aborted", async () => {
    const reason = new Error("enough");
    const look = host.look([wholePort(nextPort())], { signal: AbortSignal.abort(reason) });
    await expect(look).rejects.toBe(reason);
  });
});
