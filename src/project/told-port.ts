// How the server that a command starts is told its port where it reads no PORT: flags for it, also through npx, wrappers
// and the scripts of package.json.
//
// Arguments are only ever put behind a command. Where that would tell somebody else, or it is not clear whom, nothing is
// added: PORT is set all the same.

import { basename, resolve } from "node:path";
import { type PackageScript, scriptOf } from "./package-script.ts";
import { type PortOfServer, serverOf } from "./servers.ts";
import { lastCommand } from "./shell-words.ts";

export interface Telling {
  /** The port that the server is to listen on. */
  readonly port: number;
  /** Where the command runs. */
  readonly folder: string;
}

/** The server that a command was found to start. */
export type ToldServer = Pick<PortOfServer, "program" | "given">;

/** A command whose server is told its port. */
export interface ToldCommand {
  readonly command: readonly string[];
  /** `null`: none that is known. */
  readonly server: ToldServer | null;
}

/** What is put behind a command, and for which server. */
interface Addition {
  readonly server: PortOfServer;
  readonly tail: readonly string[];
}

/** As `tellPort`, for a line for a shell. */
export function tellPortInLine(
  line: string,
  telling: Telling,
): { readonly line: string; readonly server: ToldServer | null } {
  const words = lastCommand(line);
  const found = words && additionTo(words, { ...telling, depth: DEPTH });
  return { line: [line, ...(found?.tail ?? [])].join(" "), server: found?.server ?? null };
}

interface Context extends Telling {
  /** How far scripts are followed that start scripts. */
  readonly depth: number;
}

const DEPTH = 8;

/**
 * The command, with the arguments that tell its server the port.
 *
 * @example
 * tellPort(["npm", "run", "dev"], { port: 24310, folder: "." }).command;
 * // ["npm", "run", "dev", "--", "--port", "24310", "--strictPort"], where "dev" is "vite"
 */
export function tellPort(command: readonly string[], telling: Telling): ToldCommand {
  const found = additionTo(command, { ...telling, depth: DEPTH });
  return { command: [...command, ...(found?.tail ?? [])], server: found?.server ?? null };
}

function additionTo([path, ...parameters]: readonly string[], context: Context): Addition | undefined {
  if (path === undefined || context.depth === 0) return undefined;
  const program = nameOf(path);
  const inner = WRAPPERS.get(program)?.(parameters);
  if (inner) return additionTo(inner, { ...context, depth: context.depth - 1 });
  const manager = MANAGERS.get(program);
  if (manager) return manager(parameters, context);
  const server = serverOf(program, parameters, context.port);
  return server && { server, tail: server.add };
}

/** "vite" of "./node_modules/.bin/vite", "node_modules/vite/bin/vite.js" and "vite@8"; "@angular/cli" as it is. */
function nameOf(path: string): string {
  const withoutVersion = path.replace(/(?<=.)@[^/]*$/u, "");
  if (/^@[\w.-]+\/[\w.-]+$/u.test(withoutVersion)) return withoutVersion;
  return basename(withoutVersion).replace(/\.(?:[cm]?js|exe|cmd)$/u, "");
}

/** The command that a program starts, behind whose arguments are its own. */
type Wrapper = (parameters: readonly string[]) => readonly string[] | undefined;

/** Flags without a value, which change nothing of what is run. */
const SILENT: ReadonlySet<string> = new Set(
  "-y --yes -q --quiet -s --silent --no --no-install --bun -b".split(" "),
);

const unflagged: Wrapper = (parameters) => {
  const first = parameters.findIndex((one) => !SILENT.has(one));
  const rest = parameters.slice(first);
  return first === -1 || rest[0]!.startsWith("-") ? undefined : rest;
};

const withVariables: Wrapper = (parameters) =>
  unflagged(parameters.slice(parameters.findIndex((one) => !/^[A-Za-z_]\w*=/u.test(one))));

const afterDashes: Wrapper = (parameters) => {
  const at = parameters.indexOf("--");
  return at === -1 ? undefined : parameters.slice(at + 1);
};

const after =
  (word: string): Wrapper =>
  ([first, ...rest]) =>
    first === word ? unflagged(rest) : undefined;

/** A program of a package: what a file of one's own is called says nothing. */
const node: Wrapper = (parameters) =>
  parameters[0]?.includes("node_modules/") === true ? parameters : undefined;

const python: Wrapper = (parameters) => {
  const [first, ...rest] = parameters.filter((one) => one !== "-u" && one !== "-B");
  return first === "-m" ? rest : first === undefined || first.startsWith("-") ? undefined : [first, ...rest];
};

const WRAPPERS: ReadonlyMap<string, Wrapper> = new Map<string, Wrapper>([
  ["npx", unflagged],
  ["bunx", unflagged],
  ["pnpx", unflagged],
  ["node", node],
  ["php", unflagged],
  ["ruby", unflagged],
  ["python", python],
  ["python3", python],
  ["env", withVariables],
  ["cross-env", withVariables],
  ["dotenv", afterDashes],
  ["dotenvx", afterDashes],
  ["bundle", after("exec")],
  ["poetry", after("run")],
  ["pipenv", after("run")],
  ["pdm", after("run")],
  ["uv", after("run")],
]);

