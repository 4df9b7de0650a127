// Who has a socket open: every file descriptor of a process is a link in /proc/PID/fd, that of a socket to
// "socket:[inode]" (proc_pid_fd(5)).
//
// A process that this user may not look into, and one that ends meanwhile, has nothing that can be told. Whatever
// else goes wrong throws.

import { readdirSync } from "node:fs";
import { type AbortSignalLike } from "../contract/index.ts";
import { nextTurn } from "./interruptible.ts";
import { isHidden, isMissing, readLink } from "./proc.ts";

/** The sockets that a process has, each with one of the links that say so. */
export type OpenSockets = ReadonlyMap<string, string>;

/** How many links are read before others get a turn: a few milliseconds. */
const LINKS_A_TURN = 500;

/** The processes that have any of these sockets, told by their inodes; in the order of their pids. */
export async function findOwners(
  inodes: ReadonlySet<string>,
  signal: AbortSignalLike | undefined,
): Promise<Map<number, OpenSockets>> {
  const owners = new Map<number, OpenSockets>();
  const pids = list("/proc").filter((name) => /^\d+$/u.test(name));
  let links = 0;
  for (const pid of pids.map(Number).toSorted((a, b) => a - b)) {
    const paths = descriptorsOf(pid);
    const found = pick(paths, inodes);
    if (found.size > 0) owners.set(pid, found);
    links += paths.length + 1;
    if (links < LINKS_A_TURN) continue;
    links = 0;
    await nextTurn(signal);
  }
  return owners;
}

/** Whether the link still leads to the socket. */
export function isStillOpen(path: string, inode: string): boolean {
  return readOrNothing(() => readLink(path)) === `socket:[${inode}]`;
}

/** What `read` finds; nothing where this user may not look, or where there is nothing any more. */
export function readOrNothing<Result>(read: () => Result | undefined): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (isHidden(error) || isMissing(error)) return undefined;
    throw error;
  }
}

function pick(paths: readonly string[], inodes: ReadonlySet<string>): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of paths) {
    const target = readOrNothing(() => readLink(path) ?? "");
    // What this user may not see of one descriptor, it may not see of any.
    if (target === undefined) break;
    const inode = target.startsWith("socket:[") ? target.slice("socket:[".length, -1) : "";
    if (inodes.has(inode)) found.set(inode, path);
  }
  return found;
}

/** The paths of all descriptors of a process. */
function descriptorsOf(pid: number): string[] {
  const path = `/proc/${pid}/fd`;
  const descriptors = list(path);
  if (descriptors.length > 0) return descriptors.map((descriptor) => `${path}/${descriptor}`);
  // A process whose first thread has ended has its files in those that go on.
  for (const thread of list(`/proc/${pid}/task`)) {
    const ofThread = `/proc/${pid}/task/${thread}/fd`;
    const open = thread === String(pid) ? [] : list(ofThread);
    if (open.length > 0) return open.map((descriptor) => `${ofThread}/${descriptor}`);
  }
  return [];
}

function list(path: string): string[] {
  return readOrNothing(() => readdirSync(path)) ?? [];
}
