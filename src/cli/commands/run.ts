// moorage run: a command, or the services of a project, with leased ports in the environment.
//
// A lease lives as long as this process does, which is as long as the command and what it has started run: signals are
// passed on, and the exit code is the command's own, whatever else fails. No signal leaves a command without its lease,
// not even SIGKILL: the command is its heir.

import { constants } from "node:os";
import type { ListeningHold } from "../../contract/index.ts";
import { type Lease, PortError } from "../../node/index.ts";
import { configuredService, openProject, type Project } from "../../project/index.ts";
import type { RequestFlags } from "../arguments.ts";
import { EXIT } from "../exit-codes.ts";
import { inFlags } from "../flags.ts";
import { sayError } from "../output.ts";
import { type Asked, whatToRun, type Words } from "../run/asked.ts";
import { choose } from "../run/choose.ts";
import { expectFree } from "../run/hand-over.ts";
import { type Job, nameOf, toTask, type Variable } from "../run/job.ts";
import { expectTcp, listenOn } from "../run/listening-socket.ts";
import { type GroupOptions, leaseAll, tasksOf } from "../run/services.ts";
import { Signals, Stopped } from "../run/signals.ts";
import { superviseAll, type Task } from "../run/supervise.ts";
import { shortNames } from "../target.ts";

export interface RunFlags extends RequestFlags {
  readonly env?: readonly Variable[];
  readonly hold: boolean;
  readonly fd?: boolean;
  readonly group?: string;
  /** Seconds; `true`: as long as is usual. */
  readonly ready?: number | true;
}

const READY_SECONDS = 60;

export async function run(words: Omit<Words, "group">, flags: RunFlags): Promise<number> {
  const { env: variables = [], fd = false, hold, group, wait, ready: asked } = flags;
  if (fd) expectTcp(flags.protocol);
  if (fd) for (const { name } of variables) expectFree(name);
  const ready = asked === true ? READY_SECONDS : asked;
  const project = await openProject();
  using signals = new Signals();
  let socket: ListeningHold | undefined;
  try {
    const what = whatToRun({ ...words, group }, () => project.config);
    const options = { hold, wait: wait !== undefined, signal: signals.stop };
    if (what.kind === "services") {
      expectNone(flags, ["name", "global", "ports", "prefer", "protocol", "kept", "fd"], "a command");
      const tasks = await tasksOf(project, what.services, { ...options, variables, ready });
      return await start(tasks, signals);
    }
    const found =
      what.group.length > 0
        ? await leaseGroup(project, what, { flags, options })
        : await leaseOne(project, { flags, options });
    if (fd) socket = await listenOn(found.own!.port);
    const handed = socket && { fd: socket.fd, name: nameOf(found) ?? "moorage" };
    const { command, alternatives } = what;
    const job = { ...found, command, folder: process.cwd(), variables, handed, ready };
    return await start([{ ...(await toTask(project, job)), alternatives }], signals);
  } catch (error) {
    if (error instanceof Stopped) return EXIT.SIGNALLED + constants.signals[error.signal];
    if (error instanceof Error) error.message = shortNames(project, inFlags(error.message));
    throw error;
  } finally {
    socket?.release();
    // What is not given back here is anybody's once this process has ended.
    await project.close().catch(sayError);
  }
}

async function start(tasks: readonly Task[], signals: Signals): Promise<number> {
  for (const { leases } of tasks) for (const lease of leases) sayWhenLost(lease);
  await signals.throwIfStopped();
  return await superviseAll(tasks, signals);
}

interface How {
  readonly flags: RunFlags;
  readonly options: GroupOptions;
}

type Found = Pick<Job, "leases" | "own" | "isOneOfMany">;

async function leaseOne(project: Project, { flags, options }: How): Promise<Found> {
  const { env: _env, hold, fd: _fd, group: _group, ready: _ready, ...request } = flags;
  const { lease, service, label } = await choose(project, request, { hold, signal: options.signal });
  const own = { label, service, port: lease.port };
  return { leases: new Map([[label, lease]]), own, isOneOfMany: false };
}

/** All services of a group for one command: it is the one that is named, or in whose folder it is run. */
async function leaseGroup(
  project: Project,
  { group }: Extract<Asked, { kind: "command" }>,
  { flags, options }: How,
): Promise<Found> {
  expectNone(flags, ["global", "ports", "prefer", "protocol", "kept", "fd"], "one port, without --group");
  const here = configuredService(project.config, project.place);
  const service = flags.name ?? (here !== undefined && group.includes(here) ? here : undefined);
  const all = service === undefined || group.includes(service) ? group : [service, ...group];
  const leases = await leaseAll(project, all, options);
  const own = service === undefined ? null : { label: service, service, port: leases.get(service)!.port };
  return { leases, own, isOneOfMany: true };
}

function expectNone(flags: RunFlags, names: readonly (keyof RunFlags)[], what: string): void {
  const found = names.find((name) => flags[name] !== undefined);
  if (found !== undefined)
    throw new RangeError(`\`--${found}\`: expected ${what}, received several services`);
}

/** The command goes on: it may not even listen, and whoever took the lease away knew that it runs. */
function sayWhenLost({ lost }: Lease): void {
  lost.addEventListener("abort", () => {
    const { reason } = lost;
    // Handed on, and that was said, or taken up by a `moorage run` that the command has started.
    if (PortError.is(reason) && reason.code === "LEASE_LOST" && reason.reason === "transferred") return;
    sayError(reason);
  });
}
