// What stands side by side on one port number: addresses that do not meet, and the two protocols.

import { describe, expect, it } from "vitest";

import type { AcquireOptions } from "../../src/registry/index.ts";
import { join, Machine, newState, sorted } from "./world.ts";

/** Leases of port 50 one after the other, and whether each is granted beside those before it. */
const histories: readonly (readonly [string, readonly (readonly [AcquireOptions, boolean])[]])[] = [
  [
    "two addresses share a port, the wildcard does not",
    [
      [{ address: "127.0.0.1" }, true],
      [{ address: "127.0.0.2" }, true],
      [{ address: "::" }, false],
      [{ address: "0.0.0.0" }, false],
      [{}, false],
      [{ address: "127.0.0.2" }, false],
      [{ address: "::1" }, true],
    ],
  ],
  [
    "beside the whole port there is nothing",
    [
      [{}, true],
      [{ address: "127.0.0.1" }, false],
      [{ address: "::1" }, false],
      [{ address: "0.0.0.0" }, false],
    ],
  ],
  [
    "the IPv4 wildcard leaves IPv6 addresses alone, not the whole port",
    [
      [{ address: "0.0.0.0" }, true],
      [{ address: "::1" }, true],
      [{ address: "10.0.0.1" }, false],
      [{}, false],
    ],
  ],
  [
    "tcp and udp are separate",
    [
      [{ protocol: "tcp" }, true],
      [{ protocol: "udp" }, true],
      [{ protocol: "tcp" }, false],
      [{ protocol: "udp", address: "127.0.0.1" }, false],
    ],
  ],
  [
    "an address is the same however it is written",
    [
      [{ address: "::ffff:127.0.0.1" }, true],
      [{ address: "127.0.0.1" }, false],
      [{ address: "2001:DB8:0:0::1" }, true],
      [{ address: "2001:db8::1" }, false],
      [{ address: "2001:db8::1%eth0" }, false],
    ],
  ],
  [
    "a link-local address is another one on each device",
    [
      [{ address: "fe80::1%eth0" }, true],
      [{ address: "fe80::1%eth1" }, true],
      [{ address: "fe80::1%eth0" }, false],
    ],
  ],
];

describe("leases of one port number", () => {
  it.each(histories)("%s", async (_, history) => {
    const state = newState();
    const machine = new Machine();
    let pid = 0;
    for (const [options, granted] of history) {
      const registry = await join({ state, machine, pid: ++pid });
      const outcome = await registry.acquire({ ...options, ports: 50 }).then(
        () => true,
        (error: { code: string }) => error.code,
      );
      expect([options, outcome]).toEqual([options, granted || "NO_PORT_AVAILABLE"]);
    }
  });

  it("are told with the address as the kernel has it", async () => {
    const registry = await join({ state: newState(), machine: new Machine() });
    const addresses = ["::ffff:127.0.0.1", "2001:DB8:0:0::1%eth0", "FE80::0001%eth0", "0:0::0"];
    const told: string[] = [];
    for (const address of addresses) told.push(...(await registry.acquire({ address })).addresses);
    expect(told).toEqual(["127.0.0.1", "2001:db8::1", "fe80::1%eth0", "::"]);
  });

  it("keep their tokens when another one joins or leaves the port", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two, three] = [1, 2, 3].map((pid) => join({ state, machine, pid }));
    const first = await (await one!).acquire({ ports: 50, address: "127.0.0.1", name: "first" });
    const second = await (await two!).acquire({ ports: 50, address: "127.0.0.2" });
    const third = await (await three!).acquire({ ports: 50, address: "127.0.0.3" });
    // A name takes a second commit, once the kernel was asked.
    expect([first, second, third].map(({ token }) => token.revision)).toEqual([1, 3, 4]);
    const revisions = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (await (await one!).list()).map(({ addresses, token }) => [addresses.join(), token.revision]),
      );
    expect(await revisions()).toEqual({ "127.0.0.1": 1, "127.0.0.2": 3, "127.0.0.3": 4 });
    await second.release();
    expect(await revisions()).toEqual({ "127.0.0.1": 1, "127.0.0.3": 4 });
    const again = await (await one!).acquire({ ports: 50, address: "127.0.0.1", name: "first" });
    expect(again).toBe(first);
  });

  it("lose those of the dead when the next one is granted, and only those", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two, three] = [1, 2, 3].map((pid) => join({ state, machine, pid }));
    await (await one!).acquire({ ports: 50, address: "127.0.0.1" });
    await (await two!).acquire({ ports: 50, address: "127.0.0.2" });
    machine.kill(1);
    await (await three!).acquire({ ports: 50, address: "127.0.0.3" });
    expect(sorted((await (await three!).list()).flatMap(({ addresses }) => addresses))).toEqual([
      "127.0.0.2",
      "127.0.0.3",
    ]);
  });
});
