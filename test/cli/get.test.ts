import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findCaller } from "../../src/cli/caller.ts";
import { MAIN, newFolder } from "./moorage.ts";

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const GET = `"${process.execPath}" "${MAIN}" get`;

describe("moorage get", () => {
  test("it prints as many ports as asked for, one a line", async () => {
    await using folder = newFolder();
    const { stdout, stderr, code } = await folder.run("get", "3");
    expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
    const ports = stdout.trimEnd().split("\n");
    expect(ports.every((port) => /^2\d{4}$/u.test(port))).toBe(true);
    expect(new Set(ports).size).toBe(3);
  });

  test("a shell that calls it holds the port until it ends", async () => {
    await using folder = newFolder();
    const script = `port=$(${GET} --name web); echo $port; read line; echo done`;
    const shell = folder.start("sh", ["-c", script], { stdio: ["pipe", "pipe", "pipe"] });
    const port = Number(await shell.line());
    expect(await folder.leases()).toMatchObject([
      { name: "web", ports: [port], state: "held", holder: { pid: shell.child.pid } },
    ]);
    shell.child.stdin!.end("\n");
    await shell.finished;
    expect(await folder.leases()).toMatchObject([{ name: "web", ports: [port], state: "free" }]);
    expect((await folder.run("get", "--name", "web")).stdout).toBe(`${port}\n`);
  });

  test("under npx it is still the shell that called", async () => {
    await using folder = newFolder();
    const script = "port=$(npx moorage get); echo $port; read line";
    const shell = folder.start("sh", ["-c", script], { cwd: PROJECT, stdio: ["pipe", "pipe", "pipe"] });
    const port = Number(await shell.line());
    expect(await folder.leases()).toMatchObject([
      { ports: [port], state: "held", holder: { pid: shell.child.pid } },
    ]);
    shell.child.stdin!.end("\n");
    await shell.finished;
  });

  test("--for leases to the process that is named", async () => {
    await using folder = newFolder();
    const { stdout } = await folder.run("get", "--for", String(process.pid));
    expect(await folder.leases()).toMatchObject([{ ports: [Number(stdout)], holder: { pid: process.pid } }]);
  });

  test("--for a process that is not there is told as not found", async () => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run("get", "--for", "2147483646");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("PROCESS_NOT_FOUND");
    expect(stderr).toContain("2147483646");
  });

  test("a range with too few free ports gives none, counts why and ends with 3", async () => {
    await using folder = newFolder();
    await folder.run("get", "2", "--ports", "14700-14702", "--for", String(process.pid));
    const { code, stdout, stderr } = await folder.run("get", "2", "--ports", "14700-14702");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("NO_PORT_AVAILABLE");
    expect(stderr).toContain("2 leased");
    expect(stderr).toContain(`pid ${process.pid}`);
    expect((await folder.leases()).flatMap(({ ports }) => ports)).toHaveLength(2);
  });

  const canHide = spawnSync("unshare", ["-pf", "--mount-proc", "true"]).status === 0;
  test.skipIf(!canHide)("without a process that called it says what to use instead", async () => {
    await using folder = newFolder();
    const hidden = ["-pf", "--mount-proc", process.execPath, MAIN, "get"];
    const { code, stdout, stderr } = await folder.start("unshare", hidden).finished;
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("moorage: USAGE:");
    expect(stderr).toContain("--for PID");
    expect(stderr).toContain("moorage run");
    expect(await folder.leases()).toEqual([]);
  });
});

