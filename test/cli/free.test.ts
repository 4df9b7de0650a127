// moorage free: who is asked to stop, and who is left alone.

import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { type Folder, MAIN, newFolder, PTY, type Started } from "./moorage.ts";
import { asNobody, IS_ROOT, isAlive, SEES_LISTENERS, serverOn, type ServerOptions } from "./servers.ts";
import { hasProgram } from "../host/processes.ts";

const NODE = process.execPath;
const PORT = 14830;

async function serve(
  folder: Folder,
  options: ServerOptions = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Started> {
  const server = folder.start(NODE, serverOn(PORT, options), { env });
  await server.line();
  return server;
}

describe.skipIf(!SEES_LISTENERS)("moorage free (Linux only)", () => {
  test("ends whoever listens with SIGTERM, says who, and waits until the port is free", async () => {
    await using folder = newFolder();
    const server = await serve(folder);
    const { code, stdout, stderr } = await folder.run("free", String(PORT), "--yes");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(`^port ${PORT}: SIGTERM for node .*\\(pid ${server.child.pid}\\) in `, "u"),
    );
    expect(stderr).toMatch(/\nport 14830 is free\n$/u);
    expect(await server.finished).toMatchObject({ signal: "SIGTERM" });
  });

  test("leaves clients alone, which have a socket of that port too", async () => {
    await using folder = newFolder();
    const server = await serve(folder);
    const socket = connect(PORT, "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    // This process has a socket on the port, and would end with a signal.
    expect(await folder.run("free", String(PORT), "--yes")).toMatchObject({ code: 0 });
    await server.finished;
    socket.destroy();
  });

  test("--dry-run says who it would be, and does nothing", async () => {
    await using folder = newFolder();
    const server = await serve(folder);
    const { code, stdout, stderr } = await folder.run("free", String(PORT), "--dry-run");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      new RegExp(`^port ${PORT}: SIGTERM for node .*\\(pid ${server.child.pid}\\)`, "u"),
    );
    expect(await folder.run("who", String(PORT))).toMatchObject({ code: 0 });
    expect(isAlive(server.child.pid!)).toBe(true);
  });

  test("without a terminal it takes --yes, and without it nobody is touched", async () => {
    await using folder = newFolder();
    const server = await serve(folder);
    const { code, stderr } = await folder.run("free", String(PORT));
    expect(code).toBe(64);
    expect(stderr).toContain("USAGE: `--yes`");
    expect(await folder.run("who", String(PORT))).toMatchObject({ code: 0 });
    expect(isAlive(server.child.pid!)).toBe(true);
  });

  test("where nobody listens there is nothing to do or to ask, which is 2", async () => {
    await using folder = newFolder();
    for (const flags of [[], ["--yes"], ["--dry-run"]]) {
      const { code, stderr } = await folder.run("free", String(PORT), ...flags);
      expect(code).toBe(2);
      expect(stderr).toBe(
        "moorage: NOT_FOUND: nobody listens on TCP port 14830; `moorage who 14830` shows who has it\n",
      );
    }
  });

  test("UDP sockets are left alone, for clients have such too", async () => {
    await using folder = newFolder();
    const server = await serve(folder, { protocol: "udp" });
    const { code, stderr } = await folder.run("free", String(PORT), "--yes");
    expect(code).toBe(2);
    expect(stderr).toContain("UDP sockets are left alone: node");
    expect(await folder.run("who", String(PORT))).toMatchObject({ code: 0 });
    expect(isAlive(server.child.pid!)).toBe(true);
  });

  test("who does not heed SIGTERM is named when the time is over, and not killed", async () => {
    await using folder = newFolder();
    const server = await serve(folder, { setup: 'process.on("SIGTERM", () => console.log("asked"))' });
    const { code, stderr } = await folder.run("free", String(PORT), "--yes", "--timeout", "1");
    expect(await server.line()).toBe("asked");
    expect(code).toBe(4);
    expect(stderr).toMatch(
      new RegExp(`\nmoorage: TIMED_OUT: after 1 s there is still node .*\\(pid ${server.child.pid}\\)`, "u"),
    );
    expect(await folder.run("who", String(PORT))).toMatchObject({ code: 0 });
  });

  test("the process that started it is left alone", async () => {
    await using folder = newFolder();
    const script =
      `require("net").createServer().listen(${PORT}, () => {` +
      `const { spawnSync } = require("child_process");` +
      `const { status, stderr } = spawnSync(process.execPath, ${JSON.stringify([MAIN, "free", String(PORT), "--yes"])});` +
      "console.log(status, String(stderr)); process.exit(); })";
    const { code, stdout } = await folder.start(NODE, ["-e", script]).finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^5 moorage: NOT_YOURS: tcp \[::\]:14830: this command was started by it: node /u);
  });

  test("says what becomes of the lease", async () => {
    await using folder = newFolder();
    await folder.run("get", "--name", "web", "--ports", String(PORT), "--for", String(process.pid));
    await serve(folder);
    const { stdout } = await folder.run("free", String(PORT), "--dry-run");
    expect(stdout).toMatch(
      new RegExp(
        `\nport 14830 is leased as web to .*\\(pid ${process.pid}\\): the lease stays until its holder ends`,
        "u",
      ),
    );
  });

  test("says that the lease of who is asked ends with it, and that kept ports stay kept", async () => {
    await using folder = newFolder();
    const listen = `require("net").createServer().listen(${PORT}, () => console.log("up"))`;
    const script = `console.log("ready"); process.stdin.once("data", () => ${listen})`;
    const server = folder.start(NODE, ["-e", script]);
    await server.line();
    const flags = ["--name", "web", "--ports", String(PORT), "--for", String(server.child.pid)];
    await folder.run("get", ...flags, "--kept");
    server.child.stdin!.write("listen\n");
    await server.line();
    const { code, stderr } = await folder.run("free", String(PORT), "--yes");
    expect(code).toBe(0);
    expect(stderr).toContain(`(pid ${server.child.pid}): the lease ends with it\n`);
    expect(stderr).toContain("\nport 14830 stays kept for web\n");
    expect(await folder.leases()).toMatchObject([{ name: "web", state: "free" }]);
  });

  test.skipIf(!IS_ROOT)("another user's process is left alone, by root too (needs root)", async () => {
    await using folder = newFolder();
    const server = await serve(folder, {}, asNobody());
    const { code, stderr } = await folder.run("free", String(PORT), "--yes");
    expect(code).toBe(5);
    expect(stderr).toMatch(/^moorage: NOT_YOURS: tcp \[::\]:14830: it is not this user's: node /u);
    expect(stderr).toContain("nobody was asked to stop");
    expect(isAlive(server.child.pid!)).toBe(true);
  });

  test.skipIf(!IS_ROOT)(
    "who gave up its privileges after bind() is another user's too (needs root)",
    async () => {
      await using folder = newFolder();
      const server = await serve(folder, {
        setup: 'process.stdin.once("data", () => { process.setuid(65534); console.log("dropped"); })',
      });
      server.child.stdin!.write("drop\n");
      expect(await server.line()).toBe("dropped");
      expect(await folder.run("free", String(PORT), "--yes")).toMatchObject({ code: 5 });
      expect(isAlive(server.child.pid!)).toBe(true);
    },
  );
});

