// Which processes have a socket, by the links of their file descriptors.

import { closeSync, existsSync, openSync, readdirSync, readlinkSync } from "node:fs";
import { devNull } from "node:os";

import { describe, expect, it, onTestFinished } from "vitest";

import { findOwners, isStillOpen, readOrNothing } from "../../src/host/socket-owners.ts";
import { freePort, occupy } from "./sockets.ts";

/** The inodes of all sockets of this process. */
function ownSockets(): Set<string> {
  const links = readdirSync("/proc/self/fd").flatMap(
    (fd) => readOrNothing(() => readlinkSync(`/proc/self/fd/${fd}`)) ?? [],
  );
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/u.exec(link)?.[1] ?? []));
}

describe.skipIf(!existsSync("/proc/self/fd"))("the owner of a socket", () => {
  it("is found with a link that leads to it, until it is closed", async () => {
    const before = ownSockets();
    const server = await occupy("127.0.0.1", await freePort());
    const [inode] = [...ownSockets()].filter((socket) => !before.has(socket)) as [string];
    const owners = await findOwners(new Set([inode]), undefined);
    expect([...owners.keys()]).toEqual([process.pid]);
    const path = owners.get(process.pid)!.get(inode)!;
    expect(path.startsWith(`/proc/${process.pid}/fd/`)).toBe(true);
    expect([isStillOpen(path, inode), isStillOpen(path, `${inode}0`)]).toEqual([true, false]);
    await server.close();
    expect(isStillOpen(path, inode)).toBe(false);
    expect(await findOwners(new Set([inode]), undefined)).toEqual(new Map());
  });

  it("is looked for with turns for others in between, in which an abort is seen", async () => {
    const files = Array.from({ length: 600 }, () => openSync(devNull, "r"));
    onTestFinished(() => files.forEach((file) => closeSync(file)));
    const aborting = new AbortController();
    const reason = new Error("enough");
    // Before the search, whose first turn may be its last.
    setImmediate(() => aborting.abort(reason));
    await expect(findOwners(new Set(["1"]), aborting.signal)).rejects.toBe(reason);
  });
});

function failing(code: string): () => never {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

describe("what cannot be read", () => {
  it.each(["EACCES", "EPERM", "ENOENT", "ESRCH"])("for %s is nothing", (code) => {
    expect(readOrNothing(failing(code))).toBeUndefined();
  });

  it.each(["EMFILE", "ENOMEM", "EIO"])("for %s is an error", (code) => {
    expect(() => readOrNothing(failing(code))).toThrow(code);
  });
});
