// NO_PORT_AVAILABLE: how many ports were refused for which reason, and who has them.

import { describe, expect, it } from "vitest";

import type { RefusalCounts } from "../../src/core/index.ts";
import { settle } from "./time.ts";
import { join, newState, several, shown } from "./world.ts";

const NONE: RefusalCounts = {
  leased: 0,
  kept: 0,
  awaited: 0,
  quarantined: 0,
  guarded: 0,
  stranger: 0,
  forbidden: 0,
  reserved: 0,
  excluded: 0,
  holders: [],
};

describe("a refusal", () => {
  it("counts each port for one reason", async () => {
    const { machine, registries } = await several(4);
    const [one, two, three, four] = registries;
    const elsewhere = await join({ state: newState(), machine, pid: 8 });
    await two!.acquire({ ports: "50-52", count: 3 });
    await three!.acquire({ ports: 53 });
    await (await one!.acquire({ name: "db", ports: 54, kept: true })).release();
    const awaited = await one!.acquire({ ports: 55 });
    void three!.acquire({ ports: 55, wait: true });
    await settle();
    machine.stop(3);
    await awaited.release();
    await elsewhere.acquire({ ports: 56 });
    machine.verdicts.set(57, "stranger").set(58, "forbidden");
    await expect(four!.acquire({ ports: "50-60", exclude: "59-60" })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: {
        ...NONE,
        leased: 4,
        kept: 1,
        awaited: 1,
        guarded: 1,
        stranger: 1,
        forbidden: 1,
        excluded: 2,
        holders: [
          { pid: 2, command: "program-2", ports: 3 },
          { pid: 3, command: "program-3", ports: 1 },
        ],
      },
      message:
        `no tcp port available in 50-58: 4 leased (3 to ${shown(2)}, 1 to ${shown(3)}), 1 kept for other names, 1 awaited by others, ` +
        "1 leased in another state folder or by another user, or had by a process whose lease is over, 1 in use by programs without a lease, " +
        "1 forbidden to this user, 2 excluded by the request; " +
        "ask for more ports, or see `moorage ls` and `moorage who PORT`",
    });
    await machine.goOn(3);
  });

  it("says the first of two reasons, and a quarantine only where nothing else is in the way", async () => {
    const { registries } = await several(2);
    await registries[0]!.acquire({ ports: 50, address: "127.0.0.1" });
    await (await registries[0]!.acquire({ ports: 50, address: "127.0.0.2" })).release();
    await (await registries[0]!.acquire({ ports: 51 })).release();
    await expect(registries[1]!.acquire({ ports: "50-51", quarantine: "refuse" })).rejects.toMatchObject({
      refused: { ...NONE, leased: 1, quarantined: 1, holders: [{ pid: 1, ports: 1 }] },
    });
  });

  it("names ten holders at most, those with the most ports first", async () => {
    const { registries } = await several(12);
    for (const [at, registry] of registries.entries()) {
      await registry.acquire({ ports: "1000-1999", count: at + 1, selection: "next-fit" });
    }
    const refusal = await registries[0]!.tryAcquire({ ports: "1000-1077" });
    expect(refusal).toMatchObject({
      refusal: {
        message:
          `no tcp port available in 1000-1077: 78 leased (12 to ${shown(12)}, 11 to ${shown(11)}, ` +
          `10 to ${shown(10)}); ask for more ports, or see \`moorage ls\``,
      },
    });
    expect(refusal).toMatchObject({
      refusal: {
        refused: {
          leased: 78,
          holders: Array.from({ length: 10 }, (_, at) => ({ pid: 12 - at, ports: 12 - at })),
        },
      },
    });
  });

  it.each([
    [
      "ls, who knows of leases",
      "50-51",
      [],
      `2 leased to ${shown(1)}; ask for more ports, or see \`moorage ls\``,
    ],
    [
      "who, of the one port that a stranger has",
      "52",
      [52],
      "without a lease; ask for more ports, or see `moorage who 52`",
    ],
    [
      "who, of ports that strangers have",
      "52-53",
      [52, 53],
      "without a lease; ask for more ports, or see `moorage who PORT`",
    ],
  ])("points to %s", async (_, ports, strangers, end) => {
    const { machine, registries } = await several(1);
    await registries[0]!.acquire({ ports: "50-51", count: 2 });
    for (const port of strangers) machine.verdicts.set(port, "stranger");
    const attempt = await registries[0]!.tryAcquire({ ports });
    const message = attempt.granted ? "" : attempt.refusal.message;
    expect(message.slice(-end.length)).toBe(end);
  });

  it("points to nothing where nobody has the ports", async () => {
    const { machine, registries } = await several(1);
    machine.verdicts.set(50, "forbidden");
    await expect(registries[0]!.acquire({ ports: 50 })).rejects.toThrow(/to this user; ask for more ports$/u);
  });

  it("says what was asked for", async () => {
    const { registries } = await several(1);
    await registries[0]!.acquire({ ports: 50, protocol: ["tcp", "udp"] });
    const ask = async (options: object): Promise<string> => {
      const attempt = await registries[0]!.tryAcquire(options);
      return attempt.granted ? "granted" : attempt.refusal.message.split(":")[0]!;
    };
    expect(await ask({ ports: 50, protocol: ["udp", "tcp"] })).toBe("no udp+tcp port available in 50");
    expect(await ask({ ports: "50-51", count: 2 })).toBe("no 2 tcp ports available in 50-51");
    expect(await ask({ ports: "50-51", count: 2, align: 2 })).toBe(
      "no block of 2 tcp ports available in 50-51",
    );
  });
});
