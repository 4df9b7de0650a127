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
      /** The process of it that is in the way, where it is one; `null`: the socket as a whole. */
      readonly owner: SocketOwner | null;
    }
  | { readonly kind: "stop"; readonly processes: readonly SocketOwner[] };

type Refusal = Pick<Extract<StopPlan, { kind: "refused" }>, "why" | "owner">;

/**
 * Of processes that share a socket, those whose ancestors do not have it too: a server that forked stops its workers
 * itself, and would replace one that stopped alone.
 *
 * @param listeners the sockets that listen on one port; UDP ones count for nothing, as clients have such too
 */
export function planStop(listeners: readonly Listener[], { uid, line, userOf }: Asker): StopPlan {
  const listening = listeners.filter(({ protocol }) => protocol === "tcp");
  if (listening.length === 0) return { kind: "nothing" };
  const refusalOf = ({ uid: ofSocket, owners }: Listener): Refusal | undefined => {
    const stranger = owners.find(({ pid }) => userOf(pid) !== uid);
    if (stranger || (ofSocket !== null && ofSocket !== uid)) {
      return { why: "other-user", owner: stranger ?? null };
    }
    if (owners.length === 0) return { why: "unseen", owner: null };
    const ofLine = owners.find((owner) => line.some((one) => isSame(one, owner)));
    return ofLine && { why: "own-line", owner: ofLine };
  };
  for (const listener of listening) {
    const refusal = refusalOf(listener);
    if (refusal) return { kind: "refused", listener, ...refusal };
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
