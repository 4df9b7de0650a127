// The calls of one process, in as few transactions as possible: all that are outstanding together share one.
//
// Calls are gathered until the microtasks of a turn are done, so that everything that became ready in the turn
// goes together. A call whose condition failed does not concern the others; when one fails with an error, all
// are done again, each on its own. Until its transaction has begun, a call can be aborted. While other
// processes have the write lock, calls that only read go on without it.

import { nextTick } from "node:process";
import { setImmediate } from "node:timers";
import {
  type AbortableOptions,
  type AbortSignalLike,
  type Chance,
  type Clock,
  throwIfAborted,
} from "../../contract/index.ts";
import { PassingSet } from "../../core/passing.ts";
import type { Lock } from "./connection.ts";
import { isBusy, outOfPatience, pauseAfter } from "./retry.ts";

/** What the calls are done in; see Connection. */
export interface Transactions {
  /** Fails with SQLITE_BUSY, nearly at once, when others have the lock. */
  begin(lock: Lock, durable: boolean): void;
  commit(lock: Lock): void;
  /** Does what is one statement, and needs no transaction around it. */
  alone<Result>(body: () => Result): Result;
  /** Ends what `begin` began, however far it came. */
  rollBack(): void;
  /** What the callers are told of an error. */
  failure(error: unknown): unknown;
}

export interface CallOptions extends AbortableOptions {
  /** Whether it is one statement that reads. @default false */
  readonly isOneRead?: boolean;
  readonly durable?: boolean | undefined;
}

interface Call {
  readonly lock: Lock;
  readonly isOneRead: boolean;
  readonly durable: boolean;
  readonly body: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  /** Takes the listener off the signal. */
  unlisten?: () => void;
  /** Since when it waits for the lock. */
  busySince?: number;
}

/** A process that only calls would never come to its timers and sockets: they go first once in so many. */
const TRANSACTIONS_IN_A_ROW = 64;

export class CallQueue {
  readonly #transactions: Transactions;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #waiting = new PassingSet<Call>();
  readonly #flush = (): void => this.#flushNow();
  readonly #idle: (() => void)[] = [];
  #scheduled = false;
  #inARow = 0;
  #pausing = false;
  #busyTries = 0;

  constructor(
    transactions: Transactions,
    { clock, chance }: { readonly clock: Clock; readonly chance: Chance },
  ) {
    this.#transactions = transactions;
    this.#clock = clock;
    this.#chance = chance;
  }

  /** The result of `body`, which runs in a transaction together with others. */
  run<Result>(lock: Lock, body: () => Result, options: CallOptions = {}): Promise<Result> {
    const { signal, durable = false, isOneRead = false } = options;
    return new Promise<Result>((resolve, reject) => {
      throwIfAborted(signal);
      const call: Call = { lock, isOneRead, durable, body, resolve, reject };
      if (signal) this.#leaveAtAbort(call, signal);
      this.#waiting.add(call);
      this.#schedule();
    });
  }

  /** Settles when nothing is waiting. */
  async idle(): Promise<void> {
    if (this.#waiting.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #leaveAtAbort(call: Call, signal: AbortSignalLike): void {
    const leave = (): void => this.#settle(call, () => call.reject(signal.reason));
    call.unlisten = () => signal.removeEventListener("abort", leave);
    signal.addEventListener("abort", leave);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#inARow = (this.#inARow + 1) % TRANSACTIONS_IN_A_ROW;
    if (this.#inARow === 0) setImmediate(this.#flush);
    else nextTick(this.#flush);
  }

  #flushNow(): void {
    this.#scheduled = false;
    const calls = [...this.#waiting];
    const [only] = calls;
    if (calls.length === 1 && only?.isOneRead && this.#readAlone(only)) return;
    const readers = calls.filter(({ lock }) => lock === "READ");
    if (readers.length < calls.length && !this.#pausing) {
      if (this.#attempt("WRITE", calls)) {
        this.#busyTries = 0;
        return;
      }
      void this.#pause();
    }
    if (readers.length > 0 && !this.#attempt("READ", readers)) void this.#pause();
  }

  /** False when it takes a transaction to say how it went. */
  #readAlone(call: Call): boolean {
    let result: unknown;
    try {
      result = this.#transactions.alone(call.body);
    } catch {
      return false;
    }
    this.#settle(call, () => call.resolve(result as never));
    return true;
  }

  /** Does the calls in one transaction; `false` when others have the lock: those that can wait are still there. */
  #attempt(lock: Lock, calls: readonly Call[]): boolean {
    const transactions = this.#transactions;
    const durable = calls.some((call) => call.durable);
    const results: unknown[] = [];
    let begun = false;
    try {
      transactions.begin(lock, durable);
      begun = true;
      for (const { body } of calls) results.push(body());
      transactions.commit(lock);
    } catch (error) {
      transactions.rollBack();
      if (isBusy(error)) return this.#loseTime(calls, error);
      // Nobody has to fail for what another one asked.
      const oneFailed = begun && results.length < calls.length;
      if (oneFailed && calls.length > 1) return calls.every((call) => this.#attempt(call.lock, [call]));
      const failure = transactions.failure(error);
      for (const call of calls) this.#settle(call, () => call.reject(failure));
      return true;
    }
    for (const [index, call] of calls.entries()) {
      this.#settle(call, () => call.resolve(results[index] as never));
    }
    return true;
  }

  /** Tells those who have waited for too long, and leaves the others where they are. */
  #loseTime(calls: readonly Call[], busy: unknown): false {
    for (const call of calls) {
      call.busySince ??= this.#clock.elapsed();
      const over = outOfPatience(call.busySince, this.#clock, busy);
      if (over) this.#settle(call, () => call.reject(over));
    }
    return false;
  }

  async #pause(): Promise<void> {
    if (this.#pausing || this.#waiting.size === 0) return;
    this.#pausing = true;
    this.#busyTries++;
    await this.#clock.sleep(pauseAfter(this.#busyTries, this.#chance));
    this.#pausing = false;
    if (this.#waiting.size > 0) this.#schedule();
  }

  #settle(call: Call, tell: () => void): void {
    this.#waiting.delete(call);
    call.unlisten?.();
    tell();
    if (this.#waiting.size > 0) return;
    for (const idle of this.#idle.splice(0)) idle();
  }
}
