// Completion: what can stand at the cursor, and that real shells offer it.

import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Command } from "commander";
import { complete, type Completion } from "../../src/cli/completion/complete.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { type Folder, MAIN, newFolder } from "./moorage.ts";

const program = buildProgram("0.0.0", { done: () => undefined, help: () => undefined });

const KNOWN = { name: "web", port: "3000", group: "dev", service: "api" } as const;

async function at(...words: readonly string[]): Promise<Completion> {
  return await complete(program, words, async (kind, { isGlobal }) => [
    { value: isGlobal ? `all/${KNOWN[kind]}` : KNOWN[kind], description: "" },
  ]);
}

async function valuesAt(...words: readonly string[]): Promise<string[]> {
  const completion = await at(...words);
  return completion.kind === "values" ? completion.values.map(({ value }) => value) : [];
}

const COMMANDS = program
  .createHelp()
  .visibleCommands(program)
  .map((command) => command.name());

describe("at the cursor can stand", () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ["the commands", [""], COMMANDS],
    ["the commands, whatever has been typed of one", ["wh"], COMMANDS],
    ["the options of the program", ["-"], ["--version", "--help"]],
    ["the commands that help explains", ["help", ""], COMMANDS],
    ["names and ports, where either is wanted", ["who", ""], ["web", "3000"]],
    ["a port alone, where no name will do", ["free", ""], ["3000"]],
    ["the name of an option", ["get", "--name", ""], ["web"]],
    ["the same behind the short option", ["get", "-n", ""], ["web"]],
    ["the same in one word", ["get", "--name=w"], ["--name=web"]],
    ["the port of an option", ["get", "2", "--prefer", ""], ["3000"]],
    ["the choices of an option", ["get", "--protocol", ""], ["tcp", "udp", "tcp,udp"]],
    ["the choices of an argument", ["completion", ""], ["bash", "zsh", "fish"]],
    ["an argument behind an option that has its value", ["release", "--force", ""], ["web", "3000"]],
    ["a full name behind --global", ["get", "--global", "--name", ""], ["all/web"]],
    ["options, where nothing else is known", ["doctor", ""], ["--json", "--repair", "--force", "--help"]],
    ["an argument behind a lone --", ["who", "--", ""], ["web", "3000"]],
    ["nothing behind the last argument", ["who", "web", "x"], []],
    ["nothing for a command that there is not", ["bogus", ""], []],
    ["nothing for the value of an option that has none", ["ls", "--json="], []],
    ["nothing for what cannot be listed", ["get", "--ports", ""], []],
  ])("%s", async (_, words, expected) => {
    const values = await valuesAt(...words);
    expect(values).toEqual(expected);
  });

  test("the options of a command, and none of another one", async () => {
    const values = await valuesAt("free", "-");
    expect(values).toEqual(["--yes", "--dry-run", "--timeout", "--help"]);
  });

  test.each<[string, readonly string[], number]>([
    ["behind --", ["run", "--name", "web", "--", ""], 5],
    ["at its first letter", ["run", "np"], 2],
    ["at its arguments, its options too", ["run", "npm", "--"], 2],
    ["behind an option whose value can be left out", ["run", "--wait", "--", "npm", "r"], 4],
  ])("the command that run starts, %s", async (_, words, skip) => {
    expect(await at(...words)).toEqual({ kind: "command", skip });
  });

  test("descriptions, from the one table", async () => {
    const completion = await at("");
    const ls = program.commands.find((command) => command.name() === "ls")!;
    expect(completion).toMatchObject({
      values: expect.arrayContaining([{ value: "ls", description: ls.description() }]) as object,
    });
  });
});

