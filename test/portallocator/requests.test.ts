// What a request may say, what it changes, and that a refused one changes nothing.

import { describe, expect, it } from "vitest";

import { PortAllocator, type PortAllocatorOptions, type Protocol } from "../../src/portallocator/index.ts";

type Call = (allocator: PortAllocator) => unknown;

const coded = (code: string): unknown => expect.objectContaining({ name: "PortError", code });
const named = (option: string): unknown =>
  expect.objectContaining({
    name: "TypeError",
    message: expect.stringContaining(`\`${option}\``) as unknown,
  });

/** An allocator with something in every kind of book, full enough that a lost mark or cursor shows. */
function inUse(): PortAllocator {
  const allocator = new PortAllocator({ begin: 100, end: 103 });
  allocator.requestPort("10.0.0.1", "tcp", 0);
  allocator.requestPort("10.0.0.1", "tcp", 80);
  allocator.requestPortsInRange(["10.0.0.2", "::"], "udp", 200, 203);
  return allocator;
}

function attempt(call: () => number): unknown {
  try {
    return call();
  } catch (error) {
    return (error as Error).message;
  }
}

/** What the allocator goes on to say: every exact port, then every search. */
function future(allocator: PortAllocator): unknown[] {
  const ips = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "2001:db8::1", "0.0.0.0", "::"];
  const protocols: Protocol[] = ["tcp", "udp", "sctp"];
  return protocols.flatMap((protocol) =>
    ips.flatMap((ip) => [
      attempt(() => allocator.requestPortInRange(ip, protocol, 0, 0)),
      attempt(() => allocator.requestPortInRange(ip, protocol, 200, 203)),
      attempt(() => allocator.requestPort(ip, protocol, 80)),
    ]),
  );
}

const BAD_PORTS: readonly (readonly [unknown, unknown])[] = [
  [Number.NaN, coded("INVALID_PORT_RANGE")],
  [1.5, coded("INVALID_PORT_RANGE")],
  [-1, coded("INVALID_PORT_RANGE")],
  [65536, coded("INVALID_PORT_RANGE")],
  [Number.POSITIVE_INFINITY, coded("INVALID_PORT_RANGE")],
  ["80", named("port")],
  [80n, named("port")],
  [null, named("port")],
  [undefined, named("port")],
];

const BAD_CALLS: readonly (readonly [string, Call, unknown])[] = [
  ...BAD_PORTS.flatMap(([port, error]) => [
    [
      `request of port ${String(port)}`,
      (a: PortAllocator) => a.requestPort(null, "tcp", port as number),
      error,
    ] as const,
    [
      `release of port ${String(port)}`,
      (a: PortAllocator) => a.releasePort("10.0.0.1", "tcp", port as number),
      error,
    ] as const,
  ]),
  ["release of port 0", (a) => a.releasePort("10.0.0.1", "tcp", 0), coded("INVALID_PORT_RANGE")],
  ["a start behind the end", (a) => a.requestPortInRange(null, "tcp", 203, 200), coded("INVALID_PORT_RANGE")],
  ["a start of 0 with an end", (a) => a.requestPortInRange(null, "tcp", 0, 200), coded("INVALID_PORT_RANGE")],
  ["an end of 0 with a start", (a) => a.requestPortInRange(null, "tcp", 200, 0), coded("INVALID_PORT_RANGE")],
  [
    "an end past the last port",
    (a) => a.requestPortsInRange(["::"], "tcp", 65535, 65536),
    coded("INVALID_PORT_RANGE"),
  ],
  ["a start as text", (a) => a.requestPortInRange(null, "tcp", "200" as never, 203), named("portStart")],
  ["an end as text", (a) => a.requestPortsInRange(["::"], "tcp", 200, "203" as never), named("portEnd")],
  ["an unknown protocol", (a) => a.requestPort(null, "TCP" as Protocol, 80), coded("UNKNOWN_PROTOCOL")],
  ["an inherited name", (a) => a.requestPort(null, "toString" as Protocol, 80), coded("UNKNOWN_PROTOCOL")],
  ["a protocol that is no text", (a) => a.requestPort(null, 6 as never, 80), coded("UNKNOWN_PROTOCOL")],
  ["a host name", (a) => a.requestPort("localhost", "tcp", 80), coded("INVALID_ADDRESS")],
  ["an octal address", (a) => a.requestPort("010.0.0.1", "tcp", 80), coded("INVALID_ADDRESS")],
  ["no text", (a) => a.requestPort("", "tcp", 80), coded("INVALID_ADDRESS")],
  ["a zone", (a) => a.requestPort("fe80::1%eth0", "tcp", 80), coded("INVALID_ADDRESS")],
  ["a zone on ::", (a) => a.requestPortsInRange(["::%eth0"], "tcp", 0, 0), coded("INVALID_ADDRESS")],
  ["a number as address", (a) => a.requestPort(1 as never, "tcp", 80), named("ip")],
  ["no address at all", (a) => a.requestPort(undefined as never, "tcp", 80), named("ip")],
  ["an empty list", (a) => a.requestPortsInRange([], "tcp", 0, 0), coded("INVALID_ADDRESS")],
  [
    "null in a list",
    (a) => a.requestPortsInRange(["10.0.0.3", null as never], "tcp", 0, 0),
    coded("INVALID_ADDRESS"),
  ],
  [
    "a bad address behind a good one",
    (a) => a.requestPortsInRange(["10.0.0.3", "x"], "tcp", 300, 300),
    coded("INVALID_ADDRESS"),
  ],
  ["a text as list", (a) => a.requestPortsInRange("::" as never, "tcp", 0, 0), named("ips")],
  ["undefined in a list", (a) => a.requestPortsInRange([undefined, "::"] as never, "tcp", 0, 0), named("ip")],
];

