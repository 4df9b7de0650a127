import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { newFolder, portPrinter } from "./moorage.ts";

const HELLO = fileURLToPath(new URL("../../examples/hello.mjs", import.meta.url));
const NODE = process.execPath;

describe("moorage run", () => {
  test("a real server comes up on the leased port and is reached through it", async () => {
    await using folder = newFolder();
    const { line, child, finished } = folder.moorage("run", "--name", "hello", "--", NODE, HELLO);
    const url = /http:\/\/\S+/u.exec(await line())![0];
    expect(await (await fetch(url)).text()).toBe("hello\n");
    const [lease] = await folder.leases();
    expect(lease).toMatchObject({
      name: "hello",
      ports: [Number(new URL(url).port)],
      holder: { pid: child.pid },
    });
    child.kill("SIGTERM");
    expect(await finished).toMatchObject({ code: 128 + 15 });
    expect(await folder.leases()).toEqual([]);
  });

  test("the command's exit code is the exit code", async () => {
    await using folder = newFolder();
    expect(await folder.run("run", "--", NODE, "-e", "process.exit(42)")).toMatchObject({ code: 42 });
    expect(await folder.run("run", "--", NODE, "-e", "")).toMatchObject({ code: 0, stdout: "" });
  });

  test("the command's own options are left to it, with and without --", async () => {
    await using folder = newFolder();
    const print = "console.log(process.argv.slice(1).join(' '))";
    const withDashes = await folder.run("run", "--", NODE, "-e", print, "--", "--name", "x");
    expect(withDashes.stdout).toBe("--name x\n");
    const without = await folder.run("run", NODE, "-p", "process.env.PORT > 0");
    expect(without.stdout).toBe("true\n");
  });

  test("the variable, the range and the wish are those of the options", async () => {
    await using folder = newFolder();
    const print = [NODE, "-p", "`${process.env.API_PORT} ${process.env.PORT}`"];
    const flags = ["--ports", "20000-20999", "--env", "API_PORT"];
    const outside = await folder.run("run", ...flags, "--prefer", "23457", "--", ...print);
    expect(outside.stdout).toBe("23457 undefined\n");
    const { stdout } = await folder.run("run", ...flags, "--", ...print);
    expect(Number.parseInt(stdout, 10)).toSatisfy((port: number) => port >= 20000 && port <= 20999);
  });

  test("one name is given to one command at a time, and the second is told who has it", async () => {
    await using folder = newFolder();
    const first = folder.moorage("run", "--name", "web", "--", ...portPrinter());
    const port = await first.line();
    const second = await folder.run("run", "--name", "web", "--", ...portPrinter());
    expect(second).toMatchObject({ code: 125, stdout: "" });
    expect(second.stderr).toContain("moorage: NAME_HELD:");
    expect(second.stderr).toContain(`port ${port}`);
    expect(second.stderr).toContain(`pid ${first.child.pid}`);
  });

  test("a name gets the same port again", async () => {
    await using folder = newFolder();
    const print = [NODE, "-p", "process.env.PORT"];
    const first = await folder.run("run", "--name", "web", "--", ...print);
    const second = await folder.run("run", "--name", "web", "--", ...print);
    expect(second.stdout).toBe(first.stdout);
  });

  test("a port that another program uses is skipped", async () => {
    await using folder = newFolder();
    const stranger = createServer().listen(0);
    await once(stranger, "listening");
    try {
      const { port } = stranger.address() as { port: number };
      const ports = `${port - 1}-${port + 1}`;
      const { stdout } = await folder.run(
        "run",
        "--ports",
        ports,
        "--prefer",
        `${port}`,
        "--",
        NODE,
        "-p",
        "process.env.PORT",
      );
      expect([port - 1, port + 1]).toContain(Number(stdout));
    } finally {
      stranger.close();
    }
  });

  test("a command that a signal ended gives 128 and the signal's number", async () => {
    await using folder = newFolder();
    const command = [NODE, "-e", "process.kill(process.pid, 'SIGKILL')"];
    expect(await folder.run("run", "--", ...command)).toMatchObject({ code: 137 });
  });

  test("a command that is not there is 127, and nothing stays leased", async () => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run("run", "--", "no-such-command-here");
    expect({ code, stdout }).toEqual({ code: 127, stdout: "" });
    expect(stderr).toBe(
      'moorage: COMMAND_NOT_FOUND: cannot start "no-such-command-here": command not found\n',
    );
    expect(await folder.leases()).toEqual([]);
  });

  test("a command that cannot be started is 126 with the reason, and nothing stays leased", async () => {
    await using folder = newFolder();
    const file = join(folder.directory, "plain.txt");
    writeFileSync(file, "not a program");
    chmodSync(file, 0o644);
    const loop = join(folder.directory, "loop");
    symlinkSync(loop, loop);
    const cases = [
      { command: file, reason: "permission denied" },
      { command: join(file, "below"), reason: "not a directory" },
      { command: loop, reason: "too many symbolic links encountered" },
      { command: "x".repeat(5000), reason: "name too long" },
    ];
    for (const { command, reason } of cases) {
      expect(await folder.run("run", "--", command)).toMatchObject({
        code: 126,
        stdout: "",
        stderr: `moorage: COMMAND_NOT_STARTED: cannot start "${command}": ${reason}\n`,
      });
    }
    expect(await folder.leases()).toEqual([]);
  });

  test("the port is said once the command runs", async () => {
    await using folder = newFolder();
    const { stderr } = await folder.run("run", "--name", "web", "--ports", "14510", "--", "true");
    expect(stderr).toBe("moorage: PORT=14510 for web\n");
  });

  const canLimit = spawnSync("prlimit", ["--version"]).status === 0;
  test.skipIf(!canLimit)(
    "the exit code is the command's even when the lease cannot be given back",
    async () => {
      await using folder = newFolder();
      // A disk on which nothing can be written any more, as far as `moorage run` sees.
      const script = "prlimit --pid $PPID --fsize=0; exit 7";
      const { code, stderr } = await folder.run("run", "--ports", "14520", "--", "sh", "-c", script);
      expect(code).toBe(7);
      expect(stderr).toMatch(/^moorage: STORE_[A-Z]+: .+$/mu);
      expect(await folder.leases()).toMatchObject([{ ports: [14520], state: "free" }]);
    },
  );
});
