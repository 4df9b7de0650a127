// The recorded accidents of the original packages, each with what happens here in its place.

import { describe, expect, it } from "vitest";
import { FIRST_EPHEMERAL, IPV4, IPV6, PortManager } from "../../src/netstack/index.ts";
import { type Accidents, NaivePorts } from "./naive-ports.ts";
import { type Case, CASES, caseNamed, replay } from "./replay.ts";
import { on, outcome } from "./reservations.ts";

const V2019 = "netstack-2019";
const NEWEST = "netstack";

/** The quirks that this file answers. */
const answered: Case[] = [];

function quirk(suite: string, name: string): Case {
  const one = caseNamed(suite, name);
  answered.push(one);
  return one;
}

function at(offset: number): () => number {
  return () => (offset + 0.5) / 49536;
}

describe(`quirk: ${quirk(V2019, "a network named twice counts twice").name}`, () => {
  it("counts once, as do all networks: one release frees it", () => {
    const manager = new PortManager();
    manager.reservePort(on({ networks: [IPV4, IPV4] }));
    manager.releasePort(on());
    expect(manager.isPortAvailable(on())).toBe(true);
  });

  it("is released once: another hold that shares the port stays", () => {
    const flags = { loadBalanced: true };
    const manager = new PortManager();
    manager.reservePort(on({ flags }));
    manager.reservePort(on({ flags, networks: [IPV4, IPV4] }));
    manager.releasePort(on({ flags, networks: [IPV4, IPV4] }));
    expect(manager.isPortAvailable(on())).toBe(false);
    manager.releasePort(on({ flags }));
    expect(manager.isPortAvailable(on())).toBe(true);
  });
});

describe(`quirk: ${quirk(NEWEST, "a network named twice").name}`, () => {
  it("does not stand in its own way as a tuple, and counts once", () => {
    const tuple = on({ destination: { address: "192.0.2.1", port: 443 } });
    const manager = new PortManager();
    expect(manager.reserveTuple({ ...tuple, networks: [IPV4, IPV4] })).toBe(true);
    expect(manager.reserveTuple(tuple)).toBe(false);
    manager.releasePort(tuple);
    expect(manager.reserveTuple(tuple)).toBe(true);
  });
});

describe.each([V2019, NEWEST])("quirk of %s: no network: always granted, nothing stored", (suite) => {
  quirk(suite, "no network: always granted, nothing stored");

  it("is a misuse of every call", () => {
    const manager = new PortManager();
    const nowhere = on({ networks: [] });
    const calls = [
      () => manager.isPortAvailable(nowhere),
      () => manager.reservePort(nowhere),
      () => manager.reservePort({ ...nowhere, port: 0 }),
      () => manager.reserveTuple(nowhere),
      () => manager.releasePort(nowhere),
    ];
    for (const call of calls) expect(call).toThrow(RangeError);
    for (const call of calls) expect(call).toThrow(/`networks`.*empty list/u);
  });
});

describe(`quirk: ${quirk(V2019, "all-zero address bytes are not the wildcard here").name}`, () => {
  it.each([
    [IPV4, "0.0.0.0", "10.0.0.1"],
    [IPV6, "::", "fd00::1"],
    [IPV6, "0:0:0:0:0:0:0:0", "fd00::1"],
  ])("on network %i, %s is the wildcard, as the empty text is", (network, wildcard, specific) => {
    const networks = [network];
    const manager = new PortManager();
    manager.reservePort(on({ networks, address: wildcard }));
    expect(manager.isPortAvailable(on({ networks, address: specific }))).toBe(false);
    expect(manager.isPortAvailable(on({ networks, address: "" }))).toBe(false);
    manager.releasePort(on({ networks, address: "" }));
    expect(manager.isPortAvailable(on({ networks, address: wildcard }))).toBe(true);
  });
});

describe(`quirk: ${quirk(V2019, "ephemeral with reuse can share a port that is held with reuse").name}`, () => {
  it("never happens to TCP: a search finds a port of its own", () => {
    const flags = { loadBalanced: true };
    const manager = new PortManager({ random: at(5) });
    manager.reservePort(on({ port: 16005, flags }));
    expect(manager.reservePort(on({ port: 0, flags }))).toBe(16006);
    expect(manager.reservePort(on({ port: 16005, flags }))).toBe(16005);
  });
});