describe("a call that is refused", () => {
  it.each(BAD_CALLS)("%s: says why and changes nothing", (_what, call, error) => {
    const allocator = inUse();
    expect(() => call(allocator)).toThrow(error);
    expect(future(allocator)).toEqual(future(inUse()));
  });

  it("for a taken port changes none of the other addresses of its list", () => {
    const allocator = inUse();
    expect(() => allocator.requestPortsInRange(["10.0.0.3", "10.0.0.1"], "tcp", 80, 80)).toThrow(
      expect.objectContaining({ code: "PORT_IN_USE", address: "10.0.0.1", port: 80 }),
    );
    expect(allocator.requestPort("10.0.0.3", "tcp", 80)).toBe(80);
  });

  it("looks at the protocol first, then at the range, then at the addresses", () => {
    const allocator = new PortAllocator();
    const icmp = "icmp" as Protocol;
    expect(() => allocator.requestPortsInRange([], icmp, 7, 6)).toThrow(coded("UNKNOWN_PROTOCOL"));
    expect(() => allocator.requestPortsInRange([], "tcp", 7, 6)).toThrow(coded("INVALID_PORT_RANGE"));
    expect(() => allocator.requestPort("x", "tcp", -1)).toThrow(coded("INVALID_PORT_RANGE"));
    expect(() => allocator.releasePort("x", icmp, -1)).toThrow(coded("UNKNOWN_PROTOCOL"));
    expect(() => allocator.releasePort("x", "tcp", -1)).toThrow(coded("INVALID_PORT_RANGE"));
  });
});

