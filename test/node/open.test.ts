// open(): where the registry is kept, and what a caller is told who asks wrongly.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { open, PortError } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { openDatabase } from "../stores/sqlite.ts";

const PORTS = "10100-10199";

/** No test may touch the state of the user who runs it. */
beforeEach(() => {
  const folder = temporaryFolder();
  vi.stubEnv("MOORAGE_DIR", join(folder, "moorage"));
  vi.stubEnv("XDG_STATE_HOME", join(folder, "xdg"));
  vi.stubEnv("HOME", join(folder, "home"));
});
afterEach(() => vi.unstubAllEnvs());

describe("open", () => {
  it("keeps the registry in the folder that is given, and disposes of it with its leases", async () => {
    const directory = join(temporaryFolder(), "state");
    let port: number;
    {
      await using registry = await open({ directory });
      await using lease = await registry.acquire({ ports: PORTS });
      port = lease.port;
      expect((await registry.list()).map(({ ports }) => ports)).toEqual([[port]]);
    }
    expect(existsSync(join(directory, "registry.db"))).toBe(true);
    await using again = await open({ directory });
    expect(await again.list()).toEqual([]);
  });

  it("keeps it in $MOORAGE_DIR, read when it is called", async () => {
    const folder = join(temporaryFolder(), "moved");
    vi.stubEnv("MOORAGE_DIR", folder);
    await using registry = await open();
    expect(await registry.list()).toEqual([]);
    expect(existsSync(join(folder, "registry.db"))).toBe(true);
  });

  it.skipIf(process.platform !== "linux")("keeps it in the user's state folder otherwise", async () => {
    const home = temporaryFolder();
    vi.stubEnv("MOORAGE_DIR", undefined);
    vi.stubEnv("XDG_STATE_HOME", undefined);
    vi.stubEnv("HOME", home);
    await using registry = await open({});
    expect(await registry.list()).toEqual([]);
    expect(existsSync(join(home, ".local", "state", "moorage", "registry.db"))).toBe(true);
  });

  it("gives a port of the default pool to who names none, outside the ephemeral range where it can", async () => {
    await using registry = await open();
    const { port, protocols, addresses, name, ports, holder } = await registry.acquire();
    expect(port).toBeGreaterThanOrEqual(20000);
    expect(port).toBeLessThanOrEqual(29999);
    expect({ protocols, addresses, name, ports }).toEqual({
      protocols: ["tcp"],
      addresses: ["::"],
      name: null,
      ports: [port],
    });
    expect(holder.pid).toBe(process.pid);
  });

  it("of one folder twice in a process is two doors to the same leases", async () => {
    const directory = temporaryFolder();
    await using one = await open({ directory });
    await using two = await open({ directory });
    await (await one.acquire({ ports: PORTS })).release();
    const { id, token, port } = await one.acquire({ ports: PORTS, name: "web" });
    expect(await two.list()).toMatchObject([{ id, token, ports: [port] }]);
    expect(await two.acquire({ ports: PORTS, name: "web" })).toMatchObject({ id, token, port });
  });
});

describe("open refuses", () => {
  it.each<[string, unknown, new () => Error, string]>([
    ["an unknown option", { dir: "/tmp" }, TypeError, "open: unknown option `dir`; known are directory"],
    ["null", null, TypeError, "open: expected an options object, received null"],
    ["a path as text", "/tmp", TypeError, 'open: expected an options object, received the string "/tmp"'],
    ["a folder that is a number", { directory: 1 }, TypeError, "`directory`: expected a string, received 1"],
    ["an empty folder", { directory: "" }, RangeError, "`directory`: expected the path of a folder"],
  ])("%s", async (_, options, kind, message) => {
    const attempt = open(options as object);
    await expect(attempt).rejects.toThrow(kind);
    await expect(attempt).rejects.toThrow(message);
    expect(existsSync(process.env["MOORAGE_DIR"]!)).toBe(false);
  });

  it("a state folder that is a file, and leaves the file alone", async () => {
    const path = join(temporaryFolder(), "file");
    writeFileSync(path, "mine");
    vi.stubEnv("MOORAGE_DIR", path);
    const error: unknown = await open().catch((reason: unknown) => reason);
    if (!PortError.is(error) || error.code !== "STORE_UNAVAILABLE") throw error;
    expect(error.path).toBe(path);
    expect(error.message).toContain(path);
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  it("a folder that a newer version wrote, and leaves it alone", async () => {
    const directory = temporaryFolder();
    const path = join(directory, "registry.db");
    const database = openDatabase(path);
    database.exec("PRAGMA user_version = 2");
    database.close();
    const before = readFileSync(path);
    const refusal = { code: "STORE_TOO_NEW", path, format: 2, supported: 1 };
    await expect(open({ directory })).rejects.toMatchObject(refusal);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(directory)).toEqual(["registry.db"]);
  });
});
