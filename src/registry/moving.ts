// Moving what a registry keeps from one store to another: names with their ports, kept or former, places, pools, and the
// leases that make sense in the other store.
//
// A lease makes sense there when nobody has to keep it up: one that lives with its process, on a store of one machine,
// in the same boot. All others are kept up by processes in the store they were granted in: there they live on, and
// here their names keep what they keep. Quarantines, sessions and the queue are of the moment and stay behind.
//
// Tokens go on: the store is in a later epoch than the one that was left before anything is written.

import {
  type Claim,
  type GrantedClaim,
  nameKey,
  type NameRecord,
  PORT_PREFIX,
  readName,
  readPort,
  saysTaken,
  type Slot,
  type SlotChange,
  type Store,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { slotKeys } from "./names.ts";
import { SCOPE_PREFIX, SCOPES } from "./scope.ts";
import type { World } from "./world.ts";

/** The kinds of slots that are moved. */
const PREFIXES = [PORT_PREFIX, "name/", "place/", "block/", SCOPE_PREFIX] as const;
const NAME_PREFIX = "name/";

/** A slot on its way. */
export interface MovedSlot {
  readonly scope: string;
  readonly key: string;
  readonly value: string;
}

/** What became of what was moved. */
export interface Moved {
  readonly names: number;
  readonly leases: number;
  readonly others: number;
  /** Names, ports and others that were there already, and stayed as they were. */
  readonly skipped: readonly string[];
  /** Leases of holders that live or may live, which go on in the store they came from. */
  readonly leftBehind: number;
}

/** The scopes that a store has, in the order of their names. */
export async function scopesOf(store: Store): Promise<string[]> {
  return (await store.list(SCOPES, SCOPE_PREFIX)).map(({ key }) => key.slice(SCOPE_PREFIX.length));
}

/** All slots of a scope that are worth moving. */
export async function slotsToMove(store: Store, scope: string): Promise<MovedSlot[]> {
  const lists = await Promise.all(PREFIXES.map((prefix) => store.list(scope, prefix)));
  return lists.flat().flatMap(({ key, revision, value }): MovedSlot[] => {
    if (!key.startsWith(PORT_PREFIX)) return [{ scope, key, value }];
    const { claims, kept } = readPort({ key, revision, value });
    const left = writePort({ claims, kept, left: null });
    return left === null ? [] : [{ scope, key, value: left }];
  });
}

/** Whether a scope has something that an import could meet. */
export async function isEmpty(store: Store, scope: string): Promise<boolean> {
  return (await slotsToMove(store, scope)).length === 0;
}

/** @throws PortError `STORE_DAMAGED` for a port or a name that could not be read where it is moved to. */
export function expectReadable(moved: readonly MovedSlot[]): void {
  for (const slot of moved) {
    if (slot.key.startsWith(PORT_PREFIX)) readPort(asRead(slot));
    else if (slot.key.startsWith(NAME_PREFIX)) readName(asRead(slot));
  }
}

/** Writes slots into one scope: those of names that are there already, or whose ports are, stay out. */
export async function moveInto(world: World, scope: string, moved: readonly MovedSlot[]): Promise<Moved> {
  const { store } = world;
  const slots = (await Promise.all(PREFIXES.map((prefix) => store.list(scope, prefix)))).flat();
  const plan = new Plan(world, moved, slots);
  const changes = plan.changes();
  for (let at = 0; at < changes.length; at += store.limits.changes) {
    const some = changes.slice(at, at + store.limits.changes);
    const commit = await store.commit(scope, some, { durable: true });
    if (!commit.committed) {
      throw new Error(
        `${commit.changed.join(", ")} changed during the import: stop what uses the store, and import again`,
      );
    }
  }
  return plan.result();
}

/** As the commit grants it that writes it: the revision that it had is another store's. */
function granted({
  lease,
  name,
  addresses,
  holder,
  grantedAt,
  session,
  guarded,
  held,
  heir,
}: GrantedClaim): Claim {
  return { lease, name, addresses, holder, grantedAt, session, guarded, held, heir };
}

function asRead(slot: MovedSlot): Slot {
  return { ...slot, revision: 1 };
}

/** Whether it only says who had a port last. */
function isLeft(slot: Slot): boolean {
  return slot.key.startsWith(PORT_PREFIX) && !saysTaken(slot);
}

class Plan {
  readonly #world: World;
  readonly #names = new Map<string, NameRecord>();
  readonly #ports = new Map<string, ReturnType<typeof readPort>>();
  readonly #others: MovedSlot[] = [];
  /** Ports that are there and nobody's, by their keys: the revisions of their slots. */
  readonly #left: ReadonlyMap<string, number>;
  readonly #skipped: string[] = [];
  readonly #leases = new Set<string>();
  readonly #leftBehind = new Set<string>();

  constructor(world: World, moved: readonly MovedSlot[], slots: readonly Slot[]) {
    this.#world = world;
    this.#left = new Map(slots.filter(isLeft).map(({ key, revision }) => [key, revision]));
    const there = new Set(slots.filter((slot) => !isLeft(slot)).map(({ key }) => key));
    for (const slot of moved) {
      if (slot.key.startsWith(PORT_PREFIX)) this.#ports.set(slot.key, readPort(asRead(slot)));
      else if (slot.key.startsWith(NAME_PREFIX)) {
        this.#names.set(slot.key.slice(NAME_PREFIX.length), readName(asRead(slot))!);
      } else if (there.has(slot.key)) this.#skipped.push(slot.key);
      else this.#others.push(slot);
    }
    for (const key of [...this.#ports.keys()].filter((one) => there.has(one))) {
      this.#skipped.push(key);
      this.#ports.delete(key);
    }
    for (const [name, record] of this.#names) {
      const isMet =
        there.has(nameKey(name)) || (record.kept && slotKeys(record).some((key) => there.has(key)));
      if (!isMet) continue;
      this.#skipped.push(nameKey(name));
      this.#names.delete(name);
    }
  }

  changes(): SlotChange[] {
    const changes: SlotChange[] = [];
    for (const [key, { claims, kept }] of this.#ports) {
      const value = writePort({
        claims: claims.filter((claim) => this.#stays(claim)).map(granted),
        kept: kept.filter(({ name }) => this.#names.get(name)?.kept === true),
        left: null,
      });
      if (value !== null) changes.push({ key, ifRevision: this.#left.get(key) ?? 0, value });
    }
    for (const [name, record] of this.#names) {
      const stays = record.lease !== null && this.#leases.has(record.lease) && record.granting === null;
      const value = writeRecord({ ...record, lease: stays ? record.lease : null, granting: null });
      changes.push({ key: nameKey(name), ifRevision: 0, value });
    }
    for (const { key, value } of this.#others) changes.push({ key, ifRevision: 0, value });
    return changes;
  }

  result(): Moved {
    return {
      names: this.#names.size,
      leases: this.#leases.size,
      others: this.#others.length,
      skipped: this.#skipped,
      leftBehind: this.#leftBehind.size,
    };
  }

  /** Whether a claim means the same in the other store. */
  #stays({ lease, name, session, holder }: GrantedClaim): boolean {
    const { host, holders } = this.#world;
    const liveness = host.liveness(holder);
    if (liveness === "dead") return false;
    const isItsProcess = holders.follow === undefined && session === null && liveness === "alive";
    const isNamed = name === null || this.#names.get(name)?.lease === lease;
    (isItsProcess && isNamed ? this.#leases : this.#leftBehind).add(lease);
    return isItsProcess && isNamed;
  }
}
