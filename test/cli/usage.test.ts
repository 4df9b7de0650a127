import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { errorCodeOf, exitCodeOf } from "../../src/cli/exit-codes.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { expectOptions, expectPort } from "../../src/core/expect.ts";
import { newScene } from "../project/folders.ts";
import { MAIN, newFolder } from "./moorage.ts";

const program = buildProgram("0.0.0", { done: () => undefined, help: () => undefined });

interface BadInput {
  readonly args: readonly string[];
  /** What stderr must name. */
  readonly says: readonly string[];
}

const BAD_INPUT: readonly BadInput[] = [
  { args: ["get", "0"], says: ["`n`", '"0"'] },
  { args: ["get", "-1"], says: ["-1"] },
  { args: ["get", "1.5"], says: ["`n`", '"1.5"'] },
  { args: ["get", "1001"], says: ['"1001"', "1 to 1000"] },
  { args: ["get", "2", "3"], says: ["argument"] },
  { args: ["get", "--prefer", "0"], says: ["--prefer", '"0"'] },
  { args: ["get", "--prefer", "65536"], says: ["--prefer", '"65536"'] },
  { args: ["get", "--prefer", "80 "], says: ["--prefer", '"80 "'] },
  { args: ["get", "--prefer", "NaN"], says: ["--prefer", '"NaN"'] },
  { args: ["get", "--prefer"], says: ["--prefer", "missing"] },
  { args: ["get", "--ports", "20999-20000"], says: ["--ports", "20999-20000", "larger"] },
  { args: ["get", "--ports", "!3306"], says: ["--ports", "!3306"] },
  { args: ["get", "--ports", ""], says: ["--ports"] },
  { args: ["get", "3", "--ports", "20000-20001"], says: ["`n`", "3", "2"] },
  { args: ["get", "--name", "two\nlines"], says: ["--name", "one line"] },
  { args: ["get", "--name", ""], says: ["--name"] },
  { args: ["get", "--name", "3000"], says: ["--name", "3000"] },
  { args: ["get", "--for", "x"], says: ["--for", '"x"'] },
  { args: ["get", "--bogus"], says: ["--bogus"] },
  { args: ["ls", "--bogus"], says: ["--bogus"] },
  { args: ["ls", "web"], says: ["argument"] },
  { args: ["release"], says: ["name|port"] },
  { args: ["release", "70000"], says: ["70000"] },
  { args: ["release", "two\nlines"], says: ["one line"] },
  { args: ["who"], says: ["name|port"] },
  { args: ["who", "70000"], says: ['"70000"'] },
  { args: ["who", "two\nlines"], says: ["one line"] },
  { args: ["who", "3000", "3001"], says: ["argument"] },
  { args: ["free"], says: ["port"] },
  { args: ["release", "--give-up", "20800"], says: ["`--give-up`: expected the name that keeps ports"] },
  { args: ["get", "--kept"], says: ["`--kept`", "`--name`"] },
  { args: ["free", "0"], says: ["`port`", '"0"'] },
  { args: ["free", "web"], says: ["`port`", '"web"'] },
  { args: ["free", "3000-3001"], says: ["`port`", '"3000-3001"'] },
  { args: ["free", "14840", "--yes", "--timeout", "0"], says: ["--timeout", '"0"'] },
  { args: ["wait"], says: ["name|port"] },
  { args: ["wait", "0"], says: ['"0"'] },
  { args: ["wait", "web", "--timeout", "1.5"], says: ["--timeout", '"1.5"'] },
  { args: ["wait", "web", "--timeout", "86401"], says: ["--timeout", "1 to 86400"] },
  { args: ["wait", "web", "api"], says: ["argument"] },
  { args: ["completion"], says: ["shell"] },
  { args: ["completion", "tcsh"], says: ["`shell`: expected bash, zsh or fish", '"tcsh"'] },
  { args: ["bogus"], says: ["bogus"] },
  { args: ["--bogus"], says: ["--bogus"] },
  { args: [], says: ["Usage:"] },
];

