// listeners(): the same as the host's, with its options checked, and a refusal where there is nothing to tell.

import { describe, expect, it, onTestFinished } from "vitest";

import { listeners, PortError } from "../../src/node/index.ts";
import { freePort, occupy } from "../host/sockets.ts";

function pretendToBe(platform: NodeJS.Platform): void {
  const own = Object.getOwnPropertyDescriptor(process, "platform")!;
  Object.defineProperty(process, "platform", { ...own, value: platform });
  onTestFinished(() => void Object.defineProperty(process, "platform", own));
}

describe("listeners", () => {
  it.skipIf(process.platform !== "linux")("tells all, or those on one port", async () => {
    const { port } = await occupy("127.0.0.1", await freePort());
    const [one] = await listeners({ port });
    expect(one).toMatchObject({ protocol: "tcp", address: "127.0.0.1", port });
    expect(one?.owners.map(({ pid }) => pid)).toEqual([process.pid]);
    expect((await listeners()).filter((listener) => listener.port === port)).toEqual([one]);
  });

  it.each([
    [{ port: 0 }, RangeError, "`port`: expected a whole number from 1 to 65535, received 0"],
    [{ port: 65_536 }, RangeError, "`port`: expected a whole number from 1 to 65535, received 65536"],
    [{ port: "80" }, TypeError, '`port`: expected a whole number from 1 to 65535, received the string "80"'],
    [{ signal: true }, TypeError, "`signal`: expected an AbortSignal, received true"],
    [{ ports: 80 }, TypeError, "listeners: unknown option `ports`; known are port, signal"],
    [null, TypeError, "listeners: expected an options object, received null"],
  ])("refuses %j", async (options, type, message) => {
    const error: unknown = await listeners(options as object).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(type);
    expect((error as Error).message).toBe(message);
  });

  it.skipIf(process.platform !== "linux")("ends with its signal's reason", async () => {
    const reason = new Error("enough");
    await expect(listeners({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it.each(["darwin", "win32"] as const)("is HOST_UNSUPPORTED on %s", async (platform) => {
    pretendToBe(platform);
    const error: unknown = await listeners().catch((reason: unknown) => reason);
    expect(PortError.is(error) && error.code === "HOST_UNSUPPORTED" && error.missing).toBe("/proc/self/net");
    expect((error as Error).message).toBe("this system does not tell who listens: only Linux does, in /proc");
  });
});
