// Commits: one transaction each, on the condition that all slots have the revisions they are to have. One that is refused
// reads them in the same round trip, so that who is refused knows what is there.
//
// A try that is not answered may have been done. It is sent again when it changes a slot that was there: that has its
// revision only once, so only one of the two can be done. One that only makes slots could be done twice, if somebody takes
// them away in between: the slots are read instead. What they say tells whether the first try was done: all that it
// wrote stands there, with one revision, or a slot is still there as it was that it would have changed. Where nothing tells, the error says
// so.

import { type AbortableOptions, type Slot, type SlotChange, type Token } from "../../contract/index.ts";
import type { Attempt, Condition } from "../common/index.ts";
import type { Answered, CallOptions, Client } from "./client.ts";
import { unavailable } from "./failure.ts";
import {
  type Compare,
  encode,
  type RequestOp,
  revisionOf,
  type TxnAnswer,
  type TxnRequest,
} from "./messages.ts";
import type { Ranges } from "./ranges.ts";
import type { Keys } from "./schema.ts";

export interface CommitRequest extends AbortableOptions {
  readonly scope: string;
  readonly changes: readonly SlotChange[];
  /** Slots of the scope that are to be as they were, and do not change. */
  readonly conditions: readonly Condition[];
}

/** A change, and the slot that was there when the commit was refused. */
interface Outcome {
  readonly change: SlotChange;
  readonly slot: Slot | undefined;
}

export class Commits {
  readonly #client: Client;
  readonly #keys: Keys;
  readonly #ranges: Ranges;
  readonly #epoch: number;

  constructor(client: Client, keys: Keys, ranges: Ranges, epoch: number) {
    this.#client = client;
    this.#keys = keys;
    this.#ranges = ranges;
    this.#epoch = epoch;
  }

  /** @throws PortError `STORE_UNAVAILABLE`, also when it is not known whether the commit was done. */
  async commit({ scope, changes, conditions, signal }: CommitRequest): Promise<Attempt> {
    const message = this.#transaction(scope, changes, conditions);
    const isOnce = changes.some(({ ifRevision }) => ifRevision !== 0);
    const instead = isOnce ? message : { success: message.failure };
    const { answer, isLater } = await this.#call(message, { signal, instead });
    const isRead = isLater && !isOnce;
    if (answer.succeeded && !isRead)
      return { committed: true, token: this.#token(revisionOf(answer.header)) };
    const slots = (answer.responses ?? []).map(({ response_range: range }, at) => {
      const [kv] = range?.kvs ?? [];
      return kv && this.#ranges.slotOf(changes[at]?.scope ?? scope, kv);
    });
    const outcomes = changes.map((change, at) => ({ change, slot: slots[at] }));
    if (isLater) {
      const revision = this.#settle(outcomes);
      if (revision !== undefined) return { committed: true, token: this.#token(revision) };
    }
    return {
      committed: false,
      changed: outcomes.filter(isChanged).map(({ change }) => change.key),
      found: foundIn(scope, slots, changes),
    };
  }

  async #call(message: TxnRequest, options: CallOptions): Promise<Answered<TxnAnswer>> {
    try {
      return await this.#client.call<TxnAnswer>("/v3/kv/txn", message, options);
    } catch (error) {
      throw this.#client.failure(error);
    }
  }

  #transaction(scope: string, changes: readonly SlotChange[], conditions: readonly Condition[]): TxnRequest {
    const compare: Compare[] = [];
    const success: RequestOp[] = [];
    const failure: RequestOp[] = [];
    const expect = (key: string, revision: number): void => {
      compare.push({ target: "MOD", key, mod_revision: `${revision}` });
      failure.push({ request_range: { key } });
    };
    for (const { scope: place = scope, key: name, ifRevision, value } of changes) {
      const key = encode(this.#keys.slot(place, name));
      expect(key, ifRevision);
      if (value !== null) success.push({ request_put: { key, value: encode(value) } });
      else if (ifRevision !== 0) success.push({ request_delete_range: { key } });
    }
    for (const { key, revision } of conditions) expect(encode(this.#keys.slot(scope, key)), revision);
    if (success.length === 0) success.push({ request_put: { key: encode(this.#keys.tick), value: "" } });
    return { compare, success, failure };
  }

  /** The revision of a commit that may have been done, when it was; `undefined`: it was not, and will not be. */
  #settle(outcomes: readonly Outcome[]): number | undefined {
    const written = outcomes.filter(({ change: { value } }) => value !== null);
    const [first] = written;
    const revision = first?.slot?.revision;
    const isDone = outcomes.every(({ change: { value }, slot }) =>
      value === null ? !slot : slot?.value === value && slot.revision === revision,
    );
    if (isDone && revision !== undefined && isChanged(first!)) return revision;
    // A slot that was not there can have been made and taken away since.
    if (outcomes.some((outcome) => outcome.change.ifRevision !== 0 && !isChanged(outcome))) return undefined;
    const why =
      "the connection was cut during a commit, and what is there now does not tell whether it was done";
    throw unavailable(this.#client.name, why);
  }

  #token(revision: number): Token {
    return { epoch: this.#epoch, revision };
  }
}

/** Whether a slot is another one than the change was for. */
function isChanged({ change: { ifRevision }, slot }: Outcome): boolean {
  return (slot?.revision ?? 0) !== ifRevision;
}

function foundIn(
  scope: string,
  slots: readonly (Slot | undefined)[],
  changes: readonly SlotChange[],
): Map<string, Slot> {
  const found = new Map<string, Slot>();
  for (const [at, slot] of slots.entries()) {
    const place = changes[at]?.scope ?? scope;
    if (slot && place === scope) found.set(slot.key, slot);
  }
  return found;
}
