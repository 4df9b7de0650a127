// inspect(): the leases of a registry, with who listens on this machine.

import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { inspect, open } from "../../src/node/index.ts";
import { SEES_LISTENERS } from "../cli/servers.ts";
import { temporaryFolder } from "../stores/folder.ts";

const PORT = 14850;

describe("inspect", () => {
  it.skipIf(!SEES_LISTENERS)("tells the state of leases and of what names keep (Linux only)", async () => {
    const registry = await open({ directory: temporaryFolder() });
    await registry.acquire({ name: "web", ports: PORT });
    const kept = await registry.acquire({ name: "db", ports: PORT + 1, kept: true });
    await kept.release();
    const server = createServer().listen(PORT, "127.0.0.1");
    await once(server, "listening");
    const { leases, reservations } = await inspect(registry);
    expect(leases).toMatchObject([
      { name: "web", state: "listening", listeners: [{ address: "127.0.0.1", ownership: "own" }] },
    ]);
    expect(reservations).toMatchObject([{ name: "db", ports: [PORT + 1], state: "kept", listeners: [] }]);
    server.close();
    await registry.close();
  });

  it.each(["darwin", "win32"] as const)("tells what the registry knows on %s", async (platform) => {
    const registry = await open({ directory: temporaryFolder() });
    await registry.acquire({ name: "web", ports: PORT });
    const own = Object.getOwnPropertyDescriptor(process, "platform")!;
    Object.defineProperty(process, "platform", { ...own, value: platform });
    onTestFinished(() => void Object.defineProperty(process, "platform", own));
    expect(await inspect(registry)).toMatchObject({ leases: [{ state: "held", listeners: null }] });
    await registry.close();
  });

  it.each([
    [{ port: 3000 }, TypeError, "inspect: unknown option `port`"],
    [{ signal: 5 }, TypeError, "`signal`: expected an AbortSignal, received 5"],
  ])("refuses %j", async (options, type, message) => {
    const registry = await open({ directory: temporaryFolder() });
    const error: unknown = await inspect(registry, options as object).catch((reason: unknown) => reason);
    await registry.close();
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toContain(message);
  });

  it.each([
    [{}, "an object"],
    [undefined, "undefined"],
    ["web", 'the string "web"'],
  ])("refuses what is no registry: %j", async (registry, received) => {
    const message = `\`registry\`: expected what open() returns, received ${received}`;
    await expect(inspect(registry as never)).rejects.toThrow(new TypeError(message));
  });

  it("is called off by its signal", async () => {
    const registry = await open({ directory: temporaryFolder() });
    const reason = new Error("enough");
    await expect(inspect(registry, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await registry.close();
  });
});
