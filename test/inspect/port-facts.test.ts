// What a number says, and what the kernel would answer who binds it.

import { describe, expect, it } from "vitest";
import { type Outlook, outlooks, portFacts } from "../../src/inspect/index.ts";
import { listenerOn } from "./scenes.ts";

const SETTINGS = {
  ephemeral: { first: 32768, last: 60999 },
  reserved: [40000, 500],
  unprivilegedStart: 1024,
};

describe("a number", () => {
  it.each([
    [80, { isPrivileged: true }],
    [1023, { isPrivileged: true }],
    [1024, {}],
    [500, { isPrivileged: true, isReserved: true }],
    [32767, {}],
    [32768, { isEphemeral: true }],
    [60999, { isEphemeral: true }],
    [61000, {}],
    [40000, { isReserved: true }],
    [6000, { isRefusedByBrowsers: true }],
    [10080, { isRefusedByBrowsers: true }],
  ])("%i says %o", (port, facts) => {
    const none = { isEphemeral: false, isReserved: false, isPrivileged: false, isRefusedByBrowsers: false };
    expect(portFacts(port, SETTINGS)).toEqual({ ...none, ...facts });
  });

  it("is refused by browsers where fetch() refuses it", async () => {
    const every = Array.from({ length: 65535 }, (_, at) => at + 1);
    const refused = every.filter((port) => portFacts(port, SETTINGS).isRefusedByBrowsers);
    expect(refused).toHaveLength(82);
    for (const port of refused) {
      const attempt = fetch(`http://127.0.0.1:${port}/`);
      await expect(attempt).rejects.toMatchObject({ cause: { message: "bad port" } });
    }
  });
});

describe("who binds the whole port", () => {
  const lease = { ports: [3000], protocols: ["tcp"], addresses: ["::"] } as const;

  it("is let where nothing is", () => {
    expect(refusals(outlooks(3000, [], []))).toEqual({});
  });

  it.each(["::", "0.0.0.0", "127.0.0.1", "::1", "192.0.2.1"])(
    "is refused beside a TCP listener on %s, with SO_REUSEADDR too",
    (address) => {
      expect(refusals(outlooks(3000, [listenerOn(address, [])], []))).toEqual({
        tcp: `listener ${address}`,
        "tcp+reuse": `listener ${address}`,
      });
    },
  );

  it("is refused beside a UDP socket, for UDP", () => {
    expect(refusals(outlooks(3000, [listenerOn("::", [], { protocol: "udp" })], []))).toEqual({
      udp: "datagram ::",
      "udp+reuse": "datagram ::",
    });
  });

  it("is refused beside a hold, but for a server with SO_REUSEADDR", () => {
    expect(refusals(outlooks(3000, [], [lease]))).toEqual({ tcp: "hold ::" });
  });

  it("is refused for the listener where there is a hold too", () => {
    expect(refusals(outlooks(3000, [listenerOn("127.0.0.1", [])], [lease]))).toEqual({
      tcp: "listener 127.0.0.1",
      "tcp+reuse": "listener 127.0.0.1",
    });
  });
});

/** "tcp", "tcp+reuse" and so on, where they are refused, with the rule. */
function refusals(all: readonly Outlook[]): Record<string, string> {
  return Object.fromEntries(
    all.flatMap(({ protocol, reuseAddress, refusedBy }) =>
      refusedBy
        ? [[`${protocol}${reuseAddress ? "+reuse" : ""}`, `${refusedBy.rule} ${refusedBy.address}`]]
        : [],
    ),
  );
}
