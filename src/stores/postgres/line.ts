// One connection after the other: made when it is needed, and again when it was lost, as long as a call may take.

import { clearTimeout, setTimeout } from "node:timers";
import {
  type AbortableOptions,
  type AbortSignalLike,
  type Chance,
  type Clock,
  throwIfAborted,
} from "../../contract/index.ts";
import { ConnectionLost, isCanceled, isPassing, storeFailure } from "./failure.ts";
import type { Link } from "./link.ts";
import type { Source } from "./source.ts";

export interface LineOptions {
  readonly source: Source;
  /** What a new connection is to be asked before it is used. */
  readonly prepare: (link: Link, withinMs: number) => Promise<void>;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly timeoutMs: number;
  /** As messages name the store. */
  readonly name: string;
  /** What to do about a right that the user has not got. */
  readonly adviceOnRights: () => string;
}

export interface RunOptions extends AbortableOptions {
  /** By the clock's `elapsed`. @default a call's time from now */
  readonly deadline?: number | undefined;
  /** Whether it is an error at once when there is no server. @default false */
  readonly isFirst?: boolean | undefined;
}

/** Between two tries, at random up to this: long enough for a server that starts again, short for who waits. */
const PAUSE_MS = 100;
/** A server that stays away is asked less often: pauses grow to so many times that. */
const MOST_PAUSES = 10;
/** What is asked of a connection that was made at the last moment has this time at least. */
const LEAST_MS = 100;

export class Line {
  readonly #options: LineOptions;
  #link: Promise<Link> | undefined;
  #known: Link | undefined;
  #isClosed = false;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** By the clock's `elapsed`: when a call that begins now must have ended. */
  deadline(): number {
    return this.#options.clock.elapsed() + this.#options.timeoutMs;
  }

  /** How much of a call's time is left. */
  left(deadline: number): number {
    return deadline - this.#options.clock.elapsed();
  }

  /** For how long something may be waited for that is needed by then. */
  within(deadline: number): number {
    return Math.min(this.#options.timeoutMs, Math.max(LEAST_MS, this.left(deadline)));
  }

  /**
   * Does `work`, and again on another connection when it fails for a reason that passes: it must do no harm to do
   * it twice. An abort ends the waiting.
   *
   * @throws PortError `STORE_UNAVAILABLE`, `STORE_BUSY`, `STORE_DAMAGED`, `STORE_TOO_NEW`.
   */
  async run<Result>(
    work: (link: Link, withinMs: number) => Promise<Result>,
    { signal, deadline = this.deadline(), isFirst = false }: RunOptions = {},
  ): Promise<Result> {
    throwIfAborted(signal);
    return await untilAborted(signal, async () => {
      for (let tries = 1; ; tries++) {
        try {
          const withinMs = this.within(deadline);
          return await work(await this.link(withinMs), withinMs);
        } catch (error) {
          const isOver = this.#isClosed || this.left(deadline) <= 0;
          // Where there was no server yet, there is probably none.
          const isFinal = !passes(error, deadline) || (isFirst && error instanceof ConnectionLost);
          if (isOver || isFinal) throw this.failure(error, deadline);
        }
        await this.pause(tries);
        throwIfAborted(signal);
      }
    });
  }

  /** What whoever asked is told of an error: see `storeFailure`. */
  failure(error: unknown, deadline: number): unknown {
    const { name, timeoutMs, adviceOnRights } = this.#options;
    const waitedMs = Math.round(timeoutMs - this.left(deadline));
    return storeFailure(error, { name, waitedMs, adviceOnRights });
  }

  /** Before another try, after so many. */
  async pause(tries: number): Promise<void> {
    const { clock, chance } = this.#options;
    await clock.sleep(PAUSE_MS * Math.min(tries, MOST_PAUSES) * chance.random());
  }

  /** The connection there is, or a new one. */
  async link(withinMs: number): Promise<Link> {
    if (this.#isClosed) throw new ConnectionLost("the store is closed");
    if (this.#known) return this.#known;
    this.#link ??= this.#connect(withinMs);
    return await inTime(this.#link, withinMs);
  }

  /** The connection there is; none is made. */
  get known(): Link | undefined {
    return this.#known;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#known?.close();
  }

  async #connect(withinMs: number): Promise<Link> {
    const forget = (): void => {
      [this.#link, this.#known] = [undefined, undefined];
    };
    try {
      const link = await this.#options.source.connect();
      link.onLost(forget);
      await this.#prepare(link, withinMs);
      this.#known = link;
      return link;
    } catch (error) {
      forget();
      throw error;
    }
  }

  async #prepare(link: Link, withinMs: number): Promise<void> {
    try {
      // Nobody waits for a connection that comes after the end.
      if (!this.#isClosed) await this.#options.prepare(link, withinMs);
      if (this.#isClosed || link.isLost) throw new ConnectionLost("the connection ended");
    } catch (error) {
      await link.close();
      throw error;
    }
  }
}

/** Who has all the time, as a watch, asks once more where a statement was ended from outside. */
function passes(error: unknown, deadline: number): boolean {
  return isPassing(error) || (deadline === Infinity && isCanceled(error));
}

/** Making a connection has its own time limit; a call may have less left, and a pool may have none to lend. */
async function inTime(connecting: Promise<Link>, withinMs: number): Promise<Link> {
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const why = `no connection within the ${Math.round(withinMs)} ms that were left`;
    late = setTimeout(() => reject(new ConnectionLost(why)), withinMs);
  });
  try {
    return await Promise.race([connecting, tooLate]);
  } finally {
    clearTimeout(late);
  }
}

async function untilAborted<Result>(
  signal: AbortSignalLike | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  if (!signal) return await work();
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