const BAD_RUN: readonly BadInput[] = [
  { args: [], says: ["command"] },
  { args: ["--"], says: ["command"] },
  { args: ["--prefer", "65536", "--", "true"], says: ["--prefer", '"65536"'] },
  { args: ["--ports", "2-1", "--", "true"], says: ["--ports", "2-1"] },
  { args: ["--env", "MY-PORT", "--", "true"], says: ["--env", '"MY-PORT"'] },
  { args: ["--env", "1PORT", "--", "true"], says: ["--env", '"1PORT"'] },
  { args: ["--name", "a\nb", "--", "true"], says: ["--name"] },
  { args: ["--bogus", "--", "true"], says: ["--bogus"] },
  { args: ["--", ""], says: ["command"] },
];

describe("bad input is refused before anything is leased", () => {
  test.each(BAD_INPUT)("moorage $args", async ({ args, says }) => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run(...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    for (const text of says) expect(stderr).toContain(text);
    expect(await folder.leases()).toEqual([]);
  });

  test.each(BAD_RUN)("moorage run $args", async ({ args, says }) => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run("run", ...args);
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect(stderr).toContain("USAGE");
    for (const text of says) expect(stderr).toContain(text);
    expect(await folder.leases()).toEqual([]);
  });
});

describe("an error", () => {
  test.each([
    [["who", "99999"], '`name|port`: expected a port from 1 to 65535, received "99999"'],
    [["get", "0"], '`n`: expected a whole number from 1 to 1000, received "0"'],
    [
      ["get", "-p", "5-2"],
      '`--ports`: expected ports as in "20000-20999,!20080", received "5-2": 5 is larger than 2',
    ],
    [["get", "--protocol", "icmp"], '`--protocol`: expected tcp, udp or "tcp,udp", received "icmp"'],
    [["get", "--prefer", "it's"], '`--prefer`: expected a port from 1 to 65535, received "it\'s"'],
    [["free", "web"], '`port`: expected a port from 1 to 65535, received "web"'],
    [["get", "--kept"], "`--kept`: ports are kept for a name; give `--name` too"],
  ])("says of what, what was expected and what was received: %j", async (args, message) => {
    await using folder = newFolder();
    const { stderr } = await folder.run(...args);
    expect(stderr.split("\n")[0]).toBe(`moorage: USAGE: ${message}`);
  });

  test("about a process says the flag that named it", async () => {
    await using folder = newFolder();
    const { code, stderr } = await folder.run("get", "--for", String(2 ** 31 - 1));
    expect(code).toBe(2);
    const what = `\`--for\`: there is no process ${2 ** 31 - 1}; give the pid of a process that runs`;
    expect(stderr).toBe(`moorage: PROCESS_NOT_FOUND: ${what}\n`);
  });

  test("names what was meant where it can: the port of a name, the name of a port", async () => {
    await using folder = newFolder();
    await folder.run("get", "--name", "web", "--ports", "14841", "--kept", "--for", String(process.pid));
    const free = await folder.run("free", "web");
    expect(free.code).toBe(64);
    expect(free.stderr).toContain('received "web"; web has 14841: `moorage free 14841`\n');
    const giveUp = await folder.run("release", "--give-up", "14841");
    expect(giveUp.code).toBe(64);
    expect(giveUp.stderr).toContain("received 14841; web keeps it: `moorage release --give-up web`\n");
  });

  test.each([
    { args: ["get", "--bogus"], help: "moorage get --help" },
    { args: ["run", "--bogus"], help: "moorage run --help" },
    { args: ["ls", "web"], help: "moorage ls --help" },
    { args: ["release", "two\nlines"], help: "moorage release --help" },
    { args: ["who"], help: "moorage who --help" },
    { args: ["free", "0"], help: "moorage free --help" },
    { args: ["wait", "0"], help: "moorage wait --help" },
    { args: ["bogus"], help: "moorage --help" },
  ])("names the help to see: moorage $args", async ({ args, help }) => {
    await using folder = newFolder();
    expect((await folder.run(...args)).stderr).toContain(`\n(see ${help})\n`);
  });

  test.each([
    { kind: "a wrong type", misuse: () => expectPort("prefer", "80") },
    { kind: "an impossible value", misuse: () => expectPort("prefer", 0) },
    { kind: "an unknown option", misuse: () => expectOptions("acquire", { nmae: "web" }, ["name"]) },
    { kind: "no options at all", misuse: () => expectOptions("acquire", "web", ["name"]) },
  ])("of the library's for $kind counts as usage", ({ misuse }) => {
    const error = thrownBy(misuse);
    expect([errorCodeOf(error), exitCodeOf(error)]).toEqual(["USAGE", 64]);
  });

  test("that is nobody's misuse is internal", () => {
    const error = thrownBy(() => (undefined as unknown as { x: number }).x);
    expect(error).toBeInstanceOf(TypeError);
    expect([errorCodeOf(error), exitCodeOf(error)]).toEqual(["INTERNAL", 1]);
  });
});

