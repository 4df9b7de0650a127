// What happens to leases, told as it happens, from the changes of their slots.
//
// A lease that was granted and given back between two looks at the store is told by its end alone, or not at
// all where another one followed. A holder's death changes nothing in the store: it is told when somebody finds
// the lease abandoned and takes its port.

import {
  type ChangedSlot,
  type Departure,
  type GrantedClaim,
  parsePortKey,
  PORT_PREFIX,
  readPort,
  readSession,
  SESSION_PREFIX,
  type SlotChanges,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";

/** Something that happened to a lease. */
export interface LeaseEvent {
  /**
   * `released`: its holder or somebody for it gave it back, or handed it to another process, which is granted
   * a new one. `expired`: its time limit had passed. `reclaimed`: its holder was dead.
   */
  readonly type: "granted" | "renewed" | "released" | "expired" | "reclaimed";
  readonly lease: {
    readonly id: string;
    readonly name: string | null;
    readonly ports: readonly number[];
    readonly protocols: readonly Transport[];
    readonly addresses: readonly string[];
    readonly holder: GrantedClaim["holder"];
  };
}

/** A lease as the slots of its ports show it. */
interface Known {
  readonly claim: GrantedClaim;
  /** The slots that it has, in the order they were seen. */
  readonly slots: Map<string, { readonly protocol: Transport; readonly port: number }>;
}

/** The events behind changes, from the first call on; the changes begin with all slots. */
export function events(changes: AsyncIterableIterator<SlotChanges>): AsyncIterableIterator<LeaseEvent> {
  // Asked for at once, so that what follows the call is told, however late the loop begins.
  const beginning = changes.next();
  beginning.catch(() => undefined);
  const news = follow(changes, beginning);
  return {
    next: () => news.next(),
    // A generator that was never asked for anything ends without a word to what it reads.
    return: async () => {
      await changes.return?.();
      return await news.return(undefined);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* follow(
  changes: AsyncIterableIterator<SlotChanges>,
  beginning: Promise<IteratorResult<SlotChanges>>,
): AsyncGenerator<LeaseEvent> {
  const book = new Book();
  try {
    const first = await beginning;
    if (first.done) return;
    // What was granted before is not news.
    book.take(first.value.all, first.value.slots);
    for await (const { all, slots } of changes) yield* book.take(all, slots);
  } finally {
    await changes.return?.();
  }
}

/** The leases that a watcher knows of. */
class Book {
  readonly #leases = new Map<string, Known>();
  /** The claims of each slot, by lease. */
  readonly #slots = new Map<string, ReadonlyMap<string, GrantedClaim>>();
  readonly #sessions = new Map<string, number>();

  /** Takes changes in, and says what they mean. */
  take(all: boolean, slots: readonly ChangedSlot[]): LeaseEvent[] {
    const before = new Set(this.#leases.keys());
    const endings = new Map<string, { known: Known; left: Departure | null }>();
    const renewed = new Set<string>();
    if (all) this.#forgetMissing(slots, endings);
    for (const slot of slots) {
      if (slot.key.startsWith(PORT_PREFIX)) this.#takePort(slot, endings);
      else if (slot.key.startsWith(SESSION_PREFIX)) this.#takeSession(slot, renewed);
    }
    const news: LeaseEvent[] = [];
    for (const { known, left } of endings.values()) {
      if (!this.#leases.has(known.claim.lease))
        news.push({ type: endingOf(known, left), lease: describe(known) });
    }
    for (const id of renewed) {
      const known = this.#leases.get(id);
      if (known && before.has(id)) news.push({ type: "renewed", lease: describe(known) });
    }
    for (const [id, known] of this.#leases) {
      if (!before.has(id)) news.push({ type: "granted", lease: describe(known) });
    }
    return news;
  }

  #takePort(
    { key, revision, value }: ChangedSlot,
    endings: Map<string, { known: Known; left: Departure | null }>,
  ): void {
    const { claims, left } = readPort(value === null ? undefined : { key, revision, value });
    const now = new Map(claims.map((claim) => [claim.lease, claim]));
    const place = parsePortKey(key);
    for (const id of this.#slots.get(key)?.keys() ?? []) {
      const known = this.#leases.get(id);
      if (now.has(id) || !known) continue;
      const whole = endings.get(id)?.known ?? { claim: known.claim, slots: new Map(known.slots) };
      endings.set(id, { known: whole, left });
      known.slots.delete(key);
      if (known.slots.size === 0) this.#leases.delete(id);
    }
    for (const claim of claims) {
      const known = this.#leases.get(claim.lease) ?? { claim, slots: new Map() };
      known.slots.set(key, place);
      this.#leases.set(claim.lease, known);
    }
    if (now.size === 0) this.#slots.delete(key);
    else this.#slots.set(key, now);
  }

  #takeSession(slot: ChangedSlot, renewed: Set<string>): void {
    if (slot.value === null) {
      this.#sessions.delete(slot.key);
      return;
    }
    const { lease, at } = readSession({ ...slot, value: slot.value })!;
    if (this.#sessions.has(slot.key)) renewed.add(lease);
    this.#sessions.set(slot.key, at);
  }

  #forgetMissing(
    slots: readonly ChangedSlot[],
    endings: Map<string, { known: Known; left: Departure | null }>,
  ): void {
    const there = new Set(slots.map(({ key }) => key));
    for (const key of this.#slots.keys()) {
      if (!there.has(key)) this.#takePort({ key, revision: 0, value: null }, endings);
    }
  }
}

function endingOf({ claim }: Known, left: Departure | null): LeaseEvent["type"] {
  if (left?.lease === claim.lease) {
    return left.ending === "transferred" ? "released" : left.ending;
  }
  // It was never told, because the kernel refused a port; or others had the port since.
  return "released";
}

function describe({ claim, slots }: Known): LeaseEvent["lease"] {
  const { lease: id, name, addresses, holder } = claim;
  const places = [...slots.values()];
  return {
    id,
    name,
    ports: [...new Set(places.map(({ port }) => port))].toSorted((a, b) => a - b),
    protocols: [...new Set(places.map(({ protocol }) => protocol))],
    addresses,
    holder,
  };
}
