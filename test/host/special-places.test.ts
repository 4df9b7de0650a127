// What the host says where it sees little: a living holder is never judged dead, whatever hides it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { openHost } from "../../src/host/index.ts";
import { readStat, shortBoot } from "../../src/host/proc.ts";
import { temporaryFolder } from "../stores/folder.ts";
import {
  askWitness,
  canRunAsRoot,
  hasProgram,
  LEADER_EXIT_SCRIPT,
  type Place,
  start,
  startSleeper,
} from "./processes.ts";

const linux = existsSync("/proc/self/stat");
const HIDEPID: Place = ["unshare", "--pid", "--fork", "--mount", "--mount-proc"];

/** Mounts something first, seen by nobody but the command that follows, which has a shell as its parent. */
function afterMounting(mount: string, unshare: Place = ["unshare", "--mount"]): Place {
  return [...unshare, "sh", "-c", `mount ${mount} && "$@"; exit $?`, "sh"];
}

describe.skipIf(!linux)("a holder that is alive", () => {
  it("is not dead for a process that has no file descriptor left", async () => {
    const sleeper = await startSleeper();
    const identity = JSON.stringify(openHost().process(sleeper.pid));
    const fewFiles: Place = ["sh", "-c", 'ulimit -n 64 && exec "$@"', "sh"];
    expect(await askWitness(fewFiles, "judgeWithoutDescriptors", identity)).toMatchObject({
      full: "EMFILE",
      liveness: "unknown",
      process: { code: "EMFILE" },
    });
  });

  it.skipIf(!hasProgram("python3", "--version"))(
    "is alive when its first thread has ended and another goes on",
    async () => {
      const program = await start("python3", LEADER_EXIT_SCRIPT);
      const { pid } = program;
      expect(readStat(pid)).toMatchObject({ state: "Z" });
      const host = openHost();
      const identity = host.process(pid);
      expect(identity?.pid).toBe(pid);
      expect(host.liveness(identity!)).toBe("alive");
      await program.kill();
      expect(host.liveness(identity!)).toBe("dead");
    },
  );

  it.skipIf(!canRunAsRoot("unshare", "--mount", "true"))(
    "is not dead when /proc says what cannot be understood (needs root and unshare)",
    async () => {
      const sleeper = await startSleeper();
      const garbage = join(temporaryFolder(), "stat");
      writeFileSync(garbage, "4711 (node) S 1 2 3");
      const place = afterMounting(`--bind ${garbage} /proc/${sleeper.pid}/stat`);
      const identity = JSON.stringify(openHost().process(sleeper.pid));
      expect(await askWitness(place, "judge", identity)).toEqual({
        liveness: "unknown",
        process: { message: `/proc/${sleeper.pid}/stat cannot be understood: "4711 (node) S 1 2 3"` },
      });
    },
  );

  it.skipIf(!canRunAsRoot(...HIDEPID, "mount", "-o", "remount,hidepid=2", "/proc")).each([
    [1, { code: "EPERM" }],
    [2, null],
  ])("is not dead when /proc hides it, hidepid=%i (needs root and unshare)", async (level, found) => {
    const place = afterMounting(`-o remount,hidepid=${level} /proc`, HIDEPID);
    expect(await askWitness(place, "judgeAsNobody")).toMatchObject({
      there: { liveness: "unknown", process: found },
      gone: { liveness: "dead", process: null },
      ancestors: [],
    });
  });
});

const LAST_PID = "echo 100 > /proc/sys/kernel/ns_last_pid";
describe.skipIf(!linux || !canRunAsRoot(...HIDEPID, "sh", "-c", LAST_PID))(
  "when a pid has come round (needs root and unshare)",
  () => {
    it("the process that has it now is not the holder that had it", async () => {
      const told = await askWitness([...HIDEPID, "sh", "-c", '"$@"; exit $?', "sh"], "judgeReusedPid");
      expect(told).toMatchObject({ former: "dead", present: "alive" });
      const { pids } = told as { pids: readonly number[] };
      expect(pids[0]).toBe(pids[1]);
    });
  },
);

describe.skipIf(!linux || !canRunAsRoot("unshare", "--pid", "--fork", "true"))(
  "beside the /proc of another pid namespace (needs root and unshare)",
  () => {
    it("only the kernel's word on a pid counts, and nobody is taken for a process of that /proc", async () => {
      const place: Place = ["unshare", "--pid", "--fork", "sh", "-c", '"$@"; exit $?', "sh"];
      const told = await askWitness(place, "judgeBesideForeignProc");
      expect(told).toMatchObject({
        self: { pid: 2 },
        own: "alive",
        there: { liveness: "unknown", process: { code: "HOST_UNSUPPORTED", missing: "/proc" } },
        gone: { liveness: "dead", process: null },
        ancestors: [],
      });
      const { self, startTime } = told as { self: { startTime: number }; startTime: number };
      expect(self.startTime).toBe(startTime);
      expect(startTime).toBeGreaterThan(readStat(1)!.startTime);
    });
  },
);

describe.skipIf(!linux || !canRunAsRoot("unshare", "--mount", "true"))(
  "without /proc (needs root and unshare)",
  () => {
    it("the host is refused as HOST_UNSUPPORTED, with what is missing and what to do", async () => {
      expect(await askWitness(afterMounting("-t tmpfs none /proc"), "open")).toMatchObject({
        code: "HOST_UNSUPPORTED",
        missing: "/proc/self",
        message: expect.stringMatching(/^\/proc\/self cannot be read: .* mount it$/u) as string,
      });
    });

    it("but for its boot, a process is judged by pid and start time", async () => {
      const sleeper = await startSleeper();
      const host = openHost();
      const identity = host.process(sleeper.pid)!;
      expect(identity.boot).toBe(shortBoot(readFileSync("/proc/sys/kernel/random/boot_id", "utf8")));
      const place = afterMounting("-t tmpfs none /proc/sys/kernel/random");
      const judge = async (changes: object): Promise<unknown> =>
        await askWitness(place, "judge", JSON.stringify({ ...identity, ...changes }));
      expect(await judge({})).toMatchObject({ liveness: "alive", process: { boot: "" } });
      expect(await judge({ startTime: 1 })).toMatchObject({ liveness: "dead" });
    });
  },
);
