// moorage run --ready: until the command's own server listens and answers.

import { once } from "node:events";
import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { newFolder } from "./moorage.ts";
import { projectWith, startIn } from "./projects.ts";
import { SEES_LISTENERS } from "./servers.ts";

const NODE = process.execPath;

/** A program that runs `code` with PORT, and ends with its input. */
function program(code: string): string[] {
  return [
    NODE,
    "-e",
    `const port = process.env.PORT; process.stdin.resume().on("end", () => process.exit()); ${code}`,
  ];
}

const ANSWERS = 'require("http").createServer((_, response) => response.end()).listen(port, "127.0.0.1")';

describe.skipIf(!SEES_LISTENERS)("moorage run --ready (Linux only)", () => {
  test("says the URL once the server answers, and goes on", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { url: "http://localhost:{port}/app" } } },
    });
    const seen =
      'require("http").createServer((request, response) => { console.log(request.method, request.url); response.end() })';
    const started = startIn(state, folder, [
      "run",
      "--ready",
      "--name",
      "web",
      "--",
      ...program(`${seen}.listen(port, "::1")`),
    ]);
    expect(await started.line()).toBe("HEAD /app");
    started.child.stdin!.end();
    const { code, stderr } = await started.finished;
    expect(code).toBe(0);
    const [, port] = /^moorage: PORT=(\d+) for web$/mu.exec(stderr)!;
    expect(stderr).toContain(`moorage: web is ready: http://localhost:${port}/app\n`);
  });

  test.each([
    ["nothing listens", "", "nothing listens on port"],
    ["what listens does not answer", 'require("net").createServer(() => {}).listen(port)', "does not answer"],
    [
      "a proxy without its server closes what it accepts",
      'require("net").createServer((socket) => socket.destroy()).listen(port)',
      "does not answer",
    ],
  ])("ends the command, with exit code 4, when %s in time", async (_, code, why) => {
    await using state = newFolder();
    const { code: exitCode, stderr } = await state.run("run", "--ready", "1", "--", ...program(code));
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^moorage: TIMED_OUT: .+ is not ready after 1 s: /mu);
    expect(stderr).toContain(why);
    expect(await state.leases()).toEqual([]);
  });

  test("somebody else's server on the other family does for none, and is not asked", async () => {
    await using state = newFolder();
    const listen = 'require("http").createServer(() => {}).listen({ port, host: "::1", ipv6Only: true })';
    const code = `process.stdin.once("data", () => ${listen}); console.log(port)`;
    const started = state.moorage("run", "--ready", "2", "--", ...program(code));
    const port = Number(await started.line());
    let requests = 0;
    // Beside the hold, as a program that sets SO_REUSEADDR can.
    const stranger = createServer(() => (requests += 1)).listen(port, "127.0.0.1");
    await once(stranger, "listening");
    onTestFinished(() => void stranger.close());
    started.child.stdin!.write("go\n");
    const { code: exitCode, stderr } = await started.finished;
    expect({ exitCode, requests }).toEqual({ exitCode: 4, requests: 0 });
    expect(stderr).toContain(`somebody else listens on port ${port}`);
  });

  test("a server that speaks no HTTP is ready when it keeps a connection", async () => {
    await using state = newFolder();
    const folder = projectWith({ "moorage.json": { services: { db: { url: "tcp://localhost:{port}" } } } });
    const silent =
      'require("net").createServer((socket) => socket.on("data", () => console.log("asked"))).listen(port)';
    const started = startIn(state, folder, ["run", "--ready", "--name", "db", "--", ...program(silent)]);
    let stderr = "";
    started.child.stderr!.on("data", (text: string) => {
      stderr += text;
      if (stderr.includes("db is ready: tcp://localhost:")) started.child.stdin!.end();
    });
    expect(await started.finished).toMatchObject({ code: 0, stdout: "" });
  });

  test("a command that ends before it is ready is said by its exit code alone", async () => {
    await using state = newFolder();
    const { code, stderr } = await state.run("run", "--ready", "--", NODE, "-e", "process.exit(6)");
    expect(code).toBe(6);
    expect(stderr).not.toContain("ready");
  });

  test("each of several services is told when it is", async () => {
    await using state = newFolder();
    const command = [
      NODE,
      "-e",
      `const port = process.env.PORT; setTimeout(() => process.exit(), 3000); ${ANSWERS}`,
    ];
    const folder = projectWith({ "moorage.json": { services: { web: { command }, api: { command } } } });
    const { stderr, code } = await startIn(state, folder, ["run", "--ready", "20"]).finished;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^moorage: web is ready: /mu);
    expect(stderr).toMatch(/^moorage: api is ready: /mu);
  });
});
