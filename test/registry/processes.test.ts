// Real processes on one state folder: no port is given twice, and what a dead one held is free.

import { describe, expect, it } from "vitest";

import { open } from "../../src/node/index.ts";
import { occupy } from "../host/sockets.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { Worker } from "./workers.ts";

const PROCESSES = 8;
const PORTS_EACH = 50;

async function startWorkers(directory: string, count: number): Promise<Worker[]> {
  return await Promise.all(Array.from({ length: count }, () => Worker.start(directory)));
}

describe(`${PROCESSES} processes that take ${PORTS_EACH} ports each from one range at once`, () => {
  it("get as many different ones in one lease each, from a range that has not one more", async () => {
    const directory = temporaryFolder();
    const workers = await startWorkers(directory, PROCESSES);
    await using registry = await open({ directory });
    for (let round = 0; round < 5; round++) {
      const options = { ports: "13000-13399", count: PORTS_EACH };
      const given = await Promise.all(workers.map((worker) => worker.acquire(options)));
      expect(new Set(given.flat()).size).toBe(PROCESSES * PORTS_EACH);
      expect((await registry.list()).flatMap(({ ports }) => ports)).toHaveLength(PROCESSES * PORTS_EACH);
      await Promise.all(workers.map((worker) => worker.tell("releaseAll")));
    }
    expect(await registry.list()).toEqual([]);
  });

  it("get none of them twice when they begin with opening a folder that is not there yet", async () => {
    const directory = `${temporaryFolder()}/new`;
    const workers = await startWorkers(directory, PROCESSES);
    const given = await Promise.all(workers.map((worker) => worker.acquire({ ports: "13400-13499" }, 10)));
    expect(new Set(given.flat()).size).toBe(PROCESSES * 10);
  });
});

describe("after kill -9 of a holder", () => {
  it("its ports are granted again, with no clean-up, and its name to whoever asks", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const holder = await Worker.start(directory);
    const options = { ports: "13500-13502", count: 3, name: "web" };
    const held = await holder.acquire(options);
    await expect(registry.acquire(options)).rejects.toMatchObject({
      code: "NAME_HELD",
      holder: { pid: holder.pid },
    });
    await expect(registry.acquire({ ports: 13501 })).rejects.toMatchObject({ refused: { leased: 1 } });
    await holder.kill();
    expect(await registry.list()).toMatchObject([{ name: "web", state: "abandoned" }]);
    const lease = await registry.acquire(options);
    expect(lease.ports).toEqual(held);
    expect(await registry.list()).toMatchObject([{ id: lease.id, state: "held" }]);
  });

  it("a port that it listened on is free as well, and was no stranger's while it lived", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const holder = await Worker.start(directory);
    const ports = await holder.acquire({ ports: "13510-13511", count: 2 });
    for (const port of ports) await holder.tell("listen", { port, host: "127.0.0.1" });
    await expect(registry.acquire({ ports: "13510-13511" })).rejects.toMatchObject({
      refused: { leased: 2, stranger: 0 },
    });
    await holder.kill();
    const lease = await registry.acquire({ ports: "13510-13511", count: 2 });
    expect(new Set(lease.ports)).toEqual(new Set(ports));
  });

  it("in the middle of taking ports, again and again, nobody else is hindered", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    for (let round = 0; round < 4; round++) {
      const holder = await Worker.start(directory);
      const first = await holder.acquire({ ports: "13520-13619" });
      const rest = holder.acquire({ ports: "13520-13619" }, 99);
      await Promise.all([holder.kill(), expect(rest).rejects.toThrow("ended: SIGKILL")]);
      expect(first).toHaveLength(1);
      const lease = await registry.acquire({ ports: "13520-13619", count: 100 });
      await lease.release();
      expect((await registry.list()).filter(({ state }) => state === "held")).toEqual([]);
    }
  });
});

describe("a process that ends by itself without a word", () => {
  it("leaves nothing that is held", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const holder = await Worker.start(directory);
    await holder.acquire({ ports: 13620 });
    await holder.child.end("SIGTERM");
    expect((await registry.acquire({ ports: 13620 })).port).toBe(13620);
  });
});

describe("a lease held for another process", () => {
  it("stays when the one that asked has gone, and goes with its holder", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const [asker, holder] = [await Worker.start(directory), await Worker.start(directory)];
    await asker.acquire({ ports: 13630, for: holder.pid, name: "theirs" });
    await asker.tell("close");
    await asker.kill();
    await expect(registry.acquire({ ports: 13630 })).rejects.toMatchObject({ refused: { leased: 1 } });
    await expect(registry.release("theirs")).rejects.toMatchObject({
      code: "LEASE_HELD",
      holder: { pid: holder.pid },
    });
    await holder.kill();
    expect((await registry.acquire({ ports: 13630 })).port).toBe(13630);
  });

  it("cannot be held for a process that is gone", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const gone = await Worker.start(directory);
    await gone.kill();
    await expect(registry.acquire({ for: gone.pid })).rejects.toMatchObject({
      code: "PROCESS_NOT_FOUND",
      pid: gone.pid,
      message: `\`for\`: there is no process ${gone.pid}`,
    });
    expect(await registry.list()).toEqual([]);
  });
});

describe("a child of the holder", () => {
  it("may release its lease, a stranger may not", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const child = await Worker.start(directory);
    await registry.acquire({ ports: 13640, name: "mine" });
    await child.acquire({ ports: 13641, name: "theirs" });
    await expect(registry.release("theirs")).rejects.toMatchObject({ code: "LEASE_HELD" });
    expect(await child.tell("release", { target: "mine" })).toEqual([13640]);
    expect((await registry.list()).map(({ name }) => name)).toEqual(["theirs"]);
  });
});

describe("two state folders", () => {
  it("have names of their own, but no port is granted in both while its holder lives", async () => {
    const holder = await Worker.start(temporaryFolder());
    await using registry = await open({ directory: temporaryFolder() });
    await holder.acquire({ ports: 13650, name: "web" });
    await expect(registry.acquire({ ports: 13650 })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { leased: 0, guarded: 1, stranger: 0 },
    });
    expect((await registry.acquire({ ports: "13650-13651", name: "web" })).port).toBe(13651);
    const waiting = registry.acquire({ ports: 13650, wait: true });
    await holder.kill();
    expect((await waiting).port).toBe(13650);
  });
});

describe("a stranger's port", () => {
  it.each(["0.0.0.0", "127.0.0.1", "::", "::1"])("is skipped when it listens on %s", async (address) => {
    await using registry = await open({ directory: temporaryFolder() });
    const stranger = await occupy(address, 13660);
    const lease = await registry.acquire({ ports: "13660-13661", prefer: 13660 });
    expect(lease.port).toBe(13661);
    expect((await registry.list()).map(({ ports }) => ports)).toEqual([[13661]]);
    await stranger.close();
    expect((await registry.acquire({ ports: 13660 })).port).toBe(13660);
  });
});
