// Guards: one for each port of a protocol, had by one process at a time, and gone with it.

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import type { Guard, Guards } from "../../src/contract/index.ts";
import { guardName, type GuardLimits, openGuards } from "../../src/host/guards.ts";
import { openHost } from "../../src/host/index.ts";

const LIMITS: GuardLimits = { visitors: 8, knockPauseMs: 1, retryMs: 1 };
const NEVER_MS = 3_600_000;

/** Ports that guards of other tests do not have. */
let nextPort = 11_400;

function take(
  guards: Guards,
  port: number,
  onKnock?: () => void,
  protocol: "tcp" | "udp" = "tcp",
): Guard | undefined {
  const guard = guards.take(protocol, port, onKnock);
  if (guard) onTestFinished(() => guard.release());
  return guard;
}

interface Visit {
  readonly socket: Socket;
  /** All that the guard said until the end. */
  readonly heard: Promise<string>;
}

async function visit(port: number): Promise<Visit> {
  const socket = connect({ path: guardName("tcp", port) });
  onTestFinished(() => void socket.destroy());
  let text = "";
  socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
  // Written to when it has closed already, so that its last word was not heard.
  socket.on("error", (error) => (text ||= error.message));
  const heard = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
  await once(socket, "connect");
  return { socket, heard };
}

/** Whether the guard has room: who speaks is put out without a word, unless there is no room. */
async function hasRoom(port: number): Promise<boolean> {
  const { socket, heard } = await visit(port);
  socket.write("x");
  return (await heard) === "";
}

/** A callback, and its first call. */
function firstCall(): { readonly callback: () => void; readonly called: Promise<void> } {
  let callback: (() => void) | undefined;
  const called = new Promise<void>((resolve) => (callback = resolve));
  return { callback: () => callback?.(), called };
}

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Becomes true when the promise has settled. */
function watch(promise: Promise<unknown>): { readonly done: boolean } {
  const state = { done: false };
  const finish = (): void => void (state.done = true);
  promise.then(finish, finish);
  return state;
}

describe.skipIf(process.platform !== "linux")("a guard", () => {
  it("is had once, and can be had again the moment it is released", () => {
    const [guards, others, port] = [openGuards(), openGuards(), nextPort++];
    for (let time = 0; time < 100; time++) {
      const guard = take(guards, port);
      expect(guard).toBeDefined();
      expect(take(guards, port)).toBeUndefined();
      expect(take(others, port)).toBeUndefined();
      guard!.release();
    }
  });

  it("is one for each port of each protocol", () => {
    const [guards, port] = [openGuards(), nextPort++];
    nextPort++;
    expect(take(guards, port)).toBeDefined();
    expect(take(guards, port, undefined, "udp")).toBeDefined();
    expect(take(guards, port + 1)).toBeDefined();
  });

  it("released twice takes nothing from who has it then", () => {
    const [guards, port] = [openGuards(), nextPort++];
    const former = take(guards, port)!;
    former.release();
    expect(take(guards, port)).toBeDefined();
    former.release();
    expect(take(guards, port)).toBeUndefined();
  });

  it("has the same name on every Node: of the greatest length, so that nothing fills it up", () => {
    const port = nextPort++;
    expect(guardName("tcp", 3000)).toBe(`\0moorage/tcp/3000${"/".repeat(91)}`);
    expect(guardName("udp", 65535)).toHaveLength(108);
    take(openGuards(), port);
    const names = readFileSync("/proc/net/unix", "latin1")
      .split("\n")
      .map((line) => line.split(" ").at(-1));
    expect(names).toContain(`@${guardName("tcp", port).slice(1)}`);
  });

  it("is in the host of Linux", async () => {
    const { guards } = openHost("linux");
    const port = nextPort++;
    expect(await guards!.isHeld("tcp", port)).toBe(false);
    expect(take(guards!, port)).toBeDefined();
    expect(await guards!.isHeld("tcp", port)).toBe(true);
    expect(await guards!.isHeld("udp", port)).toBe(false);
  });

  it("leaves no file descriptor behind", async () => {
    const [guards, port] = [openGuards(), nextPort++];
    take(guards, port)!.release();
    await guards.gone("tcp", port);
    const before = countDescriptors();
    for (let time = 0; time < 200; time++) {
      const guard = take(guards, port)!;
      expect(take(guards, port)).toBeUndefined();
      await guards.isHeld("tcp", port);
      guard.release();
      await guards.gone("tcp", port);
    }
    expect(countDescriptors()).toBeLessThanOrEqual(before);
  });
});

