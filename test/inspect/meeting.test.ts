// Which listeners are on what a lease covers: protocol and address, by the kernel's rule.

import { describe, expect, it } from "vitest";
import type { Transport } from "../../src/core/index.ts";
import { byPort, meeting } from "../../src/inspect/index.ts";
import { listenerOn, OWNERS } from "./scenes.ts";

/** For each address of a lease, the listeners that meet it. */
const MEETINGS: readonly [lease: string, met: readonly string[]][] = [
  ["::", ["::", "0.0.0.0", "127.0.0.1", "127.0.0.2", "::1", "fd00::2", "::ffff:127.0.0.1"]],
  ["0.0.0.0", ["::", "0.0.0.0", "127.0.0.1", "127.0.0.2", "::ffff:127.0.0.1"]],
  ["127.0.0.1", ["::", "0.0.0.0", "127.0.0.1", "::ffff:127.0.0.1"]],
  ["127.0.0.2", ["::", "0.0.0.0", "127.0.0.2"]],
  ["::1", ["::", "::1"]],
  ["fd00::2", ["::", "fd00::2"]],
];
const LISTENERS = MEETINGS[0]![1];

function meets(lease: string, listener: string, protocol: Transport = "tcp"): boolean {
  const extent = { ports: [3000], protocols: ["tcp"], addresses: [lease] } as const;
  const found = meeting(extent, byPort([listenerOn(listener, [OWNERS.stranger], { protocol })]));
  return found.length > 0;
}

describe.each(MEETINGS)("a lease of %s", (lease, met) => {
  it.each(LISTENERS)(
    `meets a listener on %s${met.length < LISTENERS.length ? " or not" : ""}`,
    (listener) => {
      expect(meets(lease, listener)).toBe(met.includes(listener));
    },
  );

  it("meets no listener of another protocol", () => {
    expect(LISTENERS.filter((listener) => meets(lease, listener, "udp"))).toEqual([]);
  });
});

describe("a lease", () => {
  it("of two addresses meets what meets one of them, once", () => {
    const extent = { ports: [3000], protocols: ["tcp"], addresses: ["127.0.0.1", "::1"] } as const;
    const listeners = ["::", "127.0.0.1", "127.0.0.2"].map((address) => listenerOn(address, []));
    expect(meeting(extent, byPort(listeners)).map(({ address }) => address)).toEqual(["::", "127.0.0.1"]);
  });

  it("of both protocols meets listeners of both, port by port", () => {
    const extent = { ports: [3000, 3001], protocols: ["tcp", "udp"], addresses: ["::"] } as const;
    const listeners = [
      listenerOn("::", [], { port: 3001 }),
      listenerOn("::", [], { port: 3000, protocol: "udp" }),
      listenerOn("::", [], { port: 3002 }),
    ];
    expect(meeting(extent, byPort(listeners)).map(({ protocol, port }) => `${protocol} ${port}`)).toEqual([
      "udp 3000",
      "tcp 3001",
    ]);
  });

  it("finds the few listeners beside a hundred thousand leased ports in one pass", () => {
    const ports = Array.from({ length: 50_000 }, (_, at) => 10_000 + at);
    const listeners = Array.from({ length: 20_000 }, (_, at) => listenerOn("::", [], { port: 10_000 + at }));
    const all = byPort(listeners);
    const extents = ["tcp", "udp"].map((protocol) => ({
      ports,
      protocols: [protocol as Transport],
      addresses: ["::"],
    }));
    expect(extents.map((extent) => meeting(extent, all).length)).toEqual([20_000, 0]);
  });
});