test("services, groups, and a command behind --, where a command may be left out", async () => {
  const other = new Command("moorage");
  other.command("up").option("--group <group>", "which").argument("[command...]", "what");
  const valuesOf = async (...words: readonly string[]): Promise<unknown> =>
    await complete(other, words, async (kind) => [{ value: KNOWN[kind], description: "" }]);
  const services = { kind: "values", values: [{ value: "api", description: "" }] };
  expect(await valuesOf("up", "")).toEqual(services);
  expect(await valuesOf("up", "a")).toEqual(services);
  expect(await valuesOf("up", "api", "")).toEqual(services);
  expect(await valuesOf("up", "web", "a")).toEqual({ kind: "command", skip: 2 });
  expect(await valuesOf("up", "--group", "")).toMatchObject({ values: [{ value: "dev" }] });
  expect(await valuesOf("up", "--", "np")).toEqual({ kind: "command", skip: 3 });
});

test("services are those of the config too, before they have run, and groups", async () => {
  await using folder = newFolder();
  const services = { web: {}, api: {} };
  writeFileSync(
    join(folder.directory, "moorage.json"),
    JSON.stringify({ services, groups: { dev: ["web"] } }),
  );
  const args = [MAIN, "complete", "--", "who", ""];
  const env = { MOORAGE_DIR: join(folder.directory, "none") };
  const { stdout } = await folder.start(process.execPath, args, { cwd: folder.directory, env }).finished;
  expect(stdout).toBe("values\nweb\tof the config\napi\tof the config\n");
});

test("services that can be run are those of the config that have a command, whatever else has ports", async () => {
  await using folder = newFolder();
  const services = { web: { command: "true" }, api: {} };
  writeFileSync(join(folder.directory, "moorage.json"), JSON.stringify({ services }));
  await folder.run("get", "--global", "--name", "db", "--for", String(process.pid));
  const args = [MAIN, "complete", "--", "run", ""];
  const { stdout } = await folder.start(process.execPath, args, { cwd: folder.directory }).finished;
  expect(stdout).toBe("values\nweb\tof the config\n");
});

test("a name or a port that nobody knows is no error: completion says nothing and makes no folder", async () => {
  await using folder = newFolder();
  const env = { MOORAGE_DIR: join(folder.directory, "none") };
  const { code, stdout, stderr } = await folder.start(MAIN, ["complete", "--", "who", ""], { env }).finished;
  expect({ code, stdout, stderr }).toMatchObject({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^values\n--json\t/u);
});

test("a damaged registry is no error of whoever completes", async () => {
  await using folder = newFolder();
  writeFileSync(join(folder.directory, "registry.db"), "not a database, but long enough ".repeat(100));
  const { code, stdout, stderr } = await folder.run("complete", "--", "who", "");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^values\n/u);
});

type FolderWithNames = Folder & { readonly env: NodeJS.ProcessEnv };

/** A state folder with two names, and `moorage` on the PATH as `env` has it. */
async function withNames(): Promise<FolderWithNames> {
  const folder = newFolder();
  const bin = join(folder.directory, "bin");
  mkdirSync(bin);
  symlinkSync(MAIN, join(bin, "moorage"));
  await folder.run("get", "--name", "web:one", "--for", String(process.pid));
  await folder.run("get", "--name", "web two", "--for", String(process.pid));
  return { ...folder, env: { PATH: `${bin}${delimiter}${process.env["PATH"]}`, HOME: folder.directory } };
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0;
}

