// The slots of a database, copied into memory: a store on which can be looked and tried without changing anything.

import type {
  Commit,
  Decide,
  Slot,
  SlotChange,
  SlotChanges,
  Store,
  StoreLimits,
  Token,
} from "../../contract/index.ts";
import { byKey } from "../common/index.ts";

export interface ScopedSlot extends Slot {
  readonly scope: string;
}

export class CopiedStore implements Store {
  readonly epoch: number;
  readonly limits: StoreLimits = { changes: 10_000 };
  readonly #scopes = new Map<string, Map<string, Slot>>();
  #revision = 0;

  constructor(epoch: number, slots: Iterable<ScopedSlot>) {
    this.epoch = epoch;
    for (const { scope, key, revision, value } of slots) {
      this.#slotsOf(scope).set(key, { key, revision, value });
      this.#revision = Math.max(this.#revision, revision);
    }
  }

  get scopes(): readonly string[] {
    return [...this.#scopes.keys()];
  }

  async read(scope: string, keys: readonly string[]): Promise<Map<string, Slot>> {
    const slots = this.#slotsOf(scope);
    const found = keys.flatMap((key) => slots.get(key) ?? []);
    return new Map(found.map((slot) => [slot.key, slot]));
  }

  async list(scope: string, prefix: string): Promise<Slot[]> {
    const slots = [...this.#slotsOf(scope).values()];
    return slots.filter(({ key }) => key.startsWith(prefix)).toSorted(byKey);
  }

  async commit(scope: string, changes: readonly SlotChange[]): Promise<Commit> {
    const slotsOf = ({ scope: where = scope }: SlotChange): Map<string, Slot> => this.#slotsOf(where);
    const changed = changes.filter(
      (change) => (slotsOf(change).get(change.key)?.revision ?? 0) !== change.ifRevision,
    );
    if (changed.length > 0) return { committed: false, changed: changed.map(({ key }) => key) };
    const token: Token = { epoch: this.epoch, revision: ++this.#revision };
    for (const change of changes) {
      const { key, value } = change;
      if (value === null) slotsOf(change).delete(key);
      else slotsOf(change).set(key, { key, revision: token.revision, value });
    }
    return { committed: true, token };
  }

  async update(scope: string, keys: readonly string[], decide: Decide): Promise<Commit | undefined> {
    const changes = decide(await this.read(scope, keys));
    return changes.length === 0 ? undefined : await this.commit(scope, changes);
  }

  /** All slots, once: nobody else changes a copy. */
  async *watch(scope: string): AsyncGenerator<SlotChanges> {
    yield { all: true, slots: [...this.#slotsOf(scope).values()], revision: this.#revision };
  }

  async raiseEpoch(): Promise<void> {
    // No token of a copy is given to anybody.
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }

  #slotsOf(scope: string): Map<string, Slot> {
    let slots = this.#scopes.get(scope);
    if (!slots) this.#scopes.set(scope, (slots = new Map()));
    return slots;
  }
}
