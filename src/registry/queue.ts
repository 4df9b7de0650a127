// Waiting for ports: those who wait stand in one queue of the scope, in the order they came.
//
// The queue decides who may take a port that was just left (see judge.ts). What wakes a waiter is the guard of
// a lease in its way, which its holder lets go or loses with its life; where its holder can be on another machine, what
// the engine's watch says of the port and the queue, and a poll for the end of sessions; a poll where there is neither.

import {
  type AbortableOptions,
  type AbortSignalLike,
  portKey,
  QUEUE_KEY,
  readQueue,
  throwIfAborted,
  type Waiter,
  writeRecord,
} from "../contract/index.ts";
import { PortSet } from "../core/index.ts";
import type { Following } from "./following.ts";
import { Living } from "./living.ts";
import type { Blocker, Refusal } from "./refusals.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

/** How many guards a waiter listens at; beyond that it looks again from time to time. */
const MOST_GUARDS = 64;
const POLL_MS = { silent: 250, guarded: 5000, followed: 1000, afterWaking: 2 };

/** Stands in the queue until it leaves. */
export class Place {
  readonly id: string;
  readonly #world: World;
  readonly #following: Following;
  readonly #unattend: () => void;
  /** Looks that came right after the one before: the lease in the way is ending but its record stands. */
  #wakings = 0;

  constructor(world: World, following: Following) {
    this.#world = world;
    this.#following = following;
    this.#unattend = following.attend();
    this.id = world.chance.uniqueId();
  }

  async join(requests: readonly Request[], options: AbortableOptions): Promise<void> {
    const { host, holders } = this.#world;
    const living = new Living(this.#world);
    const session = await holders.waitingSession();
    const mine = requests.map(({ pool, prefer, protocols, addresses, name }): Waiter => ({
      id: this.id,
      holder: host.self,
      session,
      name,
      ports: String(prefer === null ? pool : PortSet.of([...pool, prefer])),
      protocols,
      addresses,
    }));
    // The dead are left out whenever somebody joins.
    await this.#change(async (queue) => {
      await living.learnWaiters(queue);
      return [...queue.filter((waiter) => living.hasWaiter(waiter)), ...mine];
    }, options);
  }

  async leave(): Promise<void> {
    this.#unattend();
    await this.#change(async (queue) => queue.filter(({ id }) => id !== this.id), {});
  }

  /**
   * Returns when the refusal may not hold any more.
   *
   * @param count of the changes that were told before the request was made
   */
  async sleep(
    { blockers, hasSilent, quarantinedMs }: Refusal,
    count: number,
    signal: AbortSignalLike,
  ): Promise<void> {
    const { clock, host, newAbortable } = this.#world;
    const guarded = host.guards ? blockers.filter((blocker) => blocker.guarded) : [];
    const isSilent = hasSilent || guarded.length < blockers.length || guarded.length > MOST_GUARDS;
    const { isTold } = this.#following;
    const unguarded = isTold && !hasSilent ? POLL_MS.followed : POLL_MS.silent;
    const longest = Math.min(isSilent ? unguarded : POLL_MS.guarded, quarantinedMs ?? Infinity);
    const began = clock.elapsed();
    const over = newAbortable();
    const end = (): void => over.abort("the wait is over");
    signal.addEventListener("abort", end);
    try {
      throwIfAborted(signal);
      const wakers = guarded.slice(0, MOST_GUARDS).map((blocker) => this.#guardGone(blocker, over.signal));
      if (isTold)
        wakers.push(this.#following.changed([...blockers.map(keyOf), QUEUE_KEY], count, over.signal));
      await Promise.race([clock.sleep(longest, { signal: over.signal }), ...wakers]);
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    } finally {
      signal.removeEventListener("abort", end);
      end();
    }
    // A guard is let go a moment before the store says so.
    this.#wakings = clock.elapsed() - began < POLL_MS.silent / 2 ? this.#wakings + 1 : 0;
    if (this.#wakings < 2) return;
    const pause = Math.min(POLL_MS.afterWaking ** this.#wakings, POLL_MS.silent);
    await clock.sleep(pause, { signal });
  }

  async #guardGone({ protocol, port }: Blocker, signal: AbortSignalLike): Promise<void> {
    await this.#world.host.guards!.gone(protocol, port, { signal });
  }

  async #change(
    edit: (queue: readonly Waiter[]) => Promise<readonly Waiter[]>,
    options: AbortableOptions,
  ): Promise<void> {
    const { store, scope } = this.#world;
    for (;;) {
      const slot = (await store.read(scope, [QUEUE_KEY], options)).get(QUEUE_KEY);
      const before = readQueue(slot);
      const after = await edit(before);
      if (after.length === before.length && after.every((waiter, at) => waiter === before[at])) return;
      const value = after.length === 0 ? null : writeRecord(after);
      const change = { key: QUEUE_KEY, ifRevision: slot?.revision ?? 0, value };
      if ((await store.commit(scope, [change], options)).committed) return;
    }
  }
}

function keyOf({ protocol, port }: Blocker): string {
  return portKey(protocol, port);
}
