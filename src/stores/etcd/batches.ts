// The commits of one process, those that are outstanding together in one transaction: they share a request, and an entry of
// etcd's log.
//
// What comes while one is under way is gathered. The commits are independent: one that is refused concerns no other,
// and where a transaction fails, or is not answered, each of its commits goes on alone.

import { setImmediate } from "node:timers";

import { type AbortSignalLike, type Clock, throwIfAborted } from "../../contract/index.ts";
import { PassingSet } from "../../core/passing.ts";
import type { Attempt } from "../common/index.ts";
import type { Client } from "./client.ts";
import { Refusal } from "./failure.ts";
import type { TxnAnswer, TxnRequest } from "./messages.ts";
import { revisionOf } from "./revisions.ts";
import { together } from "./sharing.ts";
import { operationsOf, type Transaction } from "./transaction.ts";

/** What became of a commit so far: not tried, refused, or tried without an answer. */
export type Standing = "new" | "refused" | "unanswered";

export interface BatchedCommit {
  readonly transaction: Transaction;
  readonly signal: AbortSignalLike | undefined;
  /** Does it in a transaction of its own, or finds out what became of it. */
  readonly alone: (standing: Standing) => Promise<Attempt>;
}

interface Call extends BatchedCommit {
  readonly resolve: (attempt: Attempt | Promise<Attempt>) => void;
  readonly reject: (error: unknown) => void;
  isSettled: boolean;
  /** Takes the listener off the signal. */
  unlisten?: () => void;
}

/** For how long others are waited for at most: a member may be gone, and each call has its time. */
const PATIENCE_MS = 100;

export class Batches {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #epoch: number;
  readonly #waiting = new PassingSet<Call>();
  /** More than one where one takes long. */
  #underWay = 0;
  #isScheduled = false;
  #isLosingPatience = false;

  constructor(client: Client, clock: Clock, epoch: number) {
    this.#client = client;
    this.#clock = clock;
    this.#epoch = epoch;
  }

  /** An abort ends the waiting; what was sent may be done. */
  run({ transaction, signal, alone }: BatchedCommit): Promise<Attempt> {
    return new Promise<Attempt>((resolve, reject) => {
      throwIfAborted(signal);
      const call: Call = { transaction, signal, alone, resolve, reject, isSettled: false };
      if (signal) this.#leaveAtAbort(call, signal);
      this.#waiting.add(call);
      this.#schedule();
    });
  }

  #leaveAtAbort(call: Call, signal: AbortSignalLike): void {
    const leave = (): void => {
      this.#waiting.delete(call);
      this.#settle(call, () => call.reject(signal.reason));
    };
    call.unlisten = () => signal.removeEventListener("abort", leave);
    signal.addEventListener("abort", leave);
  }

  /** In a moment: whoever got an answer in this turn asks for the next thing in it. */
  #schedule(): void {
    if (this.#isScheduled) return;
    if (this.#underWay > 0) {
      void this.#losePatience();
      return;
    }
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.size > 0 && this.#underWay === 0) this.#sendNext();
      if (this.#waiting.size > 0) void this.#losePatience();
    });
  }

  async #losePatience(): Promise<void> {
    if (this.#isLosingPatience) return;
    this.#isLosingPatience = true;
    await this.#clock.sleep(PATIENCE_MS, { background: true });
    this.#isLosingPatience = false;
    while (this.#waiting.size > 0) this.#sendNext();
  }

  #sendNext(): void {
    const calls = together(this.#waiting);
    for (const call of calls) this.#waiting.delete(call);
    void this.#send(calls);
  }

  async #send(calls: readonly Call[]): Promise<void> {
    this.#underWay++;
    const [first] = calls;
    if (calls.length === 1) await this.#goOn(first!, "new");
    else await this.#sendTogether(calls);
    this.#underWay--;
    if (this.#waiting.size > 0) this.#schedule();
  }

  async #sendTogether(calls: readonly Call[]): Promise<void> {
    const message: TxnRequest = {
      success: calls.map(({ transaction }, place) => ({
        request_txn: { compare: transaction.compare, success: operationsOf(transaction, place) },
      })),
    };
    try {
      // After a try without an answer each commit is settled alone, when a majority answers: without a read in it, a member
      // would answer by itself.
      const options = { instead: { success: calls[0]!.transaction.reads.slice(0, 1) } };
      const { answer, isLater } = await this.#client.call<TxnAnswer>("/v3/kv/txn", message, options);
      for (const [place, call] of calls.entries()) {
        if (isLater) void this.#goOn(call, "unanswered");
        else if (answer.responses?.[place]?.response_txn?.succeeded) {
          const token = { epoch: this.#epoch, revision: revisionOf(answer.header, place) };
          this.#settle(call, () => call.resolve({ committed: true, token }));
        } else void this.#goOn(call, "refused");
      }
    } catch (error) {
      for (const call of calls) {
        // Nothing was done, and it may be for one of them.
        if (error instanceof Refusal) void this.#goOn(call, "new");
        else this.#settle(call, () => call.reject(error));
      }
    }
  }

  async #goOn(call: Call, standing: Standing): Promise<void> {
    if (call.isSettled) return;
    try {
      const attempt = await call.alone(standing);
      this.#settle(call, () => call.resolve(attempt));
    } catch (error) {
      this.#settle(call, () => call.reject(error));
    }
  }

  #settle(call: Call, tell: () => void): void {
    if (call.isSettled) return;
    call.isSettled = true;
    call.unlisten?.();
    tell();
  }
}