/** What a package manager runs: a script, or a program of a package. */
type Manager = (parameters: readonly string[], context: Context) => Addition | undefined;

const MANAGERS: ReadonlyMap<string, Manager> = new Map<string, Manager>([
  ["node", nodeRun],
  ["npm", npm],
  ["pnpm", (parameters, context) => manage(parameters, context, PNPM)],
  ["yarn", (parameters, context) => manage(parameters, context, YARN)],
  ["bun", (parameters, context) => manage(parameters, context, BUN)],
]);

/** Flags that name the folder to work in; words before a program of a package. */
interface Ways {
  readonly folder: readonly string[];
  readonly programs: readonly string[];
}

const NPM: Ways = { folder: ["--prefix", "-C"], programs: ["exec", "x"] };
const PNPM: Ways = { folder: ["--dir", "-C"], programs: ["dlx", "exec"] };
const YARN: Ways = { folder: ["--cwd"], programs: ["dlx", "exec"] };
const BUN: Ways = { folder: ["--cwd"], programs: ["x"] };

/** npm takes flags for its own, wherever they stand, up to "--". */
function npm(parameters: readonly string[], context: Context): Addition | undefined {
  const asked = readFlags(parameters, context, NPM);
  const [word = "", ...rest] = asked?.words ?? [];
  const isProgram = NPM.programs.includes(word);
  const isScript = ["run", "run-script", "start"].includes(word);
  if (!asked || !(isProgram || isScript)) return undefined;
  const dashes = rest.indexOf("--");
  const own = dashes === -1 ? rest : rest.slice(0, dashes);
  const words = own.filter((one) => !SILENT.has(one));
  if (words.some((one) => one.startsWith("-"))) return undefined;
  const passed = [...words, ...(dashes === -1 ? [] : rest.slice(dashes + 1))];
  const inner = word === "start" ? ["start", ...passed] : passed;
  const found = isProgram
    ? additionTo(inner, asked.context)
    : additionToScript(scriptOf(asked.context.folder, inner[0] ?? ""), inner.slice(1), asked.context);
  return dashes === -1 ? behindDashes(found) : found;
}

/** node --run, which passes on what stands behind "--". */
function nodeRun(
  [flag, name = "", dashes, ...passed]: readonly string[],
  context: Context,
): Addition | undefined {
  if (flag !== "--run" || (dashes !== undefined && dashes !== "--")) return undefined;
  const found = additionToScript(scriptOf(context.folder, name), passed, context);
  return dashes === undefined ? behindDashes(found) : found;
}

function behindDashes(found: Addition | undefined): Addition | undefined {
  return found && found.tail.length > 0 ? { ...found, tail: ["--", ...found.tail] } : found;
}

/** The others pass on whatever stands behind the name of a script, which goes before a program of the same name. */
function manage(parameters: readonly string[], context: Context, ways: Ways): Addition | undefined {
  const asked = readFlags(parameters, context, ways);
  const [word = "", ...rest] = asked?.words ?? [];
  if (!asked) return undefined;
  if (ways.programs.includes(word)) return additionTo(unflagged(rest) ?? [], asked.context);
  const [name = "", ...passed] = word === "run" ? (unflagged(rest) ?? []) : asked.words;
  const script = scriptOf(asked.context.folder, name);
  if (script) return additionToScript(script, passed, asked.context);
  return word === "run" ? undefined : additionTo(asked.words, { ...asked.context, depth: context.depth - 1 });
}

/** The words behind the flags of a package manager; `undefined` for a flag whose meaning is not known here. */
function readFlags(
  parameters: readonly string[],
  context: Context,
  { folder }: Ways,
): { readonly words: readonly string[]; readonly context: Context } | undefined {
  const [flag = "", value] = parameters[0]?.split(/=(.*)/su) ?? [];
  if (SILENT.has(flag)) return readFlags(parameters.slice(1), context, { folder, programs: [] });
  if (!folder.includes(flag)) return flag.startsWith("-") ? undefined : { words: parameters, context };
  const path = value ?? parameters[1] ?? ".";
  const inside = { ...context, folder: resolve(context.folder, path) };
  return readFlags(parameters.slice(value === undefined ? 2 : 1), inside, { folder, programs: [] });
}

/** What is put behind a script goes to the last command of its line. */
function additionToScript(
  script: PackageScript | undefined,
  passed: readonly string[],
  context: Context,
): Addition | undefined {
  const words = lastCommand(script?.line ?? "");
  if (!script || !words) return undefined;
  return additionTo([...words, ...passed], { ...context, folder: script.folder, depth: context.depth - 1 });
}