describe("a state folder that cannot be used", () => {
  test("a file in its place is named, and left as it is", async () => {
    await using folder = newFolder();
    const file = join(folder.directory, "file");
    writeFileSync(file, "precious");
    for (const place of [file, join(file, "below")]) {
      const { stderr, code } = await folder.start(process.execPath, [...mainArgs(), "get"], {
        env: { MOORAGE_DIR: place },
      }).finished;
      expect(code).toBe(1);
      expect(stderr).toContain("STORE_UNAVAILABLE");
      expect(stderr).toContain(place);
    }
    expect(readFileSync(file, "utf8")).toBe("precious");
  });

  test("a database that is none is named, and left as it is", async () => {
    await using folder = newFolder();
    const file = join(folder.directory, "registry.db");
    writeFileSync(file, "not a database, but long enough to be looked at ".repeat(100));
    const before = readFileSync(file);
    const { code, stderr } = await folder.run("ls");
    expect(code).toBe(1);
    expect(stderr).toContain("STORE_DAMAGED");
    expect(stderr).toContain(file);
    expect(readFileSync(file)).toEqual(before);
  });

  test("run says the same and ends with 125", async () => {
    await using folder = newFolder();
    writeFileSync(
      join(folder.directory, "registry.db"),
      "not a database, but long enough to be looked at ".repeat(100),
    );
    const { code, stderr } = await folder.run("run", "--", "true");
    expect(code).toBe(125);
    expect(stderr).toContain("STORE_DAMAGED");
  });
});

describe("help", () => {
  test.each([["--help"], ["run", "--help"], ["get", "--help"], ["help"]])(
    "%s %s prints on stdout and ends with 0",
    async (...args) => {
      await using folder = newFolder();
      const { code, stdout, stderr } = await folder.run(...args.filter(Boolean));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(stdout).toContain("Usage: moorage");
    },
  );

  test.each(program.commands.map((command) => [command.name(), command] as const))(
    "%s --help has an example, and says what each argument and option means",
    (name, command) => {
      expect(helpOf(command)).toMatch(new RegExp(`\\nExamples?:[^]*\\bmoorage ${name}\\b`, "u"));
      const help = command.createHelp();
      expect(command.description()).not.toBe("");
      for (const { description } of [...command.registeredArguments, ...help.visibleOptions(command)]) {
        expect(description).not.toBe("");
      }
    },
  );

  test("docs/cli.md says the same as --help (npm run docs)", () => {
    const script = fileURLToPath(new URL("../../scripts/reference.mjs", import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  test("get --help says what package scripts use", async () => {
    await using folder = newFolder();
    expect((await folder.run("get", "--help")).stdout).toContain("In package scripts use moorage run");
  });

  test("--version prints the version of the package", async () => {
    await using folder = newFolder();
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect((await folder.run("--version")).stdout).toBe(`${version}\n`);
  });
});

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) }).outputHelp();
  return text;
}

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function mainArgs(): string[] {
  return [new URL("../../dist/bin/moorage.js", import.meta.url).pathname];
}

test("an error steers no terminal by what it names", () => {
  using scene = newScene();
  const folder = scene.write("shop/moorage.json", { "\u001b[31m\u0007key": 1 });
  const { stderr } = spawnSync(process.execPath, [MAIN, "port", "web"], { cwd: folder, encoding: "utf8" });
  expect(stderr).toContain("`\ufffd[31m\ufffdkey`: there is no such key");
});

test.skipIf(process.platform === "win32")("a current folder that is gone is said to be", () => {
  using scene = newScene();
  const script = 'cd "$1" && rmdir "$1" && exec "$2" "$3" port web';
  const folder = scene.at("gone");
  mkdirSync(folder);
  const { status, stderr } = spawnSync("sh", ["-c", script, "sh", folder, process.execPath, MAIN], {
    encoding: "utf8",
  });
  expect(status).toBe(64);
  expect(stderr).toContain(
    "moorage: USAGE: `folder`: expected one that is there, and the current one is gone",
  );
});
