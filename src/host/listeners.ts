// Who listens in this network namespace, and which processes these sockets belong to, by /proc.
//
// A socket whose owner cannot be seen is there without owners: another user's, or one of a process in a pid
// namespace that this /proc does not show. A socket that was inherited has several.

import { type AbortSignalLike, type Host, type SocketOwner, throwIfAborted } from "../contract/index.ts";
import { createDescribe, type Identify } from "./owner.ts";
import { type ListeningSocket, readListeningSockets } from "./proc-net.ts";
import { findOwners, isStillOpen } from "./socket-owners.ts";

/** @param identify `undefined` where /proc shows the processes of another namespace: then nobody is told. */
export function openListeners(identify: Identify | undefined): NonNullable<Host["listeners"]> {
  return async ({ port, signal } = {}) => {
    throwIfAborted(signal);
    const sockets = await readListeningSockets(port);
    throwIfAborted(signal);
    const owners = identify ? await ownersOf(sockets, identify, signal) : new Map<string, SocketOwner[]>();
    return sockets.map(({ protocol, address, port: at, uid, inode }) => ({
      protocol,
      address: address.text,
      port: at,
      uid,
      owners: owners.get(inode) ?? [],
    }));
  };
}

/** The owners of each socket, by inode. */
async function ownersOf(
  sockets: readonly ListeningSocket[],
  identify: Identify,
  signal: AbortSignalLike | undefined,
): Promise<Map<string, SocketOwner[]>> {
  const owners = new Map<string, SocketOwner[]>();
  if (sockets.length === 0) return owners;
  const describe = createDescribe(identify);
  const found = await findOwners(new Set(sockets.map(({ inode }) => inode)), signal);
  for (const [pid, open] of found) {
    const owner = describe(pid);
    const [[inode, path] = ["", ""]] = open;
    // Its pid can have gone to another process before it was described.
    if (!owner || !isStillOpen(path, inode)) continue;
    for (const socket of open.keys()) {
      const others = owners.get(socket);
      if (others) others.push(owner);
      else owners.set(socket, [owner]);
    }
  }
  return owners;
}