/** A `moorage free` on a terminal of its own, which has said whom it is about to ask to stop, and asks. */
async function asked(folder: Folder): Promise<Started> {
  const terminal = folder.start("python3", ["-c", PTY, NODE, MAIN, "free", String(PORT)]);
  let shown = "";
  terminal.child.stdout!.on("data", (text: string) => (shown += text));
  await vi.waitFor(() => expect(shown).toContain("go on? [y/N]"), { timeout: 10_000 });
  expect(shown).toContain(`port ${PORT}: SIGTERM for node`);
  return terminal;
}

describe.skipIf(!SEES_LISTENERS || !hasProgram("python3", "-c", "import pty"))(
  "on a terminal (Linux with python3)",
  () => {
    test.each([
      ["y", 0, "SIGTERM"],
      ["yes", 0, "SIGTERM"],
      ["n", 1, "SIGKILL"],
      ["", 1, "SIGKILL"],
    ])("moorage free asks first: %j", async (answer, exitCode, end) => {
      await using folder = newFolder();
      const server = await serve(folder);
      const terminal = await asked(folder);
      terminal.child.stdin!.write(`${answer}\n`);
      const { code } = await terminal.finished;
      expect(code).toBe(exitCode);
      // Whoever was left alone lives until this.
      server.child.kill("SIGKILL");
      expect(await server.finished).toMatchObject({ signal: end });
    });

    test.each([
      ["Ctrl-C", "\u0003", 130],
      ["the end of the input", "\u0004", 1],
    ])("%s at the question ends it, and nobody is asked to stop", async (_, key, exitCode) => {
      await using folder = newFolder();
      const server = await serve(folder);
      const terminal = await asked(folder);
      terminal.child.stdin!.write(key);
      const { code, stdout } = await terminal.finished;
      expect(code).toBe(exitCode);
      expect(stdout).not.toContain("moorage:");
      expect(isAlive(server.child.pid!)).toBe(true);
    });

    test("nobody is asked to stop when another process listens by the time of the answer", async () => {
      await using folder = newFolder();
      const former = await serve(folder);
      const terminal = await asked(folder);
      former.child.kill();
      await former.finished;
      const successor = await serve(folder);
      terminal.child.stdin!.write("y\n");
      const { code, stdout } = await terminal.finished;
      expect(code).toBe(1);
      expect(stdout).toContain("CHANGED: others listen on port 14830 by now");
      expect(isAlive(successor.child.pid!)).toBe(true);
    });

    test("it is done when the port has become free by the time of the answer", async () => {
      await using folder = newFolder();
      const server = await serve(folder);
      const terminal = await asked(folder);
      server.child.kill();
      await server.finished;
      terminal.child.stdin!.write("y\n");
      expect(await terminal.finished).toMatchObject({ code: 0 });
    });
  },
);
