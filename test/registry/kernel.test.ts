// The kernel's word in acquire(): asked for every port, after the claim and before the port is told.

import { describe, expect, it } from "vitest";

import { join, Machine, newState, summary } from "./world.ts";

describe("the kernel", () => {
  it("is asked about every port before it is told, after it was claimed, and about no more", async () => {
    const state = newState();
    const machine = new Machine();
    const [one, two] = [await join({ state, machine }), await join({ state, machine, pid: 2 })];
    machine.beforeLook = async ({ port }) => {
      expect(await summary(two)).toContainEqual(expect.stringContaining(String(port)));
    };
    await one.acquire({ count: 3, name: "web" });
    expect(machine.looks.map(({ port, address, protocol }) => [port, address.text, protocol])).toHaveLength(
      3,
    );
    await one.acquire({ name: "web", count: 3 });
    expect(machine.looks).toHaveLength(3);
  });

  it("has the last word: a stranger's port is skipped, and given back at once", async () => {
    const machine = new Machine();
    for (const port of [100, 101, 104]) machine.verdicts.set(port, "stranger");
    machine.verdicts.set(102, "forbidden");
    const registry = await join({ state: newState(), machine });
    expect((await registry.acquire()).port).toBe(103);
    expect((await registry.acquire({ count: 2, name: "web" })).ports).not.toContain(104);
    for (const lease of await registry.list()) {
      for (const port of lease.ports) expect(machine.verdicts.has(port)).toBe(false);
    }
  });

  it("is counted for each reason when nothing is left, and nothing stays claimed", async () => {
    const machine = new Machine();
    for (const port of [10, 11, 12]) machine.verdicts.set(port, "stranger");
    for (const port of [13, 14]) machine.verdicts.set(port, "forbidden");
    const registry = await join({ state: newState(), machine });
    const held = await registry.acquire({ ports: 15 });
    await expect(registry.acquire({ ports: "10-15", name: "web" })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 1, stranger: 3, forbidden: 2 },
      message:
        "no tcp port available in 10-15: 1 leased to program-1 (pid 1), " +
        "3 in use by programs without a lease, 2 forbidden to this user; " +
        "ask for more ports, or see `moorage ls` and `moorage who PORT`",
    });
    expect((await registry.list()).map(({ id }) => id)).toEqual([held.id]);
    await expect(registry.release("web")).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  });

  it("says that an address is not here: INVALID_ADDRESS, and nothing stays claimed", async () => {
    const machine = new Machine();
    machine.verdicts.set(100, "no-address");
    const registry = await join({ state: newState(), machine });
    await expect(registry.acquire({ address: "192.0.2.1", name: "web", ports: 100 })).rejects.toMatchObject({
      code: "INVALID_ADDRESS",
      input: "192.0.2.1",
      message: "`address`: this machine does not have the address 192.0.2.1",
    });
    expect(await registry.list()).toEqual([]);
    machine.verdicts.clear();
    expect((await registry.acquire({ name: "web" })).addresses).toEqual(["::"]);
  });
});
