// Whether a value is a config, and the config that it is. What is wrong is told with where it stands.
//
// moorage.schema.json says the same for editors, as far as a schema can: it does not know of names that must be there,
// of cycles, or of two names that would make one variable.

import { dirname, isAbsolute, join } from "node:path";
import { type Transport, TRANSPORTS } from "../core/index.ts";
import { describe, MAX_PORT, MIN_PORT } from "../core/expect.ts";
import { type Config, defaultService, type Service } from "./config.ts";
import { bracedIn } from "./references.ts";
import { didYouMean } from "./similar.ts";
import { portVariable, urlVariable } from "./variables.ts";

/** What is wrong with a config, and where: "services.web.prefer". */
export class ConfigProblem extends Error {
  readonly at: string;

  constructor(at: string, message: string) {
    super(message);
    this.at = at;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const CONFIG_KEYS = ["$schema", "name", "services", "groups"] as const;
const SERVICE_KEYS = ["folder", "command", "prefer", "env", "protocol", "url", "detached", "vars"] as const;

/** A name that can stand in braces, in a variable and on a command line. */
const NAME = /^(?!\d+$)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;
/** What a shell takes for a variable (POSIX, 3.231 Name). */
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/u;

/**
 * @param file whose folder paths start from
 * @throws ConfigProblem
 */
export function checkConfig(file: string, value: unknown): Config {
  const fields = expectObject("", value, CONFIG_KEYS);
  if (fields["$schema"] !== undefined) expectText("$schema", fields["$schema"]);
  const services = new Map<string, Service>();
  for (const [name, service] of entriesOf("services", fields["services"])) {
    services.set(name, checkService(dirname(file), name, service));
  }
  const groups = new Map<string, readonly string[]>();
  for (const [name, members] of entriesOf("groups", fields["groups"])) {
    groups.set(name, expectList(`groups.${name}`, members));
  }
  expectDifferentVariables(services);
  for (const service of services.values()) expectReferences(service, services);
  expectNoCycle("services", services.keys(), (name) => urlsIn(services.get(name)!));
  expectMembers(groups, services);
  expectNoCycle("groups", groups.keys(), (name) => groups.get(name)!.filter((one) => groups.has(one)));
  return {
    file,
    name: fields["name"] === undefined ? null : expectText("name", fields["name"]),
    services,
    groups,
  };
}

function checkService(home: string, name: string, value: unknown): Service {
  const at = `services.${name}`;
  const fields = expectObject(at, value, SERVICE_KEYS);
  const { folder, command, prefer, env, protocol, url, detached, vars } = fields;
  const usual = defaultService(name, home);
  return {
    name,
    folder: folder === undefined ? home : expectFolder(`${at}.folder`, folder, home),
    command: command === undefined ? null : expectCommand(`${at}.command`, command),
    prefer: prefer === undefined ? null : expectPort(`${at}.prefer`, prefer),
    env: env === undefined ? usual.env : expectVariable(`${at}.env`, env),
    protocol: protocol === undefined ? usual.protocol : expectProtocol(`${at}.protocol`, protocol),
    url: url === undefined ? usual.url : expectText(`${at}.url`, url),
    detached: detached === undefined ? false : expectFlag(`${at}.detached`, detached),
    vars: vars === undefined ? {} : expectVars(`${at}.vars`, vars),
  };
}

function problem(at: string, expected: string, value: unknown): ConfigProblem {
  return new ConfigProblem(at, `expected ${expected}, received ${describe(value)}`);
}

function expectObject(at: string, value: unknown, known?: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw problem(at, "an object", value);
  }
  for (const key of Object.keys(value)) {
    if (!known || known.includes(key)) continue;
    const message = `there is no such key; known are ${known.join(", ")}${didYouMean(key, known)}`;
    throw new ConfigProblem(at === "" ? key : `${at}.${key}`, message);
  }
  return value as Fields;
}

/** What an object has by the names of services or groups. */
function entriesOf(at: string, value: unknown): [string, unknown][] {
  const entries = value === undefined ? [] : Object.entries(expectObject(at, value));
  for (const [name] of entries) {
    if (NAME.test(name)) continue;
    const message = `expected a name of letters, digits, ".", "_" and "-" that is no number, 64 at most`;
    throw new ConfigProblem(`${at}.${name}`, message);
  }
  return entries;
}

function expectText(at: string, value: unknown): string {
  if (typeof value !== "string" || value.trim() === "") throw problem(at, "a text", value);
  return value;
}

function expectFlag(at: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw problem(at, "true or false", value);
  return value;
}

function expectPort(at: string, value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= MIN_PORT && (value as number) <= MAX_PORT) {
    return value as number;
  }
  throw problem(at, `a port from ${MIN_PORT} to ${MAX_PORT}`, value);
}

function expectVariable(at: string, value: unknown): string {
  if (typeof value === "string" && VARIABLE.test(value)) return value;
  throw problem(at, "the name of a variable: letters, digits and underscores, and no digit first", value);
}

function expectList(at: string, value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0) throw problem(at, "a list of at least one text", value);
  return value.map((item, index) => expectText(`${at}[${index}]`, item));
}

