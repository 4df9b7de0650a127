// moorage wait: until the right server is up, or nobody is there.

import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Folder, injected, MAIN, newFolder, type Started } from "./moorage.ts";
import { SEES_LISTENERS, serverOn } from "./servers.ts";

const NODE = process.execPath;
const PORT = 14820;

/** A `moorage wait` that has looked at least once. */
async function waiting(folder: Folder, ...parameters: readonly string[]): Promise<Started> {
  const started = folder.moorage("wait", ...parameters);
  let over = false;
  void started.finished.then(() => (over = true));
  // Nothing tells that a process has looked and waits on: longer than it takes to start.
  await setTimeout(600);
  expect(over).toBe(false);
  return started;
}

/** Leases PORT as "web" to a process that is no ancestor of any server. */
async function leaseToStranger(folder: Folder): Promise<void> {
  const holder = folder.start(NODE, ["-e", 'console.log("up"); process.stdin.resume()']);
  await holder.line();
  await folder.run("get", "--name", "web", "--ports", String(PORT), "--for", String(holder.child.pid));
}

describe.skipIf(!SEES_LISTENERS)("moorage wait (Linux only)", () => {
  test("ends when a server comes up on a port that nobody leased, and never connects to it", async () => {
    await using folder = newFolder();
    const { finished } = await waiting(folder, String(PORT));
    const server = folder.start(NODE, serverOn(PORT, { address: "127.0.0.1" }));
    await server.line();
    expect(await finished).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
    server.child.kill();
    expect((await server.finished).stdout).toBe("up\n");
  });

  test("ends at once when the server is up already, on whatever address of localhost", async () => {
    for (const address of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
      await using folder = newFolder();
      await folder.start(NODE, serverOn(PORT, { address })).line();
      expect(await folder.run("wait", String(PORT), "--timeout", "5")).toMatchObject({ code: 0 });
    }
  });

  test("waits for the lease of a name too, and for the server of the command that gets it", async () => {
    await using folder = newFolder();
    const { finished } = await waiting(folder, "web");
    const flags = ["--name", "web", "--ports", String(PORT)];
    const web = folder.moorage("run", ...flags, "--", NODE, ...serverOn("process.env.PORT"));
    expect(await web.line()).toBe("up");
    expect(await finished).toMatchObject({ code: 0, stderr: "" });
  });

  test("is not content with somebody else's server on a leased port, and says whose it is", async () => {
    await using folder = newFolder();
    await leaseToStranger(folder);
    const stranger = folder.start(NODE, serverOn(PORT));
    await stranger.line();
    for (const target of ["web", String(PORT)]) {
      const { code, stdout, stderr } = await folder.run("wait", target, "--timeout", "1");
      expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
      const [warning, over] = stderr.split("\n");
      expect(warning).toMatch(
        new RegExp(
          `^moorage: somebody else is on the port of web: node .*\\(pid ${stranger.child.pid}\\) in `,
          "u",
        ),
      );
      expect(over).toMatch(/^moorage: TIMED_OUT: after 1 s somebody else is on the port of web: /u);
    }
  });

  test("goes on when somebody else leaves and the right one comes", async () => {
    await using folder = newFolder();
    await leaseToStranger(folder);
    const stranger = folder.start(NODE, serverOn(PORT));
    await stranger.line();
    const { child, finished } = folder.moorage("wait", "web");
    await once(child.stderr!, "data");
    stranger.child.kill();
    await stranger.finished;
    const [lease] = await folder.leases();
    await folder.start(NODE, serverOn(PORT), { env: { MOORAGE_LEASE: lease!.id } }).line();
    const { code, stderr } = await finished;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^moorage: somebody else is on the port of web: .*\n$/u);
  });

  test.each([
    ["nobody has leased it", ["web"], 'nobody has leased "web"'],
    ["nothing listens", [String(PORT)], `nothing listens on port ${PORT}`],
  ])("says when the time is over that %s", async (_, parameters, why) => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run("wait", ...parameters, "--timeout", "1");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(/; see `moorage (?:ls|who 14820)`\n$/u);
    expect(stderr).toContain(`moorage: TIMED_OUT: after 1 s ${why}; `);
  });

  test("sees the time to be over, whatever garbage is collected until then", async () => {
    await using folder = newFolder();
    const collecting =
      'import v8 from "node:v8"; import vm from "node:vm"; v8.setFlagsFromString("--expose-gc");' +
      'const gc = vm.runInNewContext("gc"); setInterval(gc, 20).unref()';
    const parameters = [MAIN, "wait", String(PORT), "--timeout", "1"];
    const { finished } = folder.start(NODE, parameters, { env: injected(collecting) });
    expect(await finished).toMatchObject({ code: 4 });
  });

  test("says when the time is over that localhost does not reach the server", async () => {
    await using folder = newFolder();
    await folder.start(NODE, serverOn(PORT, { address: "127.0.0.2" })).line();
    const { code, stderr } = await folder.run("wait", String(PORT), "--timeout", "1");
    expect(code).toBe(4);
    expect(stderr).toContain("only what localhost does not reach: node");
    expect(stderr).toContain("on tcp 127.0.0.2:14820");
  });

  test("--free ends when nobody listens any more, whoever it was", async () => {
    await using folder = newFolder();
    await leaseToStranger(folder);
    const server = folder.start(NODE, serverOn(PORT));
    await server.line();
    const byPort = await waiting(folder, String(PORT), "--free");
    const byName = await waiting(folder, "web", "--free");
    server.child.kill();
    expect(await byPort.finished).toMatchObject({ code: 0, stderr: "" });
    expect(await byName.finished).toMatchObject({ code: 0, stderr: "" });
  });

  test("--free says when the time is over who is still there", async () => {
    await using folder = newFolder();
    const server = folder.start(NODE, serverOn(PORT));
    await server.line();
    const { code, stderr } = await folder.run("wait", String(PORT), "--free", "--timeout", "1");
    expect(code).toBe(4);
    expect(stderr).toMatch(
      new RegExp(`^moorage: TIMED_OUT: after 1 s there is still node .*\\(pid ${server.child.pid}\\)`, "u"),
    );
  });

  test("--free is done at once for a name that has nothing, and says so", async () => {
    await using folder = newFolder();
    const stderr = 'moorage: nobody has the name "web"\n';
    expect(await folder.run("wait", "web", "--free")).toMatchObject({ code: 0, stderr });
  });

  test("Ctrl-C ends it with 130", async () => {
    await using folder = newFolder();
    const { child, finished } = await waiting(folder, String(PORT));
    child.kill("SIGINT");
    expect(await finished).toEqual({ code: 130, signal: null, stdout: "", stderr: "" });
  });
});
