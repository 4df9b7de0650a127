// Who has a guard, on Linux: the processes that have the socket of its name open, by /proc/net/unix (proc_pid_net(5)).
//
// A guard tells that a port is somebody's, and not whose: it is had by registries of other state folders too, and by a
// process that was stopped while its lease ended.

import { readFile } from "node:fs/promises";
import type { Transport } from "../core/index.ts";
import { guardName } from "./guards.ts";
import { isOwnProc } from "./offspring.ts";
import { isHidden, isMissing } from "./proc.ts";
import { findOwners } from "./socket-owners.ts";

/** The pids of those who have the guard of a port, as far as this user may see them, in rising order. */
export async function guardOwners(protocol: Transport, port: number): Promise<number[]> {
  if (!isOwnProc()) return [];
  const inodes = inodesOf(await readTable("/proc/self/net/unix"), guardName(protocol, port));
  return inodes.size === 0 ? [] : [...(await findOwners(inodes, undefined)).keys()];
}

/** The table writes the zero byte of an abstract name as "@". One that is not accepted yet has no inode. */
function inodesOf(table: string, name: string): Set<string> {
  const shown = name.replaceAll("\0", "@");
  const lines = table.split("\n").filter((line) => line.endsWith(` ${shown}`));
  const inodes = lines.map((line) => line.slice(0, -shown.length).trimEnd().split(" ").at(-1)!);
  return new Set(inodes.filter((inode) => inode !== "0"));
}

async function readTable(path: string): Promise<string> {
  try {
    return await readFile(path, "latin1");
  } catch (error) {
    if (isHidden(error) || isMissing(error)) return "";
    throw error;
  }
}
