// Who has a guard: real guards of real processes.

import { existsSync } from "node:fs";
import { describe, expect, it, onTestFinished } from "vitest";
import { openGuards } from "../../src/host/guards.ts";
import { guardOwners } from "../../src/host/index.ts";
import { startChild } from "../stores/child.ts";

const guards = openGuards();
/** Ports that guards of other tests do not have. */
let nextPort = 11_700;

describe.skipIf(!existsSync("/proc/self/net/unix"))("the owner of a guard (Linux only)", () => {
  it("is the process that took it, for its protocol and port alone", async () => {
    const port = nextPort++;
    const guard = guards.take("tcp", port)!;
    onTestFinished(() => guard.release());
    expect(await guardOwners("tcp", port)).toEqual([process.pid]);
    expect(await guardOwners("udp", port)).toEqual([]);
    expect(await guardOwners("tcp", port + 1000)).toEqual([]);
  });

  it("is told of a process that is stopped, whoever knocks, and of none when that is killed", async () => {
    const port = nextPort++;
    const holder = startChild("host/guard-holder.mjs", "hold", String(port));
    expect(await holder.next()).toBe(true);
    const stopped = startChild("host/wait-for-state.mjs", String(holder.pid), "T");
    holder.process.kill("SIGSTOP");
    expect(await stopped.next()).toBe("T");
    expect(await guards.isHeld("tcp", port)).toBe(true);
    expect(await guardOwners("tcp", port)).toEqual([holder.pid]);
    await holder.end("SIGKILL");
    expect(await guardOwners("tcp", port)).toEqual([]);
  });
});
