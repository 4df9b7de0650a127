// What the port manager promises of searches, testers, ranges and refusals.

import { describe, expect, it } from "vitest";
import { PortError } from "../../src/core/errors.ts";
import {
  FIRST_EPHEMERAL,
  IPV4,
  IPV6,
  PortManager,
  type PortTester,
  type Reservation,
  TCP,
  UDP,
} from "../../src/netstack/index.ts";
import { on, outcome } from "./reservations.ts";

const USED = "PORT_IN_USE";
const LB = { loadBalanced: true };
const PEER = { address: "192.0.2.1", port: 443 };
const OTHER_PEER = { address: "192.0.2.2", port: 443 };

describe("a network and a transport", () => {
  it("have a port of their own, whatever their numbers", () => {
    const manager = new PortManager();
    for (const network of [0, 1, 2, 15, 16, 255, 256, IPV4, IPV6, 0xffff_ffff]) {
      for (const transport of [0, 1, TCP, 16, UDP, 128, 255]) {
        expect(manager.reservePort(on({ networks: [network], transport }))).toBe(80);
      }
    }
  });
});

describe("a search", () => {
  it("takes the ports from the start upward, then around, and skips what is held", () => {
    const manager = managerAt(102, 100, 104);
    manager.reservePort(on({ port: 103 }));
    const found = [1, 2, 3, 4].map(() => manager.reservePort(on({ port: 0 })));
    expect(found).toEqual([102, 104, 100, 101]);
    expect(outcome(() => manager.reservePort(on({ port: 0 })))).toBe("NO_PORT_AVAILABLE");
  });

  it("finds the one port left, wherever it is and wherever the start", () => {
    for (let left = 100; left <= 104; left++) {
      for (let start = 100; start <= 104; start++) {
        const manager = managerAt(start, 100, 104);
        for (let port = 100; port <= 104; port++) if (port !== left) manager.reservePort(on({ port }));
        expect(manager.reservePort(on({ port: 0 }))).toBe(left);
      }
    }
  });

  it("finds the last port left of the whole default range", () => {
    const manager = new PortManager({ random: () => 0.25 });
    for (let port = FIRST_EPHEMERAL; port <= 65535; port++) {
      if (port !== 28383) manager.reservePort(on({ port, address: port % 2 === 0 ? "" : "10.0.0.1" }));
    }
    expect(manager.reservePort(on({ port: 0, flags: LB }))).toBe(28383);
    expect(outcome(() => manager.reservePort(on({ port: 0 })))).toBe("NO_PORT_AVAILABLE");
  });

  it("ends at port 65535 and goes on at the first", () => {
    const manager = managerAt(65535, 65534, 65535);
    expect(manager.reservePort(on({ port: 0 }), (port) => port === 65534)).toBe(65534);
    expect(manager.reservePort(on({ port: 0, bindToDevice: 1 }), () => true)).toBe(65535);
    expect(outcome(() => manager.reservePort(on({ port: 0, flags: LB }), () => true))).toBe(
      "NO_PORT_AVAILABLE",
    );
  });

  it("needs a port that is free on all networks", () => {
    const manager = managerAt(100, 100, 102);
    manager.reservePort(on({ port: 100, networks: [IPV6] }));
    manager.reservePort(on({ port: 101, networks: [IPV4] }));
    expect(manager.reservePort(on({ port: 0, address: "", networks: [IPV6, IPV4] }))).toBe(102);
  });

  it("comes to share a port where flags allow it, but never over TCP", () => {
    for (const [transport, port] of [
      [UDP, 100],
      [TCP, 101],
    ] as const) {
      const manager = managerAt(100, 100, 101);
      manager.reservePort(on({ transport, port: 100, flags: LB }));
      expect(manager.reservePort(on({ transport, port: 0, flags: LB }))).toBe(port);
    }
  });

  it("over TCP keeps off a port with any destination, unless it is on another device", () => {
    const manager = managerAt(100, 100, 101);
    manager.reservePort(on({ port: 100, bindToDevice: 1, destination: PEER }));
    expect(manager.reservePort(on({ port: 0, bindToDevice: 2, destination: OTHER_PEER }))).toBe(100);
    expect(manager.reservePort(on({ port: 0, destination: { ...PEER, port: 1 } }))).toBe(101);
  });

  it("asks for one random number, and refuses one that is not from 0 to below 1", () => {
    let asked = 0;
    const manager = new PortManager({ random: () => ++asked / 10 });
    manager.reservePort(on({ port: 0 }));
    expect(asked).toBe(1);
    for (const number of [1, -0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const unfair = new PortManager({ random: () => number });
      expect(() => unfair.reservePort(on({ port: 0 }))).toThrow(RangeError);
      expect(() => unfair.pickEphemeralPort(() => true)).toThrow(/`random`/u);
    }
  });

  it("starts somewhere in the range when no random source is given", () => {
    const port = new PortManager().reservePort(on({ port: 0 }));
    expect(port).toBeGreaterThanOrEqual(FIRST_EPHEMERAL);
    expect(port).toBeLessThanOrEqual(65535);
  });
});

describe("pickEphemeralPort", () => {
  it("offers held ports too, and holds none", () => {
    const manager = managerAt(101, 100, 102);
    manager.reservePort(on({ port: 101 }));
    expect(manager.pickEphemeralPort(() => true)).toBe(101);
    expect(manager.pickEphemeralPort((port) => port < 101)).toBe(100);
    expect(manager.isPortAvailable(on({ port: 100 }))).toBe(true);
  });

  it("lets its tester reserve", () => {
    const manager = managerAt(100, 100, 102);
    manager.reservePort(on({ port: 100 }));
    const reserve: PortTester = (port) => outcome(() => manager.reservePort(on({ port }))) === port;
    expect([manager.pickEphemeralPort(reserve), manager.pickEphemeralPort(reserve)]).toEqual([101, 102]);
    expect(outcome(() => manager.pickEphemeralPort(reserve))).toBe("NO_PORT_AVAILABLE");
  });
});

describe("a tester", () => {
  const boom = new Error("boom");

  it.each([{}, { flags: LB }, { bindToDevice: 2, destination: PEER }])(
    "that refuses or throws leaves nothing held: %o",
    (claim) => {
      const manager = managerAt(100, 100, 102);
      expect(outcome(() => manager.reservePort(on(claim), () => false))).toBe(USED);
      expect(() => manager.reservePort(on(claim), thrower)).toThrow(boom);
      expect(outcome(() => manager.reservePort(on({ ...claim, port: 0 }), () => false))).toBe(
        "NO_PORT_AVAILABLE",
      );
      expect(() => manager.reservePort(on({ ...claim, port: 0 }), thrower)).toThrow(boom);
      for (const port of [80, 100, 101, 102]) {
        expect(manager.isPortAvailable(on({ address: "", port }))).toBe(true);
      }
    },
  );

  it("that refuses takes back its own hold and not the one it shares with", () => {
    const manager = new PortManager();
    manager.reservePort(on({ flags: LB }));
    expect(outcome(() => manager.reservePort(on({ flags: LB }), () => false))).toBe(USED);
    expect(manager.isPortAvailable(on())).toBe(false);
    manager.releasePort(on({ flags: LB }));
    expect(manager.isPortAvailable(on())).toBe(true);
  });

  it("is not asked about ports that the rule refuses, and in the order of the search", () => {
    const manager = managerAt(102, 100, 104);
    manager.reservePort(on({ port: 104 }));
    const offered: number[] = [];
    manager.reservePort(on({ port: 0 }), (port) => offered.push(port) === 3);
    expect(offered).toEqual([102, 103, 100]);
    expect(outcome(() => manager.reservePort(on({ port: 104 }), thrower))).toBe(USED);
  });

  it("that throws ends the search at once", () => {
    const manager = managerAt(100, 100, 104);
    const offered: number[] = [];
    expect(() =>
      manager.reservePort(on({ port: 0 }), (port) => {
        if (offered.push(port) === 2) throw boom;
        return false;
      }),
    ).toThrow(boom);
    expect(offered).toEqual([100, 101]);
  });

  it("that calls back finds its port held, and what it takes is not given again", () => {
    const manager = managerAt(100, 100, 104);
    const inner: unknown[] = [];
    const port = manager.reservePort(on({ port: 0 }), (candidate) => {
      inner.push(outcome(() => manager.reservePort(on({ port: candidate }))));
      inner.push(manager.reservePort(on({ port: 0 })));
      return candidate !== 100;
    });
    expect(inner).toEqual([USED, 101, USED, 100]);
    expect(port).toBe(102);
    expect(manager.reservePort(on({ port: 0 }))).toBe(103);
  });

  it("that answers otherwise than true or false, as an async one does, is a misuse and holds nothing", () => {
    const manager = new PortManager();
    const later = (async () => true) as unknown as PortTester;
    expect(() => manager.reservePort(on(), later)).toThrow(/`test`: expected true or false/u);
    expect(() => manager.pickEphemeralPort(later)).toThrow(TypeError);
    expect(manager.isPortAvailable(on())).toBe(true);
  });

  function thrower(): never {
    throw boom;
  }
});

describe("the ephemeral range", () => {
  it("is 16000 to 65535 unless set", () => {
    const manager = new PortManager();
    expect(manager.portRange()).toEqual({ first: 16000, last: 65535 });
    manager.setPortRange(7, 7);
    expect(manager.portRange()).toEqual({ first: 7, last: 7 });
    expect(manager.reservePort(on({ port: 0 }))).toBe(7);
  });

  it("may change while ports are held: they stay held", () => {
    const manager = managerAt(100, 100, 101);
    manager.reservePort(on({ port: 0 }));
    manager.setPortRange(200, 200);
    manager.reservePort(on({ port: 0 }));
    manager.setPortRange(100, 101);
    expect(manager.isPortAvailable(on({ port: 200 }))).toBe(false);
    expect(manager.reservePort(on({ port: 0 }))).toBe(101);
  });

  it.each([
    [0, 10],
    [10, 9],
    [1, 65536],
    [-5, 10],
    [1.5, 10],
    [1, Number.NaN],
  ])("refuses %d to %d and stays as it was", (first, last) => {
    const manager = new PortManager();
    expect(() => manager.setPortRange(first, last)).toThrow(
      expect.objectContaining({ code: "INVALID_PORT_RANGE", input: `${first}-${last}` }),
    );
    expect(manager.portRange()).toEqual({ first: 16000, last: 65535 });
  });

  it("refuses what is not a number", () => {
    const manager = new PortManager();
    expect(() => manager.setPortRange("1" as unknown as number, 10)).toThrow(/`first`.*the string "1"/u);
    expect(() => manager.setPortRange(1, undefined as unknown as number)).toThrow(TypeError);
  });
});

describe("a refusal", () => {
  it("says transport, address and port, and carries the address and port asked for", () => {
    const manager = new PortManager();
    manager.reservePort(on({ address: "" }));
    manager.reservePort(on({ address: "", networks: [IPV6], transport: 132 }));
    expect(refusal(() => manager.reservePort(on()))).toMatchObject({
      code: USED,
      message: "tcp 10.0.0.1:80 is in use",
      address: "10.0.0.1",
      port: 80,
    });
    expect(
      refusal(() => manager.reservePort(on({ networks: [IPV6], transport: 132, address: "::1" }))).message,
    ).toBe("transport 132 [::1]:80 is in use");
    expect(refusal(() => manager.reservePort(on({ transport: UDP, address: "" }), () => false)).message).toBe(
      "udp *:80 was refused by `test`",
    );
  });

  it("of a search says the range", () => {
    const manager = managerAt(100, 100, 101);
    expect(refusal(() => manager.reservePort(on({ port: 0 }), () => false))).toMatchObject({
      code: "NO_PORT_AVAILABLE",
      message: "no port from 100 to 101 is available: for tcp 10.0.0.1:0",
    });
  });
});

describe("arguments that make no sense", () => {
  const misuses: readonly (readonly [string, Partial<Record<keyof Reservation, unknown>>, RegExp])[] = [
    ["no list of networks", { networks: 2048 }, /TypeError: `networks`/u],
    ["an empty list of networks", { networks: [] }, /RangeError: `networks`/u],
    ["a network that is no number", { networks: [IPV4, "6"] }, /TypeError: `networks`.*the string "6"/u],
    ["a negative network", { networks: [-1] }, /RangeError: `networks`.*-1/u],
    ["a transport by name", { transport: "tcp" }, /TypeError: `transport`.*"tcp"/u],
    ["a transport past 255", { transport: 256 }, /RangeError: `transport`.*256/u],
    ["a port past 65535", { port: 65536 }, /RangeError: `port`.*65536/u],
    ["a negative port", { port: -1 }, /RangeError: `port`.*-1/u],
    ["a broken port", { port: 80.5 }, /RangeError: `port`.*80\.5/u],
    ["a port as text", { port: "80" }, /TypeError: `port`.*"80"/u],
    ["no address", { address: undefined }, /TypeError: `address`/u],
    ["a broken address", { address: "10.0.0" }, /PortError: invalid IP address "10\.0\.0"/u],
    ["an address with a zone", { address: "fe80::1%eth0" }, /PortError: .*bindToDevice/u],
    ["an unknown flag", { flags: { reuse: true } }, /TypeError: flags: unknown option `reuse`/u],
    ["a flag that is no boolean", { flags: { mostRecent: 1 } }, /TypeError: `flags\.mostRecent`/u],
    ["flags as bits", { flags: 3 }, /TypeError: flags/u],
    ["a negative device", { bindToDevice: -1 }, /RangeError: `bindToDevice`/u],
    ["a device by name", { bindToDevice: "eth0" }, /TypeError: `bindToDevice`.*"eth0"/u],
    ["a destination as text", { destination: "192.0.2.1:443" }, /TypeError: destination/u],
    [
      "a destination without port",
      { destination: { address: "192.0.2.1" } },
      /TypeError: `destination\.port`/u,
    ],
    ["no destination address", { destination: { port: 4 } }, /TypeError: `destination\.address`/u],
    [
      "a broken destination",
      { destination: { address: "x", port: 4 } },
      /PortError: invalid IP address "x"/u,
    ],
  ];
  const calls = ["isPortAvailable", "reservePort", "reserveTuple", "releasePort"] as const;

  it.each(misuses)("%s", (_title, wrong, words) => {
    const manager = new PortManager();
    manager.reservePort(on());
    for (const call of calls) {
      const reservation = { ...on(), ...wrong } as Reservation;
      expect(messageOf(() => manager[call](reservation))).toMatch(words);
    }
    expect(manager.isPortAvailable(on())).toBe(false);
    expect(manager.isPortAvailable(on({ networks: [IPV6] }))).toBe(true);
  });

  it("port 0 where no port is picked", () => {
    const manager = new PortManager();
    for (const call of ["isPortAvailable", "reserveTuple", "releasePort"] as const) {
      expect(messageOf(() => manager[call](on({ port: 0 })))).toMatch(/RangeError: `port`.*from 1 to 65535/u);
    }
  });

  it("no reservation, no function", () => {
    const manager = new PortManager();
    const nothing = undefined as unknown as Reservation;
    const text = "80" as unknown as PortTester;
    for (const call of calls) {
      expect(messageOf(() => manager[call](nothing))).toMatch(new RegExp(`TypeError: ${call}`, "u"));
    }
    expect(messageOf(() => manager.reservePort(on(), text))).toMatch(/TypeError: `test`.*"80"/u);
    expect(messageOf(() => manager.pickEphemeralPort(text))).toMatch(/TypeError: `test`/u);
    expect(manager.isPortAvailable(on())).toBe(true);
    expect(messageOf(() => new PortManager({ random: 4 as unknown as () => number }))).toMatch(/`random`/u);
    expect(messageOf(() => new PortManager({ seed: 4 } as unknown as object))).toMatch(/`seed`/u);
  });
});

/** A manager whose searches go through `first` to `last` and begin at `start`. */
function managerAt(start: number, first: number, last: number): PortManager {
  const manager = new PortManager({ random: () => (start - first + 0.5) / (last - first + 1) });
  manager.setPortRange(first, last);
  return manager;
}

function refusal(call: () => unknown): PortError {
  try {
    call();
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return String(error);
  }
  return "nothing was thrown";
}
