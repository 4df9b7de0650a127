// What the server tells of a scope: all slots, then their changes, over any number of connections.
//
// A look reads what was committed after the last one. It is taken when a notice comes, when this process has committed, when
// the connection was lost, and once in two seconds: a notice can be missing when who committed was killed, or a pooler
// keeps it. A look also says when the next slot runs out; somebody must remove it for others to see it go, so whoever
// watches does.

import {
  type AbortSignalLike,
  type Chance,
  type Clock,
  type SlotChanges,
  throwIfAborted,
} from "../../contract/index.ts";
import type { Line } from "./line.ts";
import type { Link } from "./link.ts";
import { channelOf, type Notices } from "./notices.ts";
import type { SchemaName } from "./schema-name.ts";
import { Sleeper } from "./sleeper.ts";
import { type Look, lookAt, type Reading, sweep, trim } from "./slots.ts";

export interface FeedOptions {
  /** For looks and notices, and nothing else. */
  readonly line: Line;
  readonly schema: SchemaName;
  readonly notices: Notices;
  readonly clock: Clock;
  readonly chance: Chance;
}

/** The longest time between two looks. */
const POLL_MS = 2000;
/**
 * The shortest: what comes in between is told together. It is longer where much changes: a look by itself costs more than what
 * it finds.
 */
const REST_MS = { little: 5, much: 30 };
/** So many slots in a look are much: a few batches. */
const MUCH_SLOTS = 32;
/** Of all who watch when a slot runs out, one is first by chance. */
const SWEEP_SPREAD_MS = 50;

export class Feed {
  readonly #options: FeedOptions;
  /** Who waits, by channel. */
  readonly #waiting = new Map<string, () => void>();
  /** The channels that a connection listens to. */
  readonly #heard = new WeakMap<Link, Set<string>>();

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Until the signal; one at a time for a scope. */
  async *looks(scope: string, signal: AbortSignalLike): AsyncGenerator<SlotChanges, void> {
    const { line, clock, schema, notices } = this.#options;
    const channel = channelOf(schema, scope);
    const sleeper = new Sleeper(clock);
    let seen: number | undefined;
    this.#waiting.set(channel, sleeper.wake);
    notices.carry(scope, sleeper.wake);
    signal.addEventListener("abort", sleeper.wake);
    try {
      for (;;) {
        throwIfAborted(signal);
        sleeper.doze();
        const look = await this.#look(scope, channel, { seen, signal });
        const { changes } = look;
        seen = changes.revision;
        if (changes.all || changes.slots.length > 0) yield changes;
        if (look.isTrimDue) await this.#run(trim, signal);
        const restMs = changes.slots.length < MUCH_SLOTS ? REST_MS.little : REST_MS.much;
        await clock.sleep(restMs, { signal, background: true });
        await this.#awakened(sleeper, look.expiresInMs, signal);
      }
    } finally {
      sleeper.end();
      signal.removeEventListener("abort", sleeper.wake);
      notices.drop(scope, sleeper.wake);
      // Somebody else may have begun to wait for the same meanwhile.
      if (this.#waiting.get(channel) === sleeper.wake) {
        this.#waiting.delete(channel);
        await this.#unhear(line, channel);
      }
    }
  }

  async #look(
    scope: string,
    channel: string,
    { seen, signal }: { readonly seen: number | undefined; readonly signal: AbortSignalLike },
  ): Promise<Look> {
    const { notices } = this.#options;
    // Who has seen something waits for the server as long as it takes.
    const deadline = seen === undefined ? undefined : Infinity;
    return await this.#run(
      async (reading) => {
        await this.#hear(reading, channel);
        const owed = notices.carried();
        const telling = { scopes: [...owed.keys()], teller: notices.teller };
        const look = await lookAt(reading, scope, { seen, telling });
        notices.settle(owed);
        return look;
      },
      signal,
      deadline,
    );
  }

  async #run<Result>(
    work: (reading: Reading) => Promise<Result>,
    signal: AbortSignalLike,
    deadline?: number,
  ): Promise<Result> {
    const { line, schema } = this.#options;
    return await line.run(async (link, withinMs) => await work({ link, withinMs, schema }), {
      signal,
      deadline,
    });
  }

  /** Listens before it looks, so that nothing comes in between. */
  async #hear({ link, withinMs }: Reading, channel: string): Promise<void> {
    let heard = this.#heard.get(link);
    if (!heard) {
      heard = new Set();
      this.#heard.set(link, heard);
      link.onNotice(({ channel: told, payload }) => {
        // Of its own commits it knows.
        if (payload !== this.#options.notices.teller) this.#waiting.get(told)?.();
      });
      link.onLost(() => this.#wakeAll());
    }
    if (heard.has(channel)) return;
    await link.query(`LISTEN ${channel}`, [], withinMs);
    heard.add(channel);
  }

  /** A connection that was lent goes back as it came. */
  async #unhear(line: Line, channel: string): Promise<void> {
    const link = line.known;
    if (!link || link.isLost || !this.#heard.get(link)?.delete(channel)) return;
    await link.query(`UNLISTEN ${channel}`, [], line.within(line.deadline())).catch(() => {});
  }

  #wakeAll(): void {
    for (const wake of this.#waiting.values()) wake();
  }

  async #awakened(sleeper: Sleeper, expiresInMs: number | undefined, signal: AbortSignalLike): Promise<void> {
    const { clock, chance } = this.#options;
    const spread = SWEEP_SPREAD_MS * chance.random();
    const untilSweepMs = expiresInMs === undefined ? Infinity : Math.max(0, expiresInMs) + spread;
    const sweepAt = clock.elapsed() + untilSweepMs;
    await sleeper.sleep(Math.min(POLL_MS, untilSweepMs));
    throwIfAborted(signal);
    if (clock.elapsed() >= sweepAt) await this.#run(sweep, signal);
  }
}
