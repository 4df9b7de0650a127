// One state folder in several namespaces: of processes, where nobody is taken for dead who cannot be seen, and
// of the network, where ports are other ports.

import { describe, expect, it } from "vitest";

import { openHost } from "../../src/host/index.ts";
import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { canRun } from "./programs.ts";
import { rewriteSlots } from "./records.ts";
import { Worker } from "./workers.ts";

const OWN_PIDS = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"] as const;
const OWN_NETWORK = ["unshare", "--net"] as const;

describe.skipIf(!canRun(...OWN_PIDS, "true"))("two pid namespaces (need root and unshare)", () => {
  it("do not grant what the other one holds, and do when its process is gone", async () => {
    const directory = temporaryFolder();
    await using registry = await open({ directory });
    const inside = await Worker.open(directory, OWN_PIDS);
    await inside.acquire({ ports: 16870, name: "web" });
    await registry.acquire({ ports: 16871, name: "api" });
    const leased = { refused: { leased: 1 } };
    await expect(registry.acquire({ ports: 16870 })).rejects.toMatchObject(leased);
    await expect(inside.acquire({ ports: 16871 })).rejects.toMatchObject(leased);
    await expect(registry.release("web")).rejects.toMatchObject({ code: "LEASE_HELD" });
    await expect(inside.tell("call", { method: "release", parameters: ["api"] })).rejects.toMatchObject({
      code: "LEASE_HELD",
    });
    const states = async (): Promise<string[]> =>
      (await registry.list()).map(({ name, state }) => `${name} ${state}`);
    expect(await states()).toEqual(["web held", "api held"]);
    await inside.program.end();
    await openHost().guards!.gone("tcp", 16870);
    // A grant takes its guard a moment later; whoever cannot see the process gives it ten seconds for that.
    await expect(registry.acquire({ ports: 16870 })).rejects.toMatchObject(leased);
    const grantedAt = (await registry.list())[0]!.grantedAt;
    const earlier = (value: string): string => value.replace(`${grantedAt}`, `${grantedAt - 11_000}`);
    expect(rewriteSlots(directory, "port/tcp/16870", earlier)).toBe(1);
    expect(await states()).toEqual(["web abandoned", "api held"]);
    expect((await registry.acquire({ ports: 16870 })).port).toBe(16870);
  });

  it("take each other's pids for nothing", async () => {
    const directory = temporaryFolder();
    const [one, two] = [await Worker.open(directory, OWN_PIDS), await Worker.open(directory, OWN_PIDS)];
    expect([one.pid, two.pid]).toEqual([1, 1]);
    await one.acquire({ ports: 16872, name: "web" });
    await expect(two.acquire({ ports: 16872, name: "web" })).rejects.toMatchObject({ code: "NAME_HELD" });
    await expect(two.tell("adopt", { name: "web" })).rejects.toMatchObject({ code: "NAME_HELD" });
  });
});

describe.skipIf(!canRun(...OWN_NETWORK, "true"))("two network namespaces (need root and unshare)", () => {
  it("have scopes of their own in one folder: each its own ports, names and reservations", async () => {
    const directory = temporaryFolder();
    const [outside, inside] = [await Worker.open(directory), await Worker.open(directory, OWN_NETWORK)];
    for (const worker of [outside, inside]) {
      const [lease] = await worker.acquire({ ports: 16880, name: "web", kept: true });
      expect(lease!.ports).toEqual([16880]);
      expect(await worker.list()).toMatchObject([{ id: lease!.id }]);
      expect(await worker.reservations()).toHaveLength(1);
    }
    await inside.tell("call", { method: "giveUp", parameters: ["web"] });
    await inside.tell("releaseAll");
    expect(await inside.list()).toEqual([]);
    expect(await outside.list()).toHaveLength(1);
    expect(await outside.reservations()).toHaveLength(1);
  });
});
