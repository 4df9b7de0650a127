// The commits of one process, as many as are outstanding in one transaction: they share the turns, the round trip and the
// wait for the disk.
//
// One batch is under way at a time; what comes meanwhile is the next one. Its calls are independent: one that is refused
// concerns no other, and when one makes the server fail, all are done again, each on its own. Two calls that need the same
// slot, of which one changes it, never share a batch, so that their order is the one in which they came.

import { setImmediate } from "node:timers";
import { type AbortableOptions, type AbortSignalLike, throwIfAborted } from "../../contract/index.ts";
import { PassingSet } from "../../core/passing.ts";
import { type Item, type Batch, type Outcome, sendBatch, settleBatch } from "./batch.ts";
import { isConnectionLost, isPassing, reason, unavailable } from "./failure.ts";
import type { Line } from "./line.ts";
import type { Notices } from "./notices.ts";
import type { SchemaName } from "./schema-name.ts";

export interface BatchesOptions {
  readonly line: Line;
  readonly schema: SchemaName;
  /** As messages name the store. */
  readonly name: string;
  /** Of this process, told from all others. */
  readonly id: string;
  readonly notices: Notices;
}

interface Call {
  readonly items: readonly Item[];
  /** Their names, told from those of all scopes. */
  readonly slots: readonly string[];
  readonly deadline: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
  /** Takes the listener off the signal. */
  unlisten?: () => void;
}

/** Beyond this many slots, a batch takes no other call. */
const ENOUGH_ITEMS = 1000;

export class Batches {
  readonly #options: BatchesOptions;
  readonly #waiting = new PassingSet<Call>();
  readonly #idle: (() => void)[] = [];
  #isUnderWay = false;
  #sent = 0;

  constructor(options: BatchesOptions) {
    this.#options = options;
  }

  /** Commits the changes among the items, if all of them are as they must be. An abort ends the waiting. */
  run(items: readonly Item[], { signal }: AbortableOptions = {}): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      throwIfAborted(signal);
      const call: Call = {
        items,
        slots: items.map(({ scope, key }) => `${scope}\0${key}`),
        deadline: this.#options.line.deadline(),
        resolve,
        reject,
      };
      if (signal) this.#leaveAtAbort(call, signal);
      this.#waiting.add(call);
      this.#begin();
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

  /** In a moment: whoever got an answer in this turn asks for the next thing in it. */
  #begin(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(() => void this.#doAll());
  }

  async #doAll(): Promise<void> {
    while (this.#waiting.size > 0) {
      await this.#do(this.#next());
      await new Promise(setImmediate);
    }
    this.#isUnderWay = false;
  }

  /** The calls that can be done together, in the order they came. */
  #next(): Call[] {
    const calls: Call[] = [];
    /** The slots that calls need, and whether one changes it. */
    const used = new Map<string, boolean>();
    let count = 0;
    for (const call of this.#waiting) {
      const { items, slots } = call;
      const meets = items.some(({ isChange }, at) => {
        const isChanged = used.get(slots[at]!);
        return isChanged === true || (isChange && isChanged === false);
      });
      // What comes later must not overtake a call that waits.
      for (const [at, { isChange }] of items.entries()) {
        if (isChange || !used.has(slots[at]!)) used.set(slots[at]!, isChange);
      }
      if (meets || (count > 0 && count + slots.length > ENOUGH_ITEMS)) continue;
      count += slots.length;
      calls.push(call);
    }
    return calls;
  }

  async #do(asked: readonly Call[]): Promise<void> {
    const { line, schema, notices } = this.#options;
    let calls = asked;
    /** What was sent, and has no answer. */
    let sent: Batch | undefined;
    for (let tries = 1; ; tries++) {
      try {
        const withinMs = line.within(Math.max(...calls.map(({ deadline }) => deadline)));
        const link = await line.link(withinMs);
        if (sent) {
          const outcomes = await settleBatch(link, schema, sent, withinMs);
          this.#tell(calls, outcomes);
          notices.owe(sent.scopes);
          sent = undefined;
        }
        // Who was not told is still to be done: it was not, or was refused, for what is to be found out again.
        calls = calls.filter((call) => this.#waiting.has(call));
        if (calls.length === 0) return;
        sent = this.#batchOf(calls);
        this.#tell(calls, await sendBatch(link, schema, sent, withinMs));
        notices.owe(sent.scopes);
        return;
      } catch (error) {
        const isUnknown = sent !== undefined && isConnectionLost(error);
        if (!isUnknown) sent = undefined;
        if (!isPassing(error) && calls.length > 1) {
          for (const call of calls) if (this.#waiting.has(call)) await this.#do([call]);
          return;
        }
        for (const call of calls) {
          if (!isPassing(error) || line.left(call.deadline) <= 0) this.#refuse(call, error, isUnknown);
        }
        if (!calls.some((call) => this.#waiting.has(call))) return;
        await line.pause(tries);
      }
    }
  }

  #refuse(call: Call, error: unknown, isUnknown: boolean): void {
    const { name, line } = this.#options;
    const why = "the connection was lost after a commit was sent, and nobody knows whether it was done";
    const failure = isUnknown
      ? unavailable(name, `${why} (${reason(error)})`, error)
      : line.failure(error, call.deadline);
    this.#settle(call, () => call.reject(failure));
  }

  #batchOf(calls: readonly Call[]): Batch {
    const scopes = new Set<string>();
    for (const { items } of calls) for (const { scope } of items) scopes.add(scope);
    return { id: `${this.#options.id}/${++this.#sent}`, calls: calls.map(({ items }) => items), scopes };
  }

  #tell(calls: readonly Call[], outcomes: readonly (Outcome | undefined)[]): void {
    for (const [at, call] of calls.entries()) {
      const outcome = outcomes[at];
      if (outcome) this.#settle(call, () => call.resolve(outcome));
    }
  }

  #settle(call: Call, tell: () => void): void {
    this.#waiting.delete(call);
    call.unlisten?.();
    tell();
    if (this.#waiting.size > 0) return;
    for (const idle of this.#idle.splice(0)) idle();
  }
}
