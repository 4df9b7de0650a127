// What a command starts, ends with it, or keeps its lease: real processes, with and without a terminal.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openHost } from "../../src/host/index.ts";
import { type Folder, MAIN, newFolder, PTY, type Started } from "./moorage.ts";
import { SEES_LISTENERS } from "./servers.ts";

const NODE = process.execPath;
const SOON = { timeout: 20_000, interval: 50 };
const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;

/** A server that says its pid, and goes on whatever becomes of who started it. */
const SERVER = `
  const server = require("node:http").createServer((_, response) => response.end("here"));
  server.listen(process.env.PORT, "127.0.0.1", () => console.log(process.pid));`;

/** Ends a process with the test, if it is there still. */
function endWithTest(pid: number): number {
  const identity = openHost().process(pid);
  onTestFinished(() => {
    if (identity && openHost().liveness(identity) === "alive") process.kill(pid, "SIGKILL");
  });
  return pid;
}

async function pidOf({ line }: Pick<Started, "line">): Promise<number> {
  return endWithTest(Number(await line()));
}

/** `sh -c script node code`: the script has both as $0 and $1. */
function shell(script: string, code: string): string[] {
  return ["sh", "-c", script, NODE, code];
}

/** Whether a process runs: one that nobody has waited for yet does not. */
function isRunning(pid: number): boolean {
  return openHost().process(pid) !== undefined;
}

async function expectEnd(...pids: readonly number[]): Promise<void> {
  await vi.waitFor(() => expect(pids.filter(isRunning)).toEqual([]), SOON);
}

describe.skipIf(!SEES_LISTENERS)("a signal reaches what the command has started (Linux only)", () => {
  const COMMANDS: readonly [string, string][] = [
    ["below a shell that does not pass it on", '"$0" -e "$1"; :'],
    ["in the background of a shell", '"$0" -e "$1" & wait'],
    ["in a session of its own", 'setsid "$0" -e "$1" & wait'],
  ];

  test.each(COMMANDS)("%s", async (_, script) => {
    await using folder = newFolder();
    const started = folder.moorage("run", "--name", "web", "--", ...shell(script, SERVER));
    const pid = await pidOf(started);
    started.child.kill("SIGTERM");
    expect(await started.finished).toMatchObject({ code: 128 + 15 });
    // Gone before `run` has said that it is.
    expect(isRunning(pid)).toBe(false);
    expect(await folder.leases()).toEqual([]);
  });

  test("also what has lost its parents and listens in a session of its own", async () => {
    await using folder = newFolder();
    const script = 'setsid sh -c \'"$0" -e "$1" &\' "$0" "$1"; exec "$0" -e "setInterval(() => {}, 1e6)"';
    const started = folder.moorage("run", "--", ...shell(script, SERVER));
    const pid = await pidOf(started);
    started.child.kill("SIGTERM");
    expect(await started.finished).toMatchObject({ code: 128 + 15 });
    await expectEnd(pid);
  });

  test("but what another run looks after is sent it once, by that one", async () => {
    await using folder = newFolder();
    const count = `let count = 0;
      process.on("SIGTERM", () => { console.log("got it", ++count); setTimeout(() => process.exit(), 500) });
      setInterval(() => {}, 1e6); console.log("ready")`;
    const inner = [NODE, MAIN, "run", "--", NODE, "-e", count];
    const started = folder.moorage("run", "--", ...inner);
    expect(await started.line()).toBe("ready");
    started.child.kill("SIGTERM");
    expect((await started.finished).stdout).toBe("ready\ngot it 1\n");
  });

  test("npm and its server end together", async () => {
    await using folder = newFolder();
    const started = folder.moorage("run", "--", "npm", "exec", "-c", `node -e '${SERVER}'; :`);
    const pid = await pidOf(started);
    started.child.kill("SIGTERM");
    await started.finished;
    expect(isRunning(pid)).toBe(false);
  });
});

