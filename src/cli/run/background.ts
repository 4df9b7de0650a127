// What a command leaves running when it ends: a server that put itself in the background, or one whose npm was stopped.
//
// Its lease is not given back before that has ended. A server that listens gets it, and `run` ends. What does not listen is
// waited for: it may begin to, or be about to end. What is there still then gets the lease all the same.

import type { SocketOwner } from "../../contract/index.ts";
import { carriersOf } from "../../host/index.ts";
import { type Lease, PortError } from "../../node/index.ts";
import { formatHolder } from "../../registry/index.ts";
import { listenersOn } from "../../report/listeners.ts";
import { poll } from "../../report/poll.ts";
import { say, sayError } from "../output.ts";
import type { StartedCommand } from "./command.ts";
import { kill } from "./signals.ts";

/** How long those of a command's processes are waited for that do not listen. */
const REST_SECONDS = 10;
/**
 * How long one is waited for that made itself a session of its own. A server that does so listens soon; the daemon of a
 * build tool never does, and must not delay each command that begins it.
 */
const DAEMON_SECONDS = 2;

export interface Ended {
  readonly command: StartedCommand;
  readonly leases: readonly Lease[];
  readonly exitCode: number;
  /** Whether a signal asked for the end: what is left is about to end too then. */
  readonly isStopping: () => boolean;
  /** What people call a lease. */
  readonly label: (lease: Lease) => string;
}

/** Waits until nothing of an ended command is left, or leaves its leases to what runs on, and says so. */
export async function seeToRest({ command, leases, exitCode, isStopping, label }: Ended): Promise<void> {
  if (command.offspring() === undefined) return;
  const began = performance.now();
  let pending: readonly Lease[] = [];
  let heirs: ReadonlyMap<Lease, number> = new Map();

  async function look(): Promise<boolean> {
    pending = leases.filter((lease) => lease.isValid());
    const rest = command.offspring() ?? [];
    const daemons = carriersOf(leases.map(({ id }) => id));
    const servers = await serversOf(pending, new Set([...rest.map(({ pid }) => pid), ...daemons]));
    heirs = new Map(pending.map((lease) => [lease, servers.get(lease) ?? rest[0]?.pid ?? 0]));
    if (isStopping()) return rest.length === 0 && servers.size === 0;
    for (const [lease, pid] of servers) await leave(lease, pid, label(lease));
    if (servers.size === pending.length) return true;
    const mayListen =
      exitCode === 0 && daemons.length > 0 && performance.now() - began < DAEMON_SECONDS * 1000;
    return rest.length === 0 && !mayListen;
  }

  if (await poll(look, { seconds: REST_SECONDS })) return;
  for (const lease of pending) await leave(lease, heirs.get(lease)!, label(lease));
}

/** Sends a signal to the servers of leases that have left the command's own processes, which it has reached. */
export async function signalDaemons(
  leases: readonly Lease[],
  signal: NodeJS.Signals,
  reached: readonly number[],
): Promise<void> {
  const daemons = carriersOf(leases.map(({ id }) => id)).filter((pid) => !reached.includes(pid));
  const servers = await serversOf(leases, new Set(daemons));
  for (const pid of new Set(servers.values())) kill(pid, signal);
}

/**
 * Whom a lease goes to whose server listens: of the processes given, the one that the server descends from or is. A
 * server that is begun anew by another, as nodemon does, ends more often than that one.
 */
async function serversOf(
  leases: readonly Lease[],
  pids: ReadonlySet<number>,
): Promise<ReadonlyMap<Lease, number>> {
  const servers = new Map<Lease, number>();
  if (pids.size === 0) return servers;
  const listeners = await listenersOn(leases.flatMap(({ ports }) => ports));
  for (const lease of leases) {
    const owner = listeners
      .filter(({ port }) => lease.ports.includes(port))
      .flatMap(({ owners }) => owners)
      .find(({ pid }) => pids.has(pid));
    if (owner) servers.set(lease, eldestOf(owner, pids));
  }
  return servers;
}

function eldestOf({ pid, ancestors }: SocketOwner, pids: ReadonlySet<number>): number {
  return ancestors.findLast((one) => pids.has(one.pid))?.pid ?? pid;
}

async function leave(lease: Lease, pid: number, label: string): Promise<void> {
  try {
    const { holder } = await lease.transfer(pid);
    say(`moorage: ${label} runs on in the background: ${formatHolder(holder)}`);
  } catch (error) {
    // It has ended meanwhile, and left nothing to be leased for.
    if (!PortError.is(error) || error.code !== "PROCESS_NOT_FOUND") sayError(error);
  }
}
