// A grant on its way: the parts of a request become leases together, or none does.
//
// What is plainly free at first sight is claimed in the step that reads it. Else candidates come in order, each let
// in by its slots; one commit claims as many as are needed, on the condition that nothing has changed. Then
// the guards are taken and the kernel is asked. The order matters:
// only who has the claim looks, so that two requests never take one another's look for a stranger. A port that
// a stranger has is given up in the same commit that claims the next one.
//
// Until all ports are found free, the record of a name says who is at work on it: another request of the same
// holder waits, and takes over where that process died.

import { type Commit, type Decide, type SlotChange, throwIfAborted } from "../contract/index.ts";
import type { Guarding } from "./guarding.ts";
import { GUARD_DELAY_MS } from "./living.ts";
import { type Granted, Part, type PartOptions } from "./part.ts";
import type { Refusal } from "./refusals.ts";
import { slotId } from "./scattered.ts";
import type { World } from "./world.ts";

/** Leases in the order of the parts, a refusal, or `changed`: a name went to another request meanwhile. */
export type Outcome =
  { readonly leases: readonly Granted[] } | { readonly refusal: Refusal } | { readonly changed: true };

export class Grant {
  readonly #world: World;
  readonly #guarding: Guarding;
  readonly #parts: readonly Part[];
  #committedAt = 0;

  constructor(world: World, guarding: Guarding, parts: readonly PartOptions[]) {
    this.#world = world;
    this.#guarding = guarding;
    this.#parts = parts.map((options) => new Part(world, options));
  }

  async fill(): Promise<Outcome> {
    // Who has the least choice chooses first: a fixed port must not be picked for another part.
    const isOne = this.#parts.length === 1;
    const choosers = isOne ? this.#parts : this.#parts.toSorted((a, b) => choiceOf(a) - choiceOf(b));
    for (let commit = await this.#claimAtSight(choosers); ; commit = await this.#commit()) {
      if (commit && !commit.committed) {
        const changed = new Set(commit.changed);
        if (this.#parts.some((part) => part.isOvertaken(changed))) return { changed: true };
        for (const part of this.#parts) await part.reconsider(changed);
      } else if (commit) {
        for (const part of this.#parts) part.markClaimed(commit.token);
        for (const part of this.#parts) await part.examine(this.#guarding);
        if (this.#parts.every((part) => part.isFull)) {
          if (this.#isToConfirm() && !(await this.#confirm())) return { changed: true };
          // What it lives with can have ended meanwhile, as while the process was stopped.
          if (this.#parts.some((part) => part.isOver)) return { changed: true };
          return { leases: this.#parts.map((part) => part.granted()) };
        }
      }
      for (const part of choosers) {
        throwIfAborted(part.request.signal);
        const refusal = await part.choose(this.#parts);
        if (refusal) return (await this.#isOvertaken()) ? { changed: true } : { refusal };
      }
    }
  }

  /** Gives back whatever was claimed. */
  async undo(): Promise<void> {
    for (const part of this.#parts) await part.undo(this.#guarding);
  }

  /** Claims the ports that come first, if all that is needed is plainly free; `undefined`: it is not. */
  async #claimAtSight(choosers: readonly Part[]): Promise<Commit | undefined> {
    const { store, scope, clock, holders } = this.#world;
    // One sight is of one scope.
    if (this.#parts.some(({ request }) => request.scopes !== null)) return undefined;
    // A wish, and a port that a name had, get the closer look before any other port is tried.
    const isAny = this.#parts.every(({ request }) => request.name === null && request.prefer === null);
    const { signal } = this.#parts[0]!.request;
    const decide: Decide = (slots) => {
      const isEnough = choosers.every((part) => part.chooseAtSight(slots, this.#parts));
      if (isEnough) return this.#changes();
      for (const part of this.#parts) part.chooseNothing();
      return [];
    };
    for (let sights = isAny ? holders.sights : 1; ; sights--) {
      const keys = this.#parts.flatMap((part) => part.keysInSight());
      if (keys.length === 0) return undefined;
      const commit = await store.update(scope, keys, decide, { signal });
      this.#committedAt = clock.elapsed();
      for (const part of this.#parts) part.takeFromSight();
      if (commit || sights <= 1) return commit;
      for (const part of this.#parts) part.passSight();
    }
  }

  async #commit(): Promise<Commit> {
    const { store, scope, clock } = this.#world;
    const { signal } = this.#parts[0]!.request;
    let changes = this.#changes();
    if (changes.length > store.limits.changes) {
      // What is claimed and what is given up are too much for one commit: what was refused goes first.
      for (const part of this.#parts) await part.dropRejected();
      changes = this.#changes();
    }
    // What is kept is told after the confirmation, which is durable, and all that went before it with it.
    const commit = await store.commit(scope, changes, { signal });
    this.#committedAt = clock.elapsed();
    return commit;
  }

  #changes(): SlotChange[] {
    const all = this.#parts.flatMap((part) => part.changes());
    if (all.length === 1) return all;
    const changes = new Map<string, SlotChange>();
    for (const change of all) {
      const id = slotId(change.scope, change.key);
      const other = changes.get(id);
      // Two parts may find the same session at its end, and never the same port.
      if (other && (other.value !== null || change.value !== null)) {
        throw new Error(`two parts of a request change ${change.key}`);
      }
      changes.set(id, change);
    }
    return [...changes.values()];
  }

  /** Whether a name that keeps its ports was leased to somebody else meanwhile, which is why they were refused. */
  async #isOvertaken(): Promise<boolean> {
    const { store, scope } = this.#world;
    const keeping = this.#parts.flatMap((part) => part.keepingName() ?? []);
    if (keeping.length === 0) return false;
    const slots = await store.read(
      scope,
      keeping.map(({ key }) => key),
    );
    return keeping.some(({ key, revision }) => slots.get(key)?.revision !== revision);
  }

  #isToConfirm(): boolean {
    return this.#parts.some(({ request }) => request.name !== null) || this.#mayBeLost();
  }

  /** After so long a stop, somebody may have taken the missing guard for the end of this process. */
  #mayBeLost(): boolean {
    return this.#world.clock.elapsed() - this.#committedAt > GUARD_DELAY_MS / 2;
  }

  /** Writes that the names' leases are granted; false when one was taken away meanwhile. */
  async #confirm(): Promise<boolean> {
    const { store, scope } = this.#world;
    const changes = this.#parts.flatMap((part) => part.confirmation());
    const mayBeLost = this.#mayBeLost();
    if (changes.length > 0) {
      const durable = this.#parts.some(({ request }) => request.kept);
      const commit = await store.commit(scope, changes, { signal: this.#parts[0]!.request.signal, durable });
      if (!commit.committed) return false;
    }
    if (!mayBeLost) return true;
    const slots = this.#parts.flatMap((part) => part.granted().slots);
    const found = await store.read(
      scope,
      slots.map(({ key }) => key),
    );
    return slots.every(({ key, revision }) => found.get(key)?.revision === revision);
  }
}

/** How many more ports there are than the part needs. */
function choiceOf({ request: { pool, count } }: Part): number {
  return pool.size - count;
}
