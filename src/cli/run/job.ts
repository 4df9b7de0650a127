// From what was asked to a command that can be started: its environment, its arguments, the URLs of its servers.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Lease } from "../../node/index.ts";
import {
  type Project,
  type Service,
  serviceOf,
  tellPort,
  tellPortInLine,
  type ToldServer,
  upward,
} from "../../project/index.ts";
import { say } from "../output.ts";
import { environmentFor, portVariables } from "./environment.ts";
import type { CommandLine } from "./hand-over.ts";
import type { Task } from "./supervise.ts";
import { expandTexts, type Meanings } from "./texts.ts";

/** Of what is no service. */
const USUAL_URL = "http://localhost:{port}";

/** A variable of `--env`. */
export interface Variable {
  readonly name: string;
  /** Its value, with references; `null`: the port. */
  readonly text: string | null;
}

/** A command and what it is run with. */
export interface Job {
  /** Arguments, or a line for a shell. */
  readonly command: readonly string[] | string;
  readonly folder: string;
  /** By what people call them. */
  readonly leases: ReadonlyMap<string, Lease>;
  /** Which of them is the command's own; `null`: it has several, and none is. */
  readonly own: {
    /** What people call it. */
    readonly label: string;
    /** The service as whose the config describes it; `null`: none. */
    readonly service: string | null;
    readonly port: number;
  } | null;
  /** Whether there are other ports than its own that a command could take for it. */
  readonly isOneOfMany: boolean;
  /** Of `--env`. */
  readonly variables: readonly Variable[];
  readonly handed: Task["handed"];
  /** Seconds in which its servers must be ready; `undefined`: nobody looks. */
  readonly ready: number | undefined;
}

export async function toTask(project: Project, job: Job): Promise<Task> {
  const { own, leases, ready } = job;
  const meanings = await meaningsFor(project, job);
  const labels = new Map([...leases].map(([label, { id }]) => [id, label]));
  const labelOf = ({ id }: Lease): string => labels.get(id) ?? id;
  const urls = new Map<string, string>();
  if (ready !== undefined) for (const label of leases.keys()) urls.set(label, await meanings.urlOf(label));
  return {
    label: own?.label ?? [...leases.keys()].join(", "),
    line: await lineFor(project, job, meanings),
    leases: [...leases.values()],
    labelOf,
    handed: job.handed,
    ready: ready === undefined ? undefined : { seconds: ready, urlOf: (lease) => urls.get(labelOf(lease))! },
    onStarted: () => say(`moorage: ${portsOf(project, job)}`),
  };
}

/** "PORT=24310 for web"; of several "web 24310, api 24311". */
function portsOf(project: Project, job: Job): string {
  const { own, leases } = job;
  if (!own) return [...leases].map(([label, { port }]) => `${label} ${port}`).join(", ");
  const name = nameOf(job);
  return `${portVariables(project, job).join(",")}=${own.port}${name === null ? "" : ` for ${name}`}`;
}

/** What people call the command's own lease by its name; `null`: it has none. */
export function nameOf({ own, leases }: Pick<Job, "own" | "leases">): string | null {
  const lease = own && leases.get(own.label);
  return lease && lease.name !== null ? own.label : null;
}

async function meaningsFor(project: Project, { own, leases }: Job): Promise<Meanings> {
  const portOf = async (service: string): Promise<number> =>
    leases.get(service)?.port ?? (await project.ports([service])).get(service)!;
  const services = (): string[] => [...new Set([...project.config.services.keys(), ...leases.keys()])];
  const others = { services, portOf, urlOf: (service: string) => project.url(service) };
  if (!own) return { ...others, own };
  const { port } = own;
  const text = own.service === null ? USUAL_URL : serviceOf(project.config, own.service, project.place).url;
  const [url = ""] = await expandTexts("url", [text], { ...others, own: { port, url: text } });
  const urlOf = async (service: string): Promise<string> =>
    service === own.label ? url : await others.urlOf(service);
  return { ...others, urlOf, own: { port, url } };
}

async function lineFor(project: Project, job: Job, meanings: Meanings): Promise<CommandLine> {
  const { command: given, own, folder, handed } = job;
  const env = await environmentFor(project, job, meanings);
  if (typeof given === "string") {
    const [line = ""] = await expandTexts("command", [given], meanings);
    const told = own ? tellPortInLine(line, { port: own.port, folder }) : { line, server: null };
    sayIfOther(told.server, job);
    const [command = "", ...parameters] = shellFor(told.line);
    return { command, parameters, folder, env };
  }
  const words = await expandTexts("command", given, meanings);
  // A server that is handed a socket makes none of its own.
  const told =
    own && !handed ? tellPort(words, { port: own.port, folder }) : { command: words, server: null };
  sayIfOther(told.server, job);
  const [command = "", ...parameters] = told.command;
  return { command, parameters, folder, env };
}

function shellFor(line: string): string[] {
  return process.platform === "win32" ? ["cmd.exe", "/d", "/s", "/c", line] : ["/bin/sh", "-c", line];
}

function sayIfOther(server: ToldServer | null, { own }: Job): void {
  if (!server || !own || server.given === null || server.given === own.port) return;
  say(
    `moorage: ${own.label}: ${server.program} is given port ${server.given}, and ${own.port} is leased: leave the number out, or write {port}`,
  );
}

/** PATH with the programs of the packages around a service, as a package manager sets it for a script. */
export function pathFor({ folder }: Service, root: string): string {
  const folders = [...upward(folder, root)].map((at) => join(at, "node_modules", ".bin"));
  return [...folders.filter((at) => existsSync(at)), process.env["PATH"] ?? ""].join(delimiter);
}