describe("the shell of a script holds the port, however it calls", () => {
  const calls = [
    "port=$(moorage get)",
    "port=$(moorage get | head -1)",
    "port=$(moorage get || exit 1)",
    "port=$(moorage get 2>/dev/null)",
    "port=$(timeout 5 moorage get)",
    "port=$(timeout 5 moorage get | tail -1)",
    "port=$( (moorage get; true) )",
    "f() { moorage get; }; port=$(f)",
    "f() { (moorage get | cat); return 0; }; port=$(f)",
  ];
  for (const name of ["bash", "dash"]) {
    const isThere = spawnSync(name, ["-c", "exit 0"]).status === 0;
    test.skipIf(!isThere).each(calls)(`${name}: %s`, async (call) => {
      await using folder = newFolder();
      const shell = folder.start(name, [
        "-c",
        `${call.replaceAll("moorage get", GET)}; echo $port; read line`,
      ]);
      const port = Number(await shell.line());
      expect(await folder.leases()).toMatchObject([
        { ports: [port], state: "held", holder: { pid: shell.child.pid } },
      ]);
      shell.child.stdin!.end("\n");
      await shell.finished;
    });
  }
});

/** An ancestor: its command, in parentheses when it is a copy of its parent. */
function toAncestor(text: string): { command: string; forked: boolean } {
  const forked = text.startsWith("(");
  return { command: forked ? text.slice(1, -1) : text, forked };
}

describe("the caller is the nearest ancestor that outlives the call", () => {
  const cases: { readonly ancestors: readonly string[]; readonly caller: string }[] = [
    { ancestors: ["bash", "sshd"], caller: "bash" },
    { ancestors: ["npm exec moorage get", "zsh", "login"], caller: "zsh" },
    { ancestors: ["sh -c moorage get", "npm exec moorage get", "zsh"], caller: "zsh" },
    {
      ancestors: ["sh -c moorage get", "npm run port", "sh -c npm run port", "npm test", "bash"],
      caller: "bash",
    },
    { ancestors: ["node npx-cli.js moorage get", "bash"], caller: "bash" },
    { ancestors: ["npx moorage get", "make"], caller: "make" },
    { ancestors: ["pnpm dlx moorage get", "bash"], caller: "bash" },
    // A script's own shell is a caller like any other: only a runner's shell is gone with it.
    {
      ancestors: ["sh -c moorage get && node server.js", "node worker.js"],
      caller: "sh -c moorage get && node server.js",
    },
    { ancestors: ["node server.js", "npm run dev"], caller: "node server.js" },
    // Subshells are gone when the port is printed.
    { ancestors: ["(bash x.sh)", "bash x.sh", "zsh"], caller: "bash x.sh" },
    { ancestors: ["(bash x.sh)", "(bash x.sh)", "bash x.sh"], caller: "bash x.sh" },
    { ancestors: ["(sh -c moorage get)", "sh -c moorage get", "npm exec moorage get", "zsh"], caller: "zsh" },
    // A script that a script starts is a caller, a subshell of the outer one is not.
    { ancestors: ["bash b.sh", "(bash a.sh)", "bash a.sh"], caller: "bash b.sh" },
    // Programs that end with the command they start are no callers either.
    ...["env", "timeout 5", "nice -n 5", "nohup", "stdbuf -oL", "time -p", "setsid -w", "ionice -c 3"].map(
      (wrapper) => ({ ancestors: [`${wrapper} moorage get`, "bash x.sh", "zsh"], caller: "bash x.sh" }),
    ),
    { ancestors: ["timeout 5 moorage get", "(bash)", "bash", "sshd"], caller: "bash" },
    { ancestors: ["npm exec moorage get", "timeout 5 npx moorage get", "make"], caller: "make" },
    { ancestors: ["bash x.sh", "timeout 60 bash x.sh", "zsh"], caller: "bash x.sh" },
    { ancestors: ["timeouts", "bash"], caller: "timeouts" },
    // Where there is nobody else, it is who lasts longest.
    { ancestors: ["npm exec moorage get"], caller: "npm exec moorage get" },
    { ancestors: ["(sh -c x)", "timeout 5 x", "sh -c x", "npm run x"], caller: "sh -c x" },
    { ancestors: ["timeout 5 moorage get"], caller: "timeout 5 moorage get" },
  ];
  test.each(cases)("$ancestors → $caller", ({ ancestors, caller }) => {
    expect(findCaller(ancestors.map(toAncestor))).toEqual({ command: caller, forked: false });
  });

  test("without ancestors there is none", () => {
    expect(findCaller([])).toBeUndefined();
  });
});