describe.skipIf(process.platform !== "linux")("who waits for a guard", () => {
  it("does not wait when nobody has it", async () => {
    await expect(openGuards().gone("tcp", nextPort++)).resolves.toBeUndefined();
  });

  it("is woken by its release, however many they are, and finds it free", async () => {
    const [guards, port] = [openGuards(LIMITS), nextPort++];
    const knock = firstCall();
    const guard = take(guards, port, knock.callback)!;
    let found = 0;
    // More than it keeps: those without room come again.
    const waits = Array.from({ length: 3 * LIMITS.visitors }, async () => {
      await guards.gone("tcp", port);
      if (!(await guards.isHeld("tcp", port))) found++;
    });
    const woken = watch(Promise.race(waits));
    await knock.called;
    expect(await guards.isHeld("tcp", port)).toBe(true);
    expect(woken.done).toBe(false);
    guard.release();
    await Promise.all(waits);
    expect(found).toBe(waits.length);
  });

  it("is woken when the guard passes to somebody else at once", async () => {
    const [guards, port] = [openGuards(), nextPort++];
    const knock = firstCall();
    const guard = take(guards, port, knock.callback)!;
    const wait = guards.gone("tcp", port);
    await knock.called;
    guard.release();
    expect(take(guards, port)).toBeDefined();
    await wait;
  });

  it("is not woken before the name is free by a holder whose sockets close one after the other", async () => {
    const [guards, port] = [openGuards(), nextPort++];
    let visitors = 0;
    const dying = createServer((visitor) => {
      if (++visitors === 2) dying.close();
      visitor.destroy();
    });
    dying.listen({ path: guardName("tcp", port) });
    await guards.gone("tcp", port);
    expect(take(guards, port)).toBeDefined();
  });

  it("comes again when it is sent away, until nobody is there", async () => {
    const [guards, port] = [openGuards(LIMITS), nextPort++];
    let visitors = 0;
    const full = createServer((visitor) => {
      if (++visitors === 5) full.close();
      visitor.end("later");
    });
    full.listen({ path: guardName("tcp", port) });
    await guards.gone("tcp", port);
    expect(visitors).toBe(5);
  });

  it("is woken even when the release comes before its knock was heard", async () => {
    const [guards, port] = [openGuards(), nextPort++];
    const guard = take(guards, port)!;
    const wait = guards.gone("tcp", port);
    guard.release();
    await expect(wait).resolves.toBeUndefined();
  });

  it("ends at an abort with the signal's reason, and leaves", async () => {
    const [guards, port, controller] = [openGuards(), nextPort++, new AbortController()];
    const holder = createServer().listen({ path: guardName("tcp", port) });
    onTestFinished(() => void holder.close());
    const reason = { why: "enough" };
    const wait = guards.gone("tcp", port, { signal: controller.signal });
    const [visitor] = (await once(holder, "connection")) as [Socket];
    const left = once(visitor.resume(), "close");
    controller.abort(reason);
    await expect(wait).rejects.toBe(reason);
    await left;
    await expect(guards.gone("tcp", port, { signal: controller.signal })).rejects.toBe(reason);
  });

  it("ends at an abort while there is no room for it", async () => {
    const [guards, port] = [openGuards({ ...LIMITS, visitors: 0, retryMs: NEVER_MS }), nextPort++];
    const controller = new AbortController();
    const knock = firstCall();
    take(guards, port, knock.callback);
    const wait = guards.gone("tcp", port, { signal: controller.signal });
    await knock.called;
    // It is sent away before this one is.
    expect(await (await visit(port)).heard).toBe("later");
    controller.abort("enough");
    await expect(wait).rejects.toBe("enough");
  });
});

describe.skipIf(process.platform !== "linux")("who has a guard", () => {
  it("is told of the first knock at once, and of all others together", async () => {
    const [guards, port] = [openGuards({ ...LIMITS, knockPauseMs: NEVER_MS }), nextPort++];
    let knocks = 0;
    take(guards, port, () => knocks++);
    for (let time = 0; time < 100; time++) await hasRoom(port);
    expect(knocks).toBe(1);
  });

  it("is told again of knocks that came in the pause", async () => {
    const [guards, port] = [openGuards(LIMITS), nextPort++];
    const twice = firstCall();
    let knocks = 0;
    take(guards, port, () => {
      if (++knocks === 2) twice.callback();
    });
    await Promise.all([visit(port), visit(port), visit(port)]);
    await expect(twice.called).resolves.toBeUndefined();
  });

  it("keeps no more visitors than there is room for, over all its guards", async () => {
    const guards = openGuards({ ...LIMITS, visitors: 2 });
    const [one, other] = [nextPort++, nextPort++];
    const [knock, otherKnock] = [firstCall(), firstCall()];
    take(guards, one, knock.callback);
    take(guards, other, otherKnock.callback);
    const first = await visit(one);
    const second = await visit(other);
    await Promise.all([knock.called, otherKnock.called]);
    expect(await hasRoom(one)).toBe(false);
    expect(await (await visit(other)).heard).toBe("later");
    expect([first.socket.closed, second.socket.closed]).toEqual([false, false]);
    first.socket.destroy();
    while (!(await hasRoom(other)));
    expect(second.socket.closed).toBe(false);
  });

  it("does not listen to who speaks", async () => {
    const [guards, port] = [openGuards(), nextPort++];
    take(guards, port);
    const { socket, heard } = await visit(port);
    socket.write("open the door");
    expect(await heard).toBe("");
    expect(await guards.isHeld("tcp", port)).toBe(true);
  });
});