/** What bash itself would offer: its words, with the breaks that it makes, and the line up to the cursor. */
async function offersOfBash(
  folder: FolderWithNames,
  line: string,
  words: readonly string[],
): Promise<string[]> {
  const script = `
    eval "$(moorage completion bash)"
    COMP_LINE=$1 COMP_POINT=\${#1}
    shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _moorage
    ((\${#COMPREPLY[@]} > 0)) && printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = await folder.start(
    "bash",
    ["--norc", "--noprofile", "-c", script, "bash", line, ...words],
    { env: folder.env },
  ).finished;
  expect(stderr).toBe("");
  return stdout.split("\n").slice(0, -1);
}

describe.skipIf(!isInstalled("bash"))("bash (where it is installed)", () => {
  test("offers commands, options, and names, quoted as it wants them", async () => {
    await using folder = await withNames();
    expect(await offersOfBash(folder, "moorage wh", ["moorage", "wh"])).toEqual(["who"]);
    expect(await offersOfBash(folder, "moorage free --", ["moorage", "free", "--"])).toEqual([
      "--yes",
      "--dry-run",
      "--timeout",
      "--help",
    ]);
    const names = await offersOfBash(folder, "moorage who w", ["moorage", "who", "w"]);
    expect(names.toSorted()).toEqual(["web:one", String.raw`web\ two`]);
  });

  test('offers what follows the last break of a word at "=" or ":"', async () => {
    await using folder = await withNames();
    const words = ["moorage", "get", "--name", "=", "web", ":", "o"];
    expect(await offersOfBash(folder, "moorage get --name=web:o", words)).toEqual(["one"]);
    expect(
      await offersOfBash(folder, "moorage get --protocol=", ["moorage", "get", "--protocol", "="]),
    ).toEqual(["tcp", "udp", "tcp\\,udp"]);
  });

  test("completes the command that run starts, and its files", async () => {
    await using folder = await withNames();
    expect(await offersOfBash(folder, "moorage run -- moorag", ["moorage", "run", "--", "moorag"])).toContain(
      "moorage",
    );
    const file = join(folder.directory, "reg");
    expect(
      await offersOfBash(folder, `moorage run -- cat ${file}`, ["moorage", "run", "--", "cat", file]),
    ).toContain(join(folder.directory, "registry.db"));
  });
});

/** What becomes of a line at the press of Tab, in an interactive zsh that another one drives on a terminal. */
async function completedByZsh(folder: FolderWithNames, line: string): Promise<string> {
  const setup = join(folder.directory, "setup.zsh");
  writeFileSync(
    setup,
    `autoload -Uz compinit; compinit -u -D; eval "$(moorage completion zsh)"
     show() { print -r -- "[[$BUFFER]]"; BUFFER= }; zle -N show; bindkey '^X' show; PS1=; print ready`,
  );
  const driver = String.raw`
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell ". $1"
    zpty -r -m shell seen '*ready*'
    zpty -w -n shell "$2"$'\t\x18'
    zpty -r -m shell seen '*\[\[*\]\]*'
    print -r -- "$seen"`;
  const { stdout } = await folder.start("zsh", ["-f", "-c", driver, "zsh", setup, line], {
    env: folder.env,
  }).finished;
  return /\[\[(.*)\]\]/u.exec(stdout)?.[1] ?? stdout;
}

describe.skipIf(!isInstalled("zsh"))("zsh (where it is installed)", () => {
  test.each([
    ["moorage wh", "moorage who "],
    ["moorage free --d", "moorage free --dry-run "],
    ["moorage who web:", "moorage who web:one "],
    [String.raw`moorage who web\ `, String.raw`moorage who web\ two `],
    ["moorage get --name=web:", "moorage get --name=web:one "],
    ["moorage completion f", "moorage completion fish "],
    ["moorage run -- moorage rel", "moorage run -- moorage release "],
  ])("%s", async (line, expected) => {
    await using folder = await withNames();
    expect(await completedByZsh(folder, line)).toBe(expected);
  });
});

describe.skipIf(!isInstalled("fish"))("fish (where it is installed)", () => {
  test.each([
    ["moorage wh", ["who\tshow all that is known of a port, leased or not"]],
    ["moorage free --d", ["--dry-run\tsay who would be asked to stop, and do nothing"]],
    ["moorage who web:", [expect.stringMatching(/^web:one\t\d+, /u) as string]],
    ["moorage get --name=web:", [expect.stringMatching(/^--name=web:one\t/u) as string]],
    ["moorage get --protocol t", ["tcp", "tcp,udp"]],
    ["moorage run -- moorage rel", ["release\tgive back a lease by its name, or a port"]],
  ])("%s", async (line, expected) => {
    await using folder = await withNames();
    const script = "moorage completion fish | source; complete -C $argv[1]";
    const { stdout, stderr } = await folder.start("fish", ["--no-config", "-c", script, line], {
      env: folder.env,
    }).finished;
    expect(stderr).toBe("");
    expect(stdout.split("\n").slice(0, -1)).toEqual(expected);
  });
});