describe(`quirk: ${quirk(V2019, "the 2019 scan misses ports when the offset is above 16000").name}`, () => {
  it.each([16001, 20000, 40000, 49535])("every port is offered once from offset %i on", (offset) => {
    const manager = new PortManager({ random: at(offset) });
    const offered: number[] = [];
    expect(outcome(() => manager.pickEphemeralPort((port) => offered.push(port) === 0))).toBe(
      "NO_PORT_AVAILABLE",
    );
    expect(offered[0]).toBe(FIRST_EPHEMERAL + offset);
    expect([offered.length, new Set(offered).size]).toEqual([49536, 49536]);
  });
});

describe(`quirk: ${quirk(NEWEST, "the scan near 2^32 repeats some ports and misses others").name}`, () => {
  it("offers every port once, however close to 1 the random number is", () => {
    const manager = new PortManager({ random: () => 1 - Number.EPSILON / 2 });
    manager.setPortRange(100, 109);
    const offered: number[] = [];
    expect(outcome(() => manager.pickEphemeralPort((port) => offered.push(port) === 0))).toBe(
      "NO_PORT_AVAILABLE",
    );
    expect(offered).toEqual([109, 100, 101, 102, 103, 104, 105, 106, 107, 108]);
  });
});

describe.each([
  { one: quirk(NEWEST, "the range 0-65535 has a count of zero"), last: 65535 },
  { one: quirk(NEWEST, "a range that holds port 0 hands it out"), last: 2 },
])("quirk: $one.name", ({ last }) => {
  it("is refused, and the range stays as it was", () => {
    const manager = new PortManager({ random: at(0) });
    expect(outcome(() => manager.setPortRange(0, last))).toBe("INVALID_PORT_RANGE");
    expect(manager.portRange()).toEqual({ first: FIRST_EPHEMERAL, last: 65535 });
    expect(manager.reservePort(on({ port: 0 }))).toBe(FIRST_EPHEMERAL);
  });

  it("has its sound form: 1 to 65535 searches all of them", () => {
    const manager = new PortManager({ random: () => 0.5 });
    manager.setPortRange(1, 65535);
    let offered = 0;
    manager.reservePort(on({ port: 0 }), (port) => ++offered > 0 && port === 32767);
    expect(offered).toBe(65535);
  });
});

describe(`quirk: ${quirk(NEWEST, "release with other flags than were reserved").name}`, () => {
  it.each([{}, { mostRecent: true }, { loadBalanced: true, tupleOnly: true }])(
    "changes nothing, whether %o or the right ones are named later",
    (flags) => {
      const held = on({ flags: { loadBalanced: true } });
      const manager = new PortManager();
      manager.reservePort(held);
      manager.reservePort(held);
      manager.releasePort(on({ flags }));
      manager.releasePort(held);
      expect(manager.isPortAvailable(on())).toBe(false);
      expect(manager.isPortAvailable(held)).toBe(true);
      manager.releasePort(held);
      expect(manager.isPortAvailable(on())).toBe(true);
    },
  );
});

describe("histories in which the original miscounts", () => {
  const histories: { one: Case; accident: Accidents }[] = [
    { one: quirk(V2019, "random sequence 6"), accident: { sharesTcpSearch: true } },
    { one: quirk(NEWEST, "random sequence 12"), accident: { releasesAnyFlags: true } },
    { one: quirk(NEWEST, "random sequence 20"), accident: { releasesAnyFlags: true } },
    { one: quirk(NEWEST, "random sequence 26"), accident: { releasesAnyFlags: true } },
  ];
  for (const number of [9, 13, 14, 15, 19]) {
    const one = caseNamed(NEWEST, `random sequence ${number}`);
    histories.push({ one, accident: { releasesAnyFlags: true } });
  }

  it.each(histories)(
    "$one.name differs by that one accident and nothing else: $accident",
    ({ one, accident }) => {
      const ours = replay(one, (random) => new PortManager({ random })).differences;
      expect(ours).not.toEqual([]);
      expect(ours).toEqual(replay(one, (random) => new NaivePorts(random)).differences);
      expect(replay(one, (random) => new NaivePorts(random, accident)).differences).toEqual([]);
    },
  );
});

it("every recorded quirk has its answer here", () => {
  const recorded = CASES.filter((one) => one.quirk);
  expect(recorded.length).toBe(15);
  for (const one of recorded) expect(answered).toContain(one);
});
