// Commits, on the condition that all slots have the revisions they are to have; those that are outstanding together share a
// transaction (batches.ts). When one is refused its slots are read, so that who is refused knows what is there.
//
// A try that is not answered may have been done. It is sent again when it changes a slot that was there: that has its
// revision only once, so only one of the two can be done. One that only makes slots could be done twice, if somebody takes
// them away in between: the slots are read instead. What they say tells whether the first try was done: all that it
// wrote stands there, with one revision, or a slot is still there as it was that it would have changed. Where nothing tells, the error says
// so.

import type { Clock, Slot, SlotChange } from "../../contract/index.ts";
import type { Attempt } from "../common/index.ts";
import { Batches, type Standing } from "./batches.ts";
import type { Answered, CallOptions, Client } from "./client.ts";
import { unavailable } from "./failure.ts";
import type { TxnAnswer, TxnRequest } from "./messages.ts";
import type { Ranges } from "./ranges.ts";
import { LAST_PLACE, revisionOf } from "./revisions.ts";
import type { Keys } from "./schema.ts";
import { type CommitRequest, operationsOf, type Transaction, transactionOf } from "./transaction.ts";

/** A change, and the slot that was there when the commit was refused. */
interface Outcome {
  readonly change: SlotChange;
  readonly slot: Slot | undefined;
}

export interface CommitsOptions {
  readonly epoch: number;
  readonly clock: Clock;
}

export class Commits {
  readonly #client: Client;
  readonly #keys: Keys;
  readonly #ranges: Ranges;
  readonly #epoch: number;
  readonly #batches: Batches;

  constructor(client: Client, keys: Keys, ranges: Ranges, { epoch, clock }: CommitsOptions) {
    this.#client = client;
    this.#keys = keys;
    this.#ranges = ranges;
    this.#epoch = epoch;
    this.#batches = new Batches(client, clock, epoch);
  }

  /** @throws PortError `STORE_UNAVAILABLE`, also when it is not known whether the commit was done. */
  commit(request: CommitRequest): Promise<Attempt> {
    const transaction = transactionOf(this.#keys, request);
    const alone = (standing: Standing): Promise<Attempt> => this.#alone(request, transaction, standing);
    return this.#batches.run({ transaction, signal: request.signal, alone });
  }

  async #alone(
    { scope, changes, conditions, signal }: CommitRequest,
    transaction: Transaction,
    before: Standing,
  ): Promise<Attempt> {
    const { compare, reads } = transaction;
    const message: TxnRequest = { compare, success: operationsOf(transaction, LAST_PLACE) };
    const looking: TxnRequest = { success: reads };
    const isOnce = changes.some(({ ifRevision }) => ifRevision !== 0);
    const instead = isOnce ? { ...message, failure: reads } : looking;
    for (let standing = before; ; standing = "new") {
      let look: TxnAnswer | undefined;
      if (standing !== "refused") {
        const isUnanswered = standing === "unanswered";
        const tried = await this.#call(isUnanswered ? instead : message, { signal, instead });
        const isLater = isUnanswered || tried.isLater;
        if (tried.answer.succeeded && (isOnce || !isLater))
          return this.#done(revisionOf(tried.answer.header));
        if (isLater) look = tried.answer;
      }
      const isLater = look !== undefined;
      // Refused, which is the rarer outcome: only then are the slots read.
      look ??= (await this.#call(looking, { signal, isRead: true })).answer;
      const slots = (look.responses ?? []).map(({ response_range: range }, at) => {
        const [kv] = range?.kvs ?? [];
        return kv && this.#ranges.slotOf(changes[at]?.scope ?? scope, kv);
      });
      const outcomes = changes.map((change, at) => ({ change, slot: slots[at] }));
      const settled = isLater ? this.#settle(outcomes) : undefined;
      if (settled !== undefined) return this.#done(settled);
      const found = foundIn(scope, slots, changes);
      const changed = outcomes.filter(isChanged).map(({ change }) => change.key);
      const isMet = conditions.every(({ key, revision }) => (found.get(key)?.revision ?? 0) === revision);
      // Else what it was refused for is as it was again: a slot was made and removed.
      if (changed.length > 0 || !isMet) return { committed: false, changed, found };
    }
  }

  async #call(message: TxnRequest, options: CallOptions): Promise<Answered<TxnAnswer>> {
    try {
      return await this.#client.call<TxnAnswer>("/v3/kv/txn", message, options);
    } catch (error) {
      throw this.#client.failure(error);
    }
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

  #done(revision: number): Attempt {
    return { committed: true, token: { epoch: this.#epoch, revision } };
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
