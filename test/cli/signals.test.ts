import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { type Folder, injected, MAIN, newFolder, portPrinter, type Started } from "./moorage.ts";

/** Runs where a program calls `spawn` with `parameters`; a signal to itself is sent by `stop()`. */
function aroundSpawn(code: string): string {
  return `
    import childProcess from "node:child_process";
    import { syncBuiltinESMExports } from "node:module";
    const spawn = childProcess.spawn;
    const stop = () => process.kill(process.pid, "SIGTERM");
    childProcess.spawn = (...parameters) => { ${code} };
    syncBuiltinESMExports();`;
}

const DURING_THE_LOOK = `
  import { Server } from "node:net";
  const { listen } = Server.prototype;
  Server.prototype.listen = function (...parameters) {
    process.kill(process.pid, "SIGTERM");
    return listen.apply(this, parameters);
  };`;

/** A command that says so when it is left behind, alone with its input. */
const LEFT_BEHIND = [
  process.execPath,
  "-e",
  'process.stdin.resume().on("end", () => { console.log("left behind"); process.exit() })',
];

function runWith(folder: Folder, code: string, command: readonly string[]): Started {
  return folder.start(process.execPath, [MAIN, "run", "--", ...command], { env: injected(code) });
}

describe("a signal to moorage run", () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"] as const)("%s reaches the command", async (signal) => {
    await using folder = newFolder();
    const setup = `process.on("${signal}", () => { console.log("got it"); process.exit(7) })`;
    const { child, line, finished } = folder.moorage("run", "--", ...portPrinter(setup));
    await line();
    child.kill(signal);
    expect(await line()).toBe("got it");
    expect(await finished).toMatchObject({ code: 7 });
  });

  test("while a port is looked for starts nothing and leaves nothing leased", async () => {
    await using folder = newFolder();
    const { finished } = runWith(folder, DURING_THE_LOOK, [process.execPath, "-p", "'started'"]);
    expect(await finished).toMatchObject({ code: 128 + 15, stdout: "", stderr: "" });
    expect(await folder.leases()).toEqual([]);
  });

  test.each([
    ["just before the command starts", "stop(); return spawn(...parameters);"],
    ["just after the command has started", "const child = spawn(...parameters); stop(); return child;"],
  ])("%s is passed on to it", async (_, code) => {
    await using folder = newFolder();
    const { child, finished } = runWith(folder, aroundSpawn(code), LEFT_BEHIND);
    await once(child, "exit");
    child.stdin!.end();
    expect(await finished).toMatchObject({ code: 128 + 15, stdout: "" });
    expect(await folder.leases()).toEqual([]);
  });

  test("that may not be sent to the command leaves it running", async () => {
    await using folder = newFolder();
    const code = `
      const { kill } = process;
      process.kill = (pid, signal) => {
        if (signal === 0) return kill.call(process, pid, signal);
        console.log("refused");
        throw Object.assign(new Error("kill EPERM"), { code: "EPERM" });
      };
      return spawn(...parameters);`;
    const { child, line, finished } = runWith(folder, aroundSpawn(code), portPrinter());
    await line();
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      child.kill(signal);
      expect(await line()).toBe("refused");
    }
    child.stdin!.end();
    expect(await finished).toMatchObject({ code: 0 });
  });

  test("after the command has ended changes neither its exit code nor that the lease is given back", async () => {
    await using folder = newFolder();
    const code = 'return spawn(...parameters).on("exit", () => queueMicrotask(stop));';
    const { finished } = runWith(folder, aroundSpawn(code), [process.execPath, "-e", "process.exit(7)"]);
    expect(await finished).toMatchObject({ code: 7 });
    expect(await folder.leases()).toEqual([]);
  });
});
