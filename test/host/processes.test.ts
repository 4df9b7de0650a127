// Who is alive: a process is its pid, its start time and its boot, and a zombie is dead.

import { existsSync, readFileSync, readlinkSync, statSync } from "node:fs";

import { describe, expect, it } from "vitest";

import type { ProcessIdentity } from "../../src/contract/index.ts";
import { openHost } from "../../src/host/index.ts";
import { readStat } from "../../src/host/proc.ts";
import { parseReserved } from "../../src/host/settings.ts";
import { startChild } from "../stores/child.ts";
import { freePort, occupy, wholePort } from "./sockets.ts";
import { hasProgram, start, startSleeper, ZOMBIE_SCRIPT } from "./processes.ts";

describe.skipIf(!existsSync("/proc/self/stat"))("on Linux", () => {
  const host = openHost("linux");

  async function identityOfSleeper(): Promise<{
    identity: ProcessIdentity;
    sleeper: Awaited<ReturnType<typeof startSleeper>>;
  }> {
    const sleeper = await startSleeper();
    const identity = host.process(sleeper.pid);
    if (!identity) throw new Error("the process cannot be seen");
    return { identity, sleeper };
  }

  it("a process is told by pid, start time, boot and namespaces, and shown by its command", async () => {
    const { identity, sleeper } = await identityOfSleeper();
    const namespaces = ["/proc/self/ns/pid", "/proc/self/ns/time"]
      .filter((link) => existsSync(link))
      .map((link) => statSync(link).ino.toString(36));
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    expect(identity).toEqual({
      pid: sleeper.pid,
      startTime: readStat(sleeper.pid)?.startTime,
      boot: bootId.replaceAll("-", "").slice(0, 12),
      namespaces: namespaces.join("."),
      command: "sh -c echo ready; read line",
    });
  });

  it("this process is itself, with the command that Node was given", () => {
    expect(host.process(process.pid)).toBe(host.self);
    expect(host.self).toMatchObject({ pid: process.pid, startTime: readStat("self")?.startTime });
    expect(host.self.boot).toBe(host.boot);
    expect(host.self.command).not.toBe("");
    expect(host.liveness(host.self)).toBe("alive");
  });

  it("the fingerprint is the network namespace", () => {
    expect(host.fingerprint).toBe(readlinkSync("/proc/self/ns/net"));
    expect(host.fingerprint).toMatch(/^net:\[\d+\]$/u);
  });

  it("a living child is alive, and dead once it is killed and reaped", async () => {
    const { identity, sleeper } = await identityOfSleeper();
    expect(host.liveness(identity)).toBe("alive");
    await sleeper.kill("SIGKILL");
    expect(host.liveness(identity)).toBe("dead");
    expect(host.process(identity.pid)).toBeUndefined();
  });

  it("a stopped process is alive, and still is when it goes on", async () => {
    const { identity, sleeper } = await identityOfSleeper();
    const stopped = startChild("host/wait-for-state.mjs", String(sleeper.pid), "T");
    sleeper.process.kill("SIGSTOP");
    expect(await stopped.next()).toBe("T");
    expect(host.liveness(identity)).toBe("alive");
    expect(host.process(identity.pid)).toEqual(identity);
    sleeper.process.kill("SIGCONT");
    expect(host.liveness(identity)).toBe("alive");
  });

  it.skipIf(!hasProgram("python3", "--version"))(
    "a zombie is dead, though its pid is still taken",
    async () => {
      const parent = await start("python3", ZOMBIE_SCRIPT);
      const zombie = Number(parent.line);
      const stat = readStat(zombie);
      expect(stat).toMatchObject({ state: "Z", parent: parent.pid });
      expect(process.kill(zombie, 0)).toBe(true);
      expect(host.process(zombie)).toBeUndefined();
      const identity = { ...host.self, pid: zombie, startTime: stat!.startTime };
      expect(host.liveness(identity)).toBe("dead");
    },
  );

  it.each<[string, Partial<ProcessIdentity>, string]>([
    ["is alive as it is", {}, "alive"],
    ["is alive under another command", { command: "renamed" }, "alive"],
    ["is dead with another start time: the pid has come round", { startTime: 1 }, "dead"],
    ["is dead with another boot", { boot: "000000000000" }, "dead"],
    ["is alive with no boot: then pid and start time decide", { boot: "" }, "alive"],
    ["is dead with no boot and another start time", { boot: "", startTime: 1 }, "dead"],
    ["is unknown in other namespaces", { namespaces: "1.1" }, "unknown"],
    ["is unknown in other namespaces of another boot", { namespaces: "1", boot: "x" }, "unknown"],
    ["is dead under a pid that nobody has", { pid: 2 ** 31 - 1 }, "dead"],
  ])("a process %s", (_, changes, liveness) => {
    expect(host.liveness({ ...host.self, ...changes })).toBe(liveness);
  });

  it("the ancestors are the parent first, then its parent, up to the first process", () => {
    const ancestors = host.ancestors();
    expect(ancestors[0]?.pid).toBe(process.ppid);
    for (const [index, { pid }] of ancestors.entries()) {
      const parent = readStat(pid)?.parent;
      expect(ancestors[index + 1]?.pid).toBe(parent === 0 ? undefined : parent);
    }
    expect(ancestors.map(({ pid }) => pid)).not.toContain(process.pid);
  });

  it("the settings are those of the kernel", () => {
    const [first, last] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")
      .trim()
      .split(/\s+/u)
      .map(Number);
    const reserved = parseReserved(readFileSync("/proc/sys/net/ipv4/ip_local_reserved_ports", "utf8"));
    const startText = readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8");
    const unprivilegedStart = Number(startText);
    expect(host.settings()).toEqual({ ephemeral: { first, last }, reserved, unprivilegedStart });
  });
});

describe.each(["darwin", "win32"] as const)("where there is no /proc, as on %s", (platform) => {
  const host = openHost(platform);

  it("the machine is one, without a boot and without guards", () => {
    expect(host).toMatchObject({ fingerprint: "machine", boot: "", guards: undefined });
    expect(host.self).toMatchObject({ pid: process.pid, startTime: 0, boot: "", namespaces: "" });
  });

  it("a process is its pid: there, or not", async () => {
    const sleeper = await startSleeper();
    const identity = host.process(sleeper.pid);
    expect(identity).toEqual({ pid: sleeper.pid, startTime: 0, boot: "", namespaces: "", command: "" });
    expect(host.liveness(identity!)).toBe("alive");
    await sleeper.kill();
    expect(host.liveness(identity!)).toBe("dead");
    expect(host.process(sleeper.pid)).toBeUndefined();
  });

  it("another user's process is alive, though it may not be signalled", () => {
    expect(host.liveness({ ...host.self, pid: 1 })).toBe("alive");
  });

  it("the parent is the only ancestor that is known", () => {
    expect(host.ancestors()).toMatchObject([{ pid: process.ppid, forked: false }]);
  });

  it("a port is looked at, and nobody is told to listen or hold", async () => {
    const port = await freePort();
    expect(await host.look([wholePort(port)])).toBe("free");
    await occupy("::", port);
    expect(await host.look([wholePort(port)])).toBe("stranger");
    expect(host).toMatchObject({ holds: undefined, listeners: undefined });
  });

  it("the ephemeral range is IANA's", () => {
    const ephemeral = { first: 49152, last: 65535 };
    expect(host.settings()).toEqual({ ephemeral, reserved: [], unprivilegedStart: 1024 });
  });
});
