import { once } from "node:events";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { occupy } from "../host/sockets.ts";
import { type Folder, injected, MAIN, newFolder } from "./moorage.ts";

const ACCEPT = fileURLToPath(new URL("../host/accept.mjs", import.meta.url));
const NODE = process.execPath;
const EVERYWHERE = ["::", "0.0.0.0", "127.0.0.1", "::1"];

/** Connects `count` times, half of them by IPv6: none may be refused. Resolves with what each is answered. */
async function connectAll(port: number, count: number): Promise<Promise<string>[]> {
  const sockets = Array.from({ length: count }, (_, at) =>
    connect({ port, host: at % 2 === 0 ? "127.0.0.1" : "::1" }),
  );
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return sockets.map((socket) => text(socket));
}

async function told(folder: Folder, ...flags: readonly string[]): Promise<Record<string, string>> {
  const print = "console.log(JSON.stringify({ ...process.env, pid: String(process.pid) }))";
  const { stdout } = await folder.run("run", ...flags, "--", NODE, "-e", print);
  return JSON.parse(stdout) as Record<string, string>;
}

describe("moorage run --fd", () => {
  test("connections made while the command boots and between two servers wait, and all are answered", async () => {
    await using folder = newFolder();
    const script =
      'echo $PORT; for name in one two; do read go; "$0" "$1" $name 20; echo $name is gone; done';
    const { child, line, finished } = folder.moorage("run", "--fd", "--", "sh", "-c", script, NODE, ACCEPT);
    const port = Number(await line());
    for (const name of ["one", "two"]) {
      const answers = await connectAll(port, 20);
      for (const host of EVERYWHERE) {
        await expect(occupy(host, port)).rejects.toMatchObject({ code: "EADDRINUSE" });
      }
      child.stdin!.write("\n");
      expect(await Promise.all(answers)).toEqual(answers.map(() => name));
      expect(await line()).toBe(`${name} is gone`);
    }
    expect(await finished).toMatchObject({ code: 0 });
    await occupy("::", port);
  });

  test("the command is told of the socket, by its own pid, and of the port", async () => {
    await using folder = newFolder();
    const env = await told(folder, "--fd", "--ports", "14600");
    expect(env).toMatchObject({
      LISTEN_FDS: "1",
      LISTEN_PID: env["pid"],
      LISTEN_FDNAMES: "moorage",
      NGINX: "3;",
      PORT: "14600",
    });
  });

  test.each([
    ["web", "web"],
    ["my app: écran", "my app_ _cran"],
    ["x".repeat(200), "x".repeat(200)],
  ])("the socket has the name of the lease, %s, as far as one of systemd's can", async (name, expected) => {
    await using folder = newFolder();
    expect(await told(folder, "--fd", "--global", "--name", name)).toMatchObject({
      LISTEN_FDNAMES: expected,
    });
  });

  test("without it nothing is said of a socket", async () => {
    await using folder = newFolder();
    expect(Object.keys(await told(folder))).not.toContain("LISTEN_FDS");
  });

  test("what a shell cannot name is in the command's environment too, and a former pid is not", async () => {
    await using folder = newFolder();
    const env = { "npm_config_a-b": "1", "x.y": "of two\nlines $HOME", "-i": "2", LISTEN_PIDFDID: "7" };
    const print = "JSON.stringify(process.env)";
    const { finished } = folder.start(NODE, [MAIN, "run", "--fd", "--", NODE, "-p", print], { env });
    const seen = JSON.parse((await finished).stdout) as Record<string, string>;
    expect(seen).toMatchObject({ "npm_config_a-b": "1", "x.y": "of two\nlines $HOME", "-i": "2" });
    expect(Object.keys(seen)).not.toContain("LISTEN_PIDFDID");
  });

  test.each(["LISTEN_FDS", "LISTEN_PID", "NGINX"])(
    "%s cannot be the variable of the port",
    async (variable) => {
      await using folder = newFolder();
      const refused = await folder.run("run", "--fd", "--env", variable, "--", "true");
      expect(refused.code).toBe(125);
      expect(refused.stderr).toContain(
        `expected a variable that --fd does not set itself, received ${variable}`,
      );
    },
  );

  test("a command with an equals sign in its name is started all the same", async () => {
    await using folder = newFolder();
    const command = join(folder.directory, "a=b");
    writeFileSync(command, "#!/bin/sh\necho $PORT started\n", { mode: 0o755 });
    const env = { "x.y": "odd" };
    const { finished } = folder.start(NODE, [MAIN, "run", "--fd", "--ports", "14602", "--", command], {
      env,
    });
    expect(await finished).toMatchObject({ code: 0, stdout: "14602 started\n" });
  });

  test.each([
    ["process.exit(42)", 42],
    ["process.kill(process.pid, 'SIGKILL')", 137],
  ])("the exit code after %s is %d", async (code, expected) => {
    await using folder = newFolder();
    expect(await folder.run("run", "--fd", "--", NODE, "-e", code)).toMatchObject({ code: expected });
  });

  test("a signal reaches the command itself", async () => {
    await using folder = newFolder();
    const script = `process.on("SIGUSR2", () => process.exit(7)); setInterval(() => {}, 1e6); console.log("ready")`;
    const { child, line, finished } = folder.moorage("run", "--fd", "--", NODE, "-e", script);
    await line();
    child.kill("SIGUSR2");
    expect(await finished).toMatchObject({ code: 7 });
  });

  test("a command that cannot be started is said as without it, and nothing stays leased", async () => {
    await using folder = newFolder();
    const file = join(folder.directory, "plain.txt");
    writeFileSync(file, "not a program");
    chmodSync(file, 0o644);
    const loop = join(folder.directory, "loop");
    symlinkSync(loop, loop);
    const commands = ["no-such-command-here", file, folder.directory, join(file, "below"), loop];
    for (const command of [...commands, "x".repeat(5000), "./no-such-command-here"]) {
      const expected = await folder.run("run", "--", command);
      expect([126, 127]).toContain(expected.code);
      expect(await folder.run("run", "--fd", "--", command)).toEqual(expected);
    }
    expect(await folder.leases()).toEqual([]);
  });

  test("a command is found as without it: in the folders of PATH, those that cannot be entered left out", async () => {
    await using folder = newFolder();
    const program = join(folder.directory, "hello");
    writeFileSync(program, "#!/bin/sh\necho hello\n");
    chmodSync(program, 0o755);
    const path = `/no/such/folder:${program}:${folder.directory}:${process.env["PATH"]}`;
    const start = (cwd: string, PATH: string): ReturnType<Folder["start"]> =>
      folder.start(NODE, [MAIN, "run", "--fd", "--", "hello"], { cwd, env: { PATH } });
    expect(await start("/", path).finished).toMatchObject({ code: 0, stdout: "hello\n" });
    expect(await start(folder.directory, ":/bin").finished).toMatchObject({ code: 0, stdout: "hello\n" });
    expect(await start("/", "/bin").finished).toMatchObject({ code: 127, stdout: "" });
  });

  test("a program that listens first is named, and nothing is started", async () => {
    await using folder = newFolder();
    const stranger = createServer().listen(0, "127.0.0.1");
    await once(stranger, "listening");
    const { port } = stranger.address() as AddressInfo;
    stranger.close();
    // Right before the socket that was bound is to listen.
    const code = `
      import childProcess from "node:child_process";
      import { createServer } from "node:net";
      import { syncBuiltinESMExports } from "node:module";
      const { spawn } = childProcess;
      childProcess.spawn = (...parameters) => {
        createServer().listen(${port}, "127.0.0.1").unref();
        return spawn(...parameters);
      };
      syncBuiltinESMExports();`;
    const parameters = [MAIN, "run", "--fd", "--ports", String(port), "--", "echo", "started"];
    const {
      code: exit,
      stdout,
      stderr,
    } = await folder.start(NODE, parameters, { env: injected(code) }).finished;
    expect({ exit, stdout }).toEqual({ exit: 125, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^moorage: PORT_IN_USE: port ${port} was leased, but`, "u"));
    expect(await folder.leases()).toEqual([]);
  });

  test("a lease of UDP alone is a misuse", async () => {
    await using folder = newFolder();
    const { code, stderr } = await folder.run("run", "--fd", "--protocol", "udp", "--", "true");
    expect(code).toBe(125);
    expect(stderr).toBe("moorage: USAGE: `--fd`: expected tcp among the protocols, received udp\n");
  });

  test("a runtime that can only listen for itself says so", async () => {
    await using folder = newFolder();
    const env = injected(
      'import net from "node:net"; delete net.BoundSocket; delete net._createServerHandle;',
    );
    const { finished } = folder.start(NODE, [MAIN, "run", "--fd", "--", "true"], { env });
    expect(await finished).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(
        /^moorage: HOST_UNSUPPORTED: `--fd`: no socket can be handed to another process here; /u,
      ),
    });
    expect(await folder.leases()).toEqual([]);
  });
});
