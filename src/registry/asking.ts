// What a registry is asked for: requests become lease objects at once, or are refused, or wait for what is in their way.

import { type Abortable, throwIfAborted } from "../contract/index.ts";
import { acquire, type Acquired, type Answer } from "./acquire.ts";
import type { Lease } from "./lease.ts";
import type { AcquireRefusal } from "./options.ts";
import type { OwnLeases } from "./own-leases.ts";
import { Place } from "./queue.ts";
import type { Refusal } from "./refusals.ts";
import type { Request } from "./request.ts";
import { isAway, Tidying } from "./tidying.ts";
import type { Turns } from "./turns.ts";
import type { World } from "./world.ts";

/** Leases in the order of the requests, or why there are none. */
export type Asked<Reason> = { readonly leases: readonly Lease[] } | { readonly refusal: Reason };

export interface AskingOptions {
  readonly own: OwnLeases;
  readonly turns: Turns;
  /** Makes a call that the store is kept open for. */
  readonly run: (call: () => Promise<void>) => Promise<void>;
}

export class Asking {
  readonly #world: World;
  readonly #own: OwnLeases;
  readonly #turns: Turns;
  readonly #tidying: Tidying;
  readonly #run: AskingOptions["run"];
  readonly #waiting = new Set<Abortable>();
  #lastPort = 0;
  /** Why nobody waits any more. */
  #end: { readonly reason: unknown } | undefined;

  constructor(world: World, { own, turns, run }: AskingOptions) {
    this.#world = world;
    this.#own = own;
    this.#turns = turns;
    this.#tidying = new Tidying(world, run);
    this.#run = run;
  }

  /** Requests that go together: all or none of them, once or waiting as they say. */
  async answer(requests: readonly Request[]): Promise<Asked<AcquireRefusal>> {
    const answer = await this.#ask(requests, undefined);
    if ("leases" in answer) return answer;
    if (!requests[0]!.wait || isFinal(answer.refusal)) return { refusal: answer.refusal.error };
    return await this.#waitFor(requests);
  }

  /** Whoever waits, now or later, is told this instead. */
  endWaiting(reason: unknown): void {
    this.#end = { reason };
    for (const waiter of this.#waiting) waiter.abort(reason);
  }

  /** Asks once, and makes the lease objects. */
  async #ask(requests: readonly Request[], waiter: string | undefined): Promise<Asked<Refusal>> {
    const { signal } = requests[0]!;
    const { guarding, hints, following } = this.#own;
    following.noteRequest();
    const names = requests.flatMap(({ name }) => (name === null ? [] : [name]));
    const seeking = hints.seek();
    const once = (): Promise<Answer> =>
      acquire(this.#world, requests, {
        guarding,
        hints,
        seeking,
        lastPort: this.#lastPort,
        waiter,
        signal,
        tidying: this.#tidying,
      });
    try {
      let answer = await this.#turns.takeAll(names, once, signal);
      if ("refusal" in answer && this.#tidying.isUnderWay) {
        // What is in the way can be what an earlier request has not given back yet.
        await this.#tidying.settled(signal);
        answer = await this.#turns.takeAll(names, once, signal);
      }
      if (!("acquired" in answer)) return answer;
      return { leases: answer.acquired.map((acquired) => this.#toLease(acquired)) };
    } finally {
      seeking.end();
    }
  }

  #toLease(acquired: Acquired): Lease {
    if ("found" in acquired) return this.#own.find(acquired.found, acquired.term);
    const lease = this.#own.add(acquired.granted);
    this.#lastPort = lease.ports.at(-1)!;
    return lease;
  }

  async #waitFor(requests: readonly Request[]): Promise<Asked<AcquireRefusal>> {
    const { signal } = requests[0]!;
    const { following } = this.#own;
    const ended = this.#world.newAbortable();
    const abort = (): void => ended.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    this.#waiting.add(ended);
    if (this.#end) ended.abort(this.#end.reason);
    const place = new Place(this.#world, following);
    let failure: unknown;
    try {
      throwIfAborted(ended.signal);
      await place.join(requests, { signal });
      for (;;) {
        // Once more before the first sleep: a port that was given back before the place was taken wakes nobody.
        const { count } = following;
        const answer = await this.#ask(requests, place.id);
        if ("leases" in answer) return answer;
        if (isFinal(answer.refusal)) return { refusal: answer.refusal.error };
        await place.sleep(answer.refusal, count, ended.signal);
      }
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#waiting.delete(ended);
      const isToldFirst = ended.signal.aborted || isAway(failure);
      await this.#leave(place, isToldFirst);
    }
  }

  /** Should this fail, the place goes with its process; what became of the request stands. */
  async #leave(place: Place, isToldFirst: boolean): Promise<void> {
    if (isToldFirst) await this.#tidying.begin(() => place.leave());
    else await this.#run(() => place.leave()).catch(() => undefined);
  }
}

/** Whether waiting changes nothing: the name is the caller's own to release. */
function isFinal({ blockers, hasSilent, quarantinedMs }: Refusal): boolean {
  return blockers.length === 0 && !hasSilent && quarantinedMs === undefined;
}
