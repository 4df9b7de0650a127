// Whom to ask to stop so that a TCP port is free: decided for all that listen there, or for none.

import type { Listener, ProcessIdentity, SocketOwner } from "../contract/index.ts";

/** Who asks. */
export interface Asker {
  /** Its user id; `null` where the system has none. */
  readonly uid: number | null;
  /** Itself and the processes it descends from. */
  readonly line: readonly Pick<ProcessIdentity, "pid" | "startTime">[];
  /** The user that a process acts for now; `undefined` when it is gone or not told. */
  readonly userOf: (pid: number) => number | undefined;
}

/**
 * `nothing` listens. `refused`: a socket is not to be touched, because nobody is seen who has it (`unseen`), because
 * it or a process that has it is another user's (`other-user`), or because the asker or a process it descends from
 * has it (`own-line`).
 */
export type StopPlan =
  | { readonly kind: "nothing" }
  | {
      readonly kind: "refused";
      readonly why: "unseen" | "other-user" | "own-line";
      readonly listener: Listener;
    }
  | { readonly kind: "stop"; readonly processes: readonly SocketOwner[] };

/**
 * Of processes that share a socket, those whose ancestors do not have it too: a server that forked stops its workers
 * itself, and would replace one that stopped alone.
 *
 * @param listeners the sockets that listen on one port; UDP ones count for nothing, as clients have such too
 */
export function planStop(listeners: readonly Listener[], { uid, line, userOf }: Asker): StopPlan {
  const listening = listeners.filter(({ protocol }) => protocol === "tcp");
  if (listening.length === 0) return { kind: "nothing" };
  for (const listener of listening) {
    const why = ((): "unseen" | "other-user" | "own-line" | undefined => {
      const { owners } = listener;
      if (listener.uid !== null && listener.uid !== uid) return "other-user";
      if (owners.length === 0) return "unseen";
      if (owners.some(({ pid }) => userOf(pid) !== uid)) return "other-user";
      return owners.some((owner) => line.some((one) => isSame(one, owner))) ? "own-line" : undefined;
    })();
    if (why !== undefined) return { kind: "refused", why, listener };
  }
  const owners = [
    ...new Map(listening.flatMap((one) => one.owners).map((owner) => [owner.pid, owner])).values(),
  ];
  const isLed = ({ ancestors }: SocketOwner): boolean =>
    ancestors.some((ancestor) => owners.some((owner) => isSame(owner, ancestor)));
  return { kind: "stop", processes: owners.filter((owner) => !isLed(owner)) };
}

type Told = Pick<ProcessIdentity, "pid" | "startTime">;

function isSame(a: Told, b: Told): boolean {
  return a.pid === b.pid && a.startTime === b.startTime;
}