describe("a request", () => {
  it("takes an IPv4-mapped address for the IPv4 address it maps to", () => {
    const allocator = new PortAllocator();
    allocator.requestPort("::ffff:10.0.0.1", "tcp", 80);
    expect(() => allocator.requestPort("10.0.0.1", "tcp", 80)).toThrow("Bind for 10.0.0.1:80 failed");
    expect(() => allocator.requestPort("::ffff:0:0", "tcp", 80)).toThrow("Bind for 10.0.0.1:80 failed");
    expect(allocator.requestPort("::", "tcp", 80)).toBe(80);
  });

  it("takes two spellings of an IPv6 address for one", () => {
    const allocator = new PortAllocator();
    allocator.requestPort("2001:DB8:0:0::1", "tcp", 80);
    expect(() => allocator.requestPort("2001:db8::1", "tcp", 80)).toThrow("Bind for 2001:db8::1:80 failed");
    expect(() => allocator.requestPort("0:0::0", "tcp", 80)).toThrow("Bind for 2001:db8::1:80 failed");
  });

  it("counts an address that its list names twice once", () => {
    const allocator = new PortAllocator();
    allocator.requestPortsInRange(["10.0.0.1", "10.0.0.1", "::ffff:10.0.0.1"], "tcp", 80, 80);
    allocator.releasePort("10.0.0.1", "tcp", 80);
    expect(allocator.requestPort("0.0.0.0", "tcp", 80)).toBe(80);
  });

  it("shares the cursor of the default range with whoever spells that range out", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    expect(allocator.requestPort(null, "tcp", 0)).toBe(100);
    expect(allocator.requestPortInRange(null, "tcp", 100, 105)).toBe(101);
    expect(allocator.requestPort(null, "tcp", 0)).toBe(102);
  });

  it("keeps a cursor for each range, also where two begin or end alike", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    const next = (start: number, end: number): number => {
      const port = allocator.requestPortInRange(null, "tcp", start, end);
      allocator.releasePort(null, "tcp", port);
      return port;
    };
    expect([next(100, 105), next(100, 105), next(100, 105)]).toEqual([100, 101, 102]);
    expect([next(100, 101), next(100, 101), next(100, 101)]).toEqual([100, 101, 100]);
    expect([next(102, 105), next(102, 105), next(100, 105)]).toEqual([102, 103, 103]);
    expect([next(1, 65535), next(65534, 65535), next(1, 65535)]).toEqual([1, 65534, 2]);
  });

  it("moves no cursor when it names its port", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105 });
    allocator.requestPort(null, "tcp", 103);
    allocator.releasePort(null, "tcp", 103);
    expect(allocator.requestPort(null, "tcp", 0)).toBe(100);
  });

  it("steps over reserved ports only when no range is named", () => {
    const allocator = new PortAllocator({ begin: 100, end: 105, reserved: new Set([100, 101, 103, 9]) });
    expect(allocator.requestPort(null, "tcp", 0)).toBe(102);
    expect(allocator.requestPort(null, "tcp", 0)).toBe(104);
    expect(allocator.requestPortInRange(null, "tcp", 100, 105)).toBe(105);
    expect(allocator.requestPortInRange(null, "tcp", 100, 105)).toBe(100);
    expect(allocator.requestPort(null, "tcp", 103)).toBe(103);
    expect(() => allocator.requestPort(null, "tcp", 0)).toThrow(coded("NO_PORT_AVAILABLE"));
  });
});

describe("the constructor", () => {
  it("has the dynamic ports of RFC 6335 but the first for its range", () => {
    expect(new PortAllocator().portRange()).toEqual({ begin: 49153, end: 65535 });
    expect(new PortAllocator({ begin: undefined, end: 60000 }).portRange()).toEqual({
      begin: 49153,
      end: 60000,
    });
    expect(new PortAllocator().requestPort(null, "sctp", 0)).toBe(49153);
  });

  it("hands its range out as a copy", () => {
    const allocator = new PortAllocator();
    allocator.portRange().begin = 1;
    expect(allocator.portRange().begin).toBe(49153);
  });

  it.each<[string, PortAllocatorOptions, unknown]>([
    ["upside down", { begin: 105, end: 100 }, coded("INVALID_PORT_RANGE")],
    ["an end before the default begin", { end: 100 }, coded("INVALID_PORT_RANGE")],
    ["begin 0", { begin: 0, end: 100 }, coded("INVALID_PORT_RANGE")],
    ["begin and end 0", { begin: 0, end: 0 }, coded("INVALID_PORT_RANGE")],
    ["end 65536", { end: 65536 }, coded("INVALID_PORT_RANGE")],
    ["begin NaN", { begin: Number.NaN }, coded("INVALID_PORT_RANGE")],
    ["begin as text", { begin: "100" as never }, named("begin")],
    ["end null", { end: null as never }, named("end")],
    [
      "reserved 0",
      { reserved: [80, 0] },
      expect.objectContaining({
        name: "RangeError",
        message: expect.stringContaining("`reserved`") as unknown,
      }),
    ],
    ["reserved 65536", { reserved: [65536] }, expect.objectContaining({ name: "RangeError" })],
    ["reserved as texts", { reserved: "80" as never }, named("reserved")],
    ["reserved as a number", { reserved: 80 as never }, named("reserved")],
    ["reserved null", { reserved: null as never }, named("reserved")],
    ["an unknown option", { ports: [80] } as never, named("ports")],
  ])("refuses %s", (_what, options, error) => {
    expect(() => new PortAllocator(options)).toThrow(error);
  });
});