function expectCommand(at: string, value: unknown): string | readonly string[] {
  if (typeof value === "string") return expectText(at, value);
  if (!Array.isArray(value) || value.length === 0) {
    throw problem(at, "a line for a shell, or a list of a command and its arguments", value);
  }
  const [command, ...parameters] = value as unknown[];
  const rest = parameters.map((item, index) => {
    if (typeof item !== "string") throw problem(`${at}[${index + 1}]`, "a text", item);
    return item;
  });
  return [expectText(`${at}[0]`, command), ...rest];
}

function expectProtocol(at: string, value: unknown): readonly Transport[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const isRight = list.length > 0 && list.every((one) => TRANSPORTS.some((known) => known === one));
  if (!isRight || new Set(list).size < list.length) {
    throw problem(at, '"tcp", "udp" or a list of both', value);
  }
  return list as readonly Transport[];
}

function expectFolder(at: string, value: unknown, home: string): string {
  const path = expectText(at, value);
  if (isAbsolute(path) || path.split(/[\\/]/u).includes("..")) {
    throw problem(at, "a path to a folder below the one of this file", value);
  }
  return join(home, path).replace(/(?<=.)[\\/]$/u, "");
}

function expectVars(at: string, value: unknown): Readonly<Record<string, string>> {
  for (const [name, text] of Object.entries(expectObject(at, value))) {
    if (!VARIABLE.test(name)) throw problem(at, "names of variables", name);
    if (typeof text !== "string") throw problem(`${at}.${name}`, "a text", text);
  }
  return value as Readonly<Record<string, string>>;
}

/** That no two services are told by one variable. */
function expectDifferentVariables(services: ReadonlyMap<string, Service>): void {
  const owners = new Map<string, string>();
  for (const name of services.keys()) {
    for (const variable of [portVariable(name), urlVariable(name)]) {
      const owner = owners.get(variable);
      if (owner !== undefined) {
        throw new ConfigProblem(
          `services.${name}`,
          `${variable} would stand for it and for ${owner}; rename one`,
        );
      }
      owners.set(variable, name);
    }
  }
  for (const { name, env } of services.values()) {
    const owner = owners.get(env);
    if (owner === undefined || env === portVariable(name)) continue;
    throw new ConfigProblem(`services.${name}.env`, `${env} is the variable of ${owner}; choose another one`);
  }
}

function expectReferences({ name, url, vars }: Service, services: ReadonlyMap<string, Service>): void {
  const texts = [["url", url], ...Object.entries(vars).map(([key, text]) => [`vars.${key}`, text])];
  for (const [key = "", text = ""] of texts) {
    const at = `services.${name}.${key}`;
    for (const { word, reference } of bracedIn(text)) {
      if (!reference) {
        const known = "{port}, {url}, and {SERVICE.port} and {SERVICE.url} of others";
        throw new ConfigProblem(at, `there is no {${word}}; known are ${known}`);
      }
      const { service } = reference;
      if (service !== null && !services.has(service)) {
        throw new ConfigProblem(at, `{${word}}: ${noService(service, services.keys())}`);
      }
    }
  }
}

function expectMembers(
  groups: ReadonlyMap<string, readonly string[]>,
  services: ReadonlyMap<string, Service>,
): void {
  for (const [group, members] of groups) {
    if (services.has(group)) {
      throw new ConfigProblem(`groups.${group}`, "there is a service of that name; rename one");
    }
    for (const [index, member] of members.entries()) {
      if (services.has(member) || groups.has(member)) continue;
      const known = [...services.keys(), ...groups.keys()];
      throw new ConfigProblem(`groups.${group}[${index}]`, noService(member, known));
    }
  }
}

function noService(name: string, known: Iterable<string>): string {
  return `there is no service ${JSON.stringify(name)}${didYouMean(name, known)}`;
}

/** The services whose URLs the URL of this one has in it. */
function urlsIn({ name, url }: Service): string[] {
  return [...bracedIn(url)].flatMap(({ reference }) =>
    reference?.what === "url" ? [reference.service ?? name] : [],
  );
}

/** That nothing leads back to itself: "services.web.url: web → api → web". */
function expectNoCycle(
  kind: "services" | "groups",
  names: Iterable<string>,
  next: (name: string) => readonly string[],
): void {
  const done = new Set<string>();
  for (const first of names) {
    if (done.has(first)) continue;
    // The way from the first, and of each on it what is not walked yet. No recursion: a way can be longer than the stack.
    const way = new Map([[first, next(first).toReversed()]]);
    const stack = [first];
    for (let name = stack.at(-1); name !== undefined; name = stack.at(-1)) {
      const other = way.get(name)!.pop();
      if (other === undefined) {
        done.add(name);
        way.delete(name);
        stack.pop();
      } else if (way.has(other)) {
        const circle = [...stack.slice(stack.indexOf(other)), other];
        const at = `${kind}.${other}${kind === "services" ? ".url" : ""}`;
        throw new ConfigProblem(at, `it leads back to itself: ${circle.join(" → ")}`);
      } else if (!done.has(other)) {
        way.set(other, next(other).toReversed());
        stack.push(other);
      }
    }
  }
}
