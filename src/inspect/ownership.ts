// Whose is a listener, seen from a lease?
//
// It is the lease's own when a process that has it is the holder or the heir, descends from one of them, or says the
// lease's id in its environment. A server that put itself in the background, and one whose `moorage run` was killed,
// have lost their ancestors; the environment stays. A process of another pid namespace than the holder's shows its
// kinship in no other way either, so without it nothing is known.

import type { Listener, ProcessIdentity, SocketOwner } from "../contract/index.ts";
import type { LeaseInfo } from "../registry/index.ts";

/**
 * `own`: the lease's. `foreign`: somebody else's. `unknown`: it cannot be told from here, and then it is taken for
 * the lease's own, as nobody is to be accused without evidence.
 */
export type Ownership = "own" | "foreign" | "unknown";

/** A lease, as far as it tells whose a process is. */
export type Tenancy = Pick<LeaseInfo, "id" | "holder" | "heir">;

/**
 * Whose a listener is. When none of its processes can be seen, another user's socket is somebody else's: a holder
 * and its children are nearly always this user's. One of this user's own is `unknown`.
 *
 * @param viewer the user id of this process; `null` where the system has none
 */
export function ownershipOf({ uid, owners }: Listener, tenancy: Tenancy, viewer: number | null): Ownership {
  if (owners.length === 0) {
    return uid === null || viewer === null || uid === viewer ? "unknown" : "foreign";
  }
  if (owners.some((owner) => isOf(owner, tenancy))) return "own";
  const { namespaces } = tenancy.holder;
  return owners.every((owner) => owner.namespaces === namespaces) ? "foreign" : "unknown";
}

function isOf(owner: SocketOwner, { id, holder, heir }: Tenancy): boolean {
  return owner.leases.includes(id) || descends(owner, holder) || (heir !== null && descends(owner, heir));
}

/** Whether a process is another one or has it among its ancestors, whose pids count where its own does. */
function descends(owner: SocketOwner, { pid, startTime, boot, namespaces }: ProcessIdentity): boolean {
  if (owner.boot !== boot || owner.namespaces !== namespaces) return false;
  return [owner, ...owner.ancestors].some((one) => one.pid === pid && one.startTime === startTime);
}
