// Leases, processes and listeners for tables of states.

import type { Listener, Liveness, ProcessIdentity, SocketOwner } from "../../src/contract/index.ts";
import type { LeaseInfo } from "../../src/registry/index.ts";

export const VIEWER = 1000;
const OTHER_USER = 0;

/** `moorage run`, its command, and what that started. */
export const HOLDER: ProcessIdentity = processOf(10);
export const HEIR: ProcessIdentity = processOf(11);

export function processOf(pid: number, differences: Partial<ProcessIdentity> = {}): ProcessIdentity {
  const identity = { pid, startTime: pid * 100, boot: "b1", namespaces: "n1", command: `program-${pid}` };
  return { ...identity, ...differences };
}

/** A process with a socket; `parents` are the pids of its ancestors. */
export function ownerOf(
  pid: number,
  parents: readonly number[] = [],
  differences: Partial<SocketOwner> = {},
): SocketOwner {
  return {
    ...processOf(pid),
    startedAt: 0,
    folder: "/project",
    ancestors: parents.map((parent) => processOf(parent)),
    container: null,
    leases: [],
    ...differences,
  };
}

/** By its name in the tables. */
export const OWNERS = {
  holder: ownerOf(HOLDER.pid, [1]),
  heir: ownerOf(HEIR.pid, [HOLDER.pid, 1]),
  grandchild: ownerOf(13, [12, HEIR.pid, HOLDER.pid, 1]),
  orphan: ownerOf(13, [HEIR.pid, 1]),
  /** In the background: it has no ancestor left but the first process, and the environment it was started with. */
  daemon: ownerOf(14, [1], { leases: ["lease-1"] }),
  stranger: ownerOf(99, [98, 1]),
  /** It has the holder's pid, which came round. */
  successor: ownerOf(HOLDER.pid, [1], { startTime: 7777 }),
  /** Its parent has the holder's pid, which came round. */
  childOfSuccessor: { ...ownerOf(99), ancestors: [{ pid: HOLDER.pid, startTime: 7777 }] },
  ofAnotherLease: ownerOf(99, [98, 1], { leases: ["lease-2"] }),
} as const satisfies Record<string, SocketOwner>;

export function listenerOn(
  address: string,
  owners: readonly SocketOwner[],
  differences: Partial<Listener> = {},
): Listener {
  return { protocol: "tcp", address, port: 3000, uid: VIEWER, owners, ...differences };
}

/** A socket of which nobody is seen who has it. */
export const UNSEEN = {
  ofViewer: listenerOn("::", []),
  ofOtherUser: listenerOn("::", [], { uid: OTHER_USER }),
  ofNobodyKnown: listenerOn("::", [], { uid: null }),
} as const satisfies Record<string, Listener>;

export function leaseOf(differences: Partial<LeaseInfo> = {}): LeaseInfo {
  return {
    id: "lease-1",
    name: "web",
    protocols: ["tcp"],
    addresses: ["::"],
    ports: [3000],
    holder: HOLDER,
    heir: null,
    isHeldInKernel: false,
    state: "held",
    hasTimeLimit: false,
    grantedAt: 0,
    token: { epoch: 1, revision: 1 },
    ...differences,
  };
}

/** Dead are those with these pids. */
export function livenessBut(...dead: readonly number[]): (process: ProcessIdentity) => Liveness {
  return ({ pid }) => (dead.includes(pid) ? "dead" : "alive");
}
