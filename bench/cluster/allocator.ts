// The least that gives out any free port over a store: it knows from a watch what is free, tries one of those at random, and
// lets the store decide.

import type { Decide, SlotChanges, Store } from "../../dist/contract/index.js";

const FREE = "free";

/** A port, and the revision of the commit that gave it. */
export interface Given {
  readonly port: number;
  readonly revision: number;
}

export class Allocator {
  readonly #store: Store;
  readonly #scope: string;
  readonly #free: number[] = [];
  /** Where each free port stands in the list. */
  readonly #places = new Map<number, number>();
  /** How often a claim was decided. */
  decided = 0;
  granted = 0;

  constructor(store: Store, scope: string, ports: number) {
    this.#store = store;
    this.#scope = scope;
    for (let port = 0; port < ports; port++) this.#note(port, true);
  }

  /** Follows what others do; settles when all was told that is there. */
  async follow(): Promise<void> {
    const looks = this.#store.watch(this.#scope, { background: true });
    this.#take((await looks.next()).value);
    void (async () => {
      for await (const changes of looks) this.#take(changes);
    })();
  }

  async claim(value: string): Promise<Given> {
    for (;;) {
      const port = this.#free[Math.floor(Math.random() * this.#free.length)]!;
      this.#note(port, false);
      const key = keyOf(port);
      const decide: Decide = (slots) => {
        this.decided++;
        const slot = slots.get(key);
        if (slot && slot.value !== FREE) return [];
        return [{ key, ifRevision: slot?.revision ?? 0, value }];
      };
      const commit = await this.#store.update(this.#scope, [key], decide);
      if (!commit?.committed) continue;
      this.granted++;
      return { port, revision: commit.token.revision };
    }
  }

  async release({ port, revision }: Given): Promise<void> {
    const change = { key: keyOf(port), ifRevision: revision, value: FREE };
    const commit = await this.#store.commit(this.#scope, [change]);
    if (!commit.committed) throw new Error(`port ${port} was given twice`);
    this.#note(port, true);
  }

  #take(changes: SlotChanges | undefined): void {
    for (const { key, value } of changes?.slots ?? [])
      this.#note(portOf(key), value === null || value === FREE);
  }

  #note(port: number, isFree: boolean): void {
    const place = this.#places.get(port);
    if (isFree === (place !== undefined)) return;
    if (isFree) {
      this.#places.set(port, this.#free.push(port) - 1);
      return;
    }
    const last = this.#free.pop()!;
    this.#places.delete(port);
    if (last === port) return;
    this.#free[place!] = last;
    this.#places.set(last, place!);
  }
}

export function keyOf(port: number): string {
  return `port/tcp/${port}`;
}

function portOf(key: string): number {
  return Number(key.slice(key.lastIndexOf("/") + 1));
}