describe.skipIf(!SEES_LISTENERS)("a server in the background (Linux only)", () => {
  test.each([
    ["with its group", '"$0" -e "$1" & '],
    ["in a session of its own", 'setsid "$0" -e "$1" & '],
    ["after the command has ended with an error", '"$0" -e "$1" & sleep 0.5; exit 3'],
  ])("keeps the lease when the command has ended: %s", async (_, script) => {
    await using folder = newFolder();
    const started = folder.moorage(
      "run",
      "--name",
      "web",
      "--ports",
      "14700-14709",
      "--",
      ...shell(script, SERVER),
    );
    const pid = await pidOf(started);
    await once(started.child, "exit");
    expect(started.child.exitCode).toBe(script.includes("exit 3") ? 3 : 0);
    expect(await folder.leases()).toMatchObject([{ name: "web", state: "listening", holder: { pid } }]);
    expect((await folder.run("run", "--name", "web", "--", "true")).stderr).toContain("NAME_HELD");
    process.kill(pid, "SIGTERM");
    expect((await started.finished).stderr).toContain(`moorage: web runs on in the background: node -e`);
    await expectEnd(pid);
    expect(await folder.run("run", "--name", "web", "--", "true")).toMatchObject({ code: 0 });
  });

  test("is leased to what starts it anew, not to itself", async () => {
    await using folder = newFolder();
    const script = 'while "$0" -e "$1"; do :; done &';
    const started = folder.moorage("run", "--ports", "14710", "--", ...shell(script, SERVER));
    const first = await pidOf(started);
    await once(started.child, "exit");
    const [lease] = await folder.leases();
    expect(lease!.holder.pid).not.toBe(first);
    endWithTest(lease!.holder.pid);
    process.kill(lease!.holder.pid, "SIGTERM");
    process.kill(first, "SIGTERM");
    await expectEnd(first);
  });

  test("that does not listen is waited for while it is about to end", async () => {
    await using folder = newFolder();
    const { code } = await folder.run("run", "--", "sh", "-c", "sleep 1 & exit 5");
    expect(code).toBe(5);
    expect(await folder.leases()).toEqual([]);
  });
});

/** Starts a program on a terminal of its own, whose input is written to `child.stdin`. */
function onTerminal(folder: Folder, ...command: readonly string[]): Started {
  return folder.start("python3", ["-c", PTY, NODE, MAIN, ...command]);
}

describe.skipIf(!HAS_PYTHON || !SEES_LISTENERS)("on a terminal (python3, Linux only)", () => {
  test("Ctrl-C ends the command and what it has started, once each", async () => {
    await using folder = newFolder();
    const count = `process.on("SIGINT", () => { console.log("got it"); setTimeout(() => process.exit(7), 300) });
      setInterval(() => {}, 1e6); console.log("ready")`;
    const started = onTerminal(folder, "run", "--", NODE, "-e", count);
    await vi.waitFor(async () => expect(await started.line()).toContain("ready"), SOON);
    started.child.stdin!.write("\u0003");
    const { stdout, code } = await started.finished;
    expect(stdout.match(/got it/gu)).toHaveLength(1);
    expect(code).toBe(7);
  });

  const HAS_BASH = spawnSync("bash", ["--version"]).status === 0;
  test.skipIf(!HAS_BASH)(
    "Ctrl-Z stops it and what it has started, and fg goes on with it (bash)",
    async () => {
      await using folder = newFolder();
      const code = `process.on("SIGCONT", () => console.log("goes on")); setInterval(() => {}, 1e6); console.log("begins")`;
      const started = folder.start("python3", ["-c", PTY, "bash", "--norc", "-i"]);
      const { stdin, stdout } = started.child;
      let seen = "";
      stdout!.on("data", (text: string) => (seen += text));
      const see = (text: RegExp): Promise<void> => vi.waitFor(() => expect(seen).toMatch(text), SOON);
      stdin!.write(`${NODE} ${MAIN} run -- sh -c '${NODE} -e "$0"; :' '${code}'\n`);
      await see(/^begins/mu);
      stdin!.write("\u001a");
      await see(/Stopped/u);
      stdin!.write("fg\n");
      await see(/^goes on/mu);
      stdin!.write("\u0003");
      stdin!.write("exit\n");
      await started.finished;
    },
  );

  test("the command reads from it", async () => {
    await using folder = newFolder();
    const started = onTerminal(
      folder,
      "run",
      "--",
      "sh",
      "-c",
      "echo ready; read word < /dev/tty; echo got:$word",
    );
    await vi.waitFor(async () => expect(await started.line()).toContain("ready"), SOON);
    started.child.stdin!.write("hello\n");
    expect((await started.finished).stdout).toContain("got:hello");
  });
});
