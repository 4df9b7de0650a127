// The leases of one registry: their objects, guards and sessions, and how each of them ends.

import { type ChangedSlot, type Departure, parsePortKey, portKey, readPort } from "../contract/index.ts";
import { bindingOf } from "../core/index.ts";
import { PassingMap } from "../core/passing.ts";
import { giveBack, type GrantedSlot } from "./give-back.ts";
import type { Granted } from "./part.ts";
import { Following } from "./following.ts";
import { Guarding } from "./guarding.ts";
import { Hints } from "./hints.ts";
import type { Term } from "./holders.ts";
import { HeldLease, type Lease, type LeaseActions, type LeaseFacts } from "./lease.ts";
import type { LeaseInfo } from "./list.ts";
import { Living, sameProcess } from "./living.ts";
import { slotKeys } from "./names.ts";
import type { LossReason } from "./refusals.ts";
import { placesOf, readScattered, slotId } from "./scattered.ts";
import { hostScope } from "./scope.ts";
import { lossOf } from "./transfer.ts";
import type { Turns } from "./turns.ts";
import type { World } from "./world.ts";

interface Entry {
  readonly lease: HeldLease;
  /** The keys of the slots that it has, in each of its scopes. */
  readonly keys: readonly string[];
  readonly slots: readonly GrantedSlot[];
  readonly term: Term;
  /** Stops what keeps it up, when the lease is over, however it ended. */
  leave: (() => void) | undefined;
}

/** What the registry does for its leases. */
interface Doings {
  readonly transfer: (lease: LeaseFacts, pid: number) => Promise<Lease>;
  readonly leaveTo: (lease: LeaseFacts, pid: number) => Promise<void>;
  /** Makes a call that the store is kept open for. */
  readonly run: (call: () => Promise<void>) => Promise<void>;
}

export class OwnLeases {
  readonly guarding: Guarding;
  readonly hints: Hints;
  readonly following: Following;
  readonly #world: World;
  readonly #entries = new PassingMap<string, Entry>();
  /** The leases of each slot; empty where changes of the slots are not told. */
  readonly #byKey = new PassingMap<string, readonly string[]>();
  readonly #actions: LeaseActions;
  /** Leases that are being looked up because somebody knocked. */
  readonly #doubted = new Set<string>();

  constructor(world: World, turns: Turns, { run, transfer, leaveTo }: Doings) {
    this.#world = world;
    this.hints = new Hints(world);
    this.following = new Following(world, this.hints, {
      onPort: (slot) => this.#doubt(slot),
    });
    this.#actions = {
      // In turn, so that no request of the name is given a lease that is on its way back.
      release: (lease) => {
        const names = lease.name === null ? [] : [lease.name];
        return run(() => turns.takeAll(names, () => this.#release(lease)));
      },
      transfer,
      leaveTo,
    };
    this.guarding = new Guarding(world, {
      onKnock: (leases) => {
        for (const lease of leases) void this.#verify(lease);
      },
      onOutrun: (leases, protocol, port) => this.#yield(leases, portKey(protocol, port)),
    });
  }

  /** The lease object of what was granted. */
  add({ facts, slots, tenure, sessionRevision }: Granted): Lease {
    const lease = new HeldLease(this.#world, facts, tenure.term, this.#actions);
    for (const port of facts.ports) this.hints.note(facts.protocols, port, Infinity);
    if (!sameProcess(facts.holder, this.#world.host.self)) this.#forgetDeadHolders();
    const keys = slotKeys(facts);
    const entry: Entry = { lease, keys, slots, term: tenure.term, leave: undefined };
    this.#entries.set(facts.id, entry);
    this.#index(entry);
    const onLoss = (reason: LossReason): void => this.end(facts.id, reason);
    entry.leave = tenure.keep?.({ revision: sessionRevision, onLoss });
    // It was lost at once.
    if (!this.#entries.has(facts.id)) entry.leave?.();
    return lease;
  }

  /** Leases of other processes end without a word to this one. */
  #forgetDeadHolders(): void {
    const { self } = this.#world.host;
    for (const [id, entry] of this.#entries.entries()) {
      const { lease } = entry;
      // This process's own end by their own ways, with their guards.
      if (sameProcess(lease.holder, self) || lease.isValid()) continue;
      this.#entries.delete(id);
      this.#unindex(entry);
      for (const port of lease.ports) this.hints.note(lease.protocols, port, 0);
    }
  }

  /** The object of a lease that its holder had before: the one there is, or another one for the same lease. */
  find(facts: LeaseFacts, term: Term): Lease {
    const known = this.#entries.get(facts.id);
    // One of several ports can have been released by its number: then the old object says too much.
    if (known && known.lease.ports.length === facts.ports.length) return known.lease;
    return new HeldLease(this.#world, facts, known?.term ?? term, this.#actions);
  }

  /** Holds all TCP ports of a lease in the kernel, or none; whether it does. */
  holdAll({ id, protocols, ports, addresses }: LeaseFacts): boolean {
    if (!protocols.includes("tcp")) return false;
    const isHeld = ports.every((port) => {
      const bindings = addresses.map((address) => bindingOf({ protocol: "tcp", address, port }));
      return this.guarding.hold(id, port, bindings) === "free";
    });
    if (!isHeld) this.guarding.releaseHolds(id, ports);
    return isHeld;
  }

  ids(): ReadonlySet<string> {
    return new Set(this.#entries.keys());
  }

  byName(name: string): Lease | undefined {
    for (const { lease } of this.#entries.values()) {
      if (lease.name === name && lease.isValid() && sameProcess(lease.holder, this.#world.host.self))
        return lease;
    }
    return undefined;
  }

  /** Those of this process: what was leased `for` others stays theirs. */
  ofThisProcess(): Lease[] {
    const { self } = this.#world.host;
    return this.#entries
      .values()
      .map(({ lease }) => lease)
      .filter(({ holder }) => sameProcess(holder, self));
  }

  /** Whether there are leases of other processes, which go on without this one. */
  get hasOthers(): boolean {
    const { self } = this.#world.host;
    return this.#entries.values().some(({ lease }) => !sameProcess(lease.holder, self));
  }

  /** Takes note of what was given back by name or port. */
  async released(leases: readonly LeaseInfo[]): Promise<void> {
    for (const { id, ports, protocols } of leases) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      this.guarding.release(id, protocols, ports);
      const { name, hosts } = entry.lease;
      // What was released is what stood here.
      const elsewhere = { id, name, protocols, ports, hosts };
      if (hosts.length > 0) await giveBack(this.#world, elsewhere, { ending: "released", isPart: true });
      if (entry.lease.ports.every((port) => ports.includes(port))) this.end(id, "released");
      else await this.#verify(id);
    }
  }

  /** Ends a lease in this process: the store says already that it is over. */
  end(id: string, reason: LossReason): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#forget(id, entry);
    HeldLease.lose(entry.lease, reason);
  }

  async #release(facts: LeaseFacts): Promise<void> {
    const entry = this.#entries.get(facts.id);
    // The guard first: who is woken by it waits for the store, and who finds the port free takes the guard.
    this.guarding.releaseGuards(facts.id, facts.protocols, facts.ports);
    const granted = facts.name === null && facts.ttlMs === null ? entry?.slots : undefined;
    // What the watch tells of it from now on is this release.
    if (entry) this.#unindex(entry);
    try {
      await giveBack(this.#world, facts, { ending: "released", granted });
    } catch (error) {
      // What was lost meanwhile is over, and its guard is let go.
      if (entry && this.#entries.get(facts.id) === entry) {
        this.#index(entry);
        this.#guardAgain(entry);
      }
      throw error;
    }
    if (entry) this.#forget(facts.id, entry);
  }

  /** The store could not be told: the lease is held on, and guarded where nobody was quicker. */
  #guardAgain({ lease }: Entry): void {
    if (!sameProcess(lease.holder, this.#world.host.self)) return;
    for (const protocol of lease.protocols) {
      for (const port of lease.ports) this.guarding.take(lease.id, protocol, port, true);
    }
  }

  /** Looks at a lease whose port somebody else has taken away. */
  #doubt(slot: ChangedSlot): void {
    for (const id of this.#byKey.get(slot.key) ?? []) {
      // The watch comes behind: what it tells may be from before the grant.
      const granted = this.#entries.get(id)?.lease.token.revision ?? Infinity;
      if (slot.revision > granted && !hasClaim(slot, id)) void this.#verify(id);
    }
  }

  /** Only where changes of the slots are told: it is asked for each. */
  #index({ lease, keys }: Entry): void {
    if (!this.following.isTold) return;
    for (const key of keys) this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), lease.id]);
  }

  #unindex({ lease, keys }: Entry): void {
    if (!this.following.isTold) return;
    for (const key of keys) {
      const others = this.#byKey.get(key)?.filter((id) => id !== lease.id) ?? [];
      if (others.length > 0) this.#byKey.set(key, others);
      else this.#byKey.delete(key);
    }
  }

  #forget(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#unindex(entry);
    this.#quiet(entry);
  }

  #quiet({ lease, leave }: Entry): void {
    const { id, protocols, ports } = lease;
    for (const port of ports) this.hints.note(protocols, port, this.#world.quarantineMs);
    leave?.();
    this.guarding.release(id, protocols, ports);
  }

  /**
   * Gives leases up whose guard a registry has that shares no store with this one: it was granted the port while
   * the guard changed hands. Where a lease of the same store stands beside them, that has the guard.
   */
  async #yield(leases: readonly string[], key: string): Promise<void> {
    const { store, scope } = this.#world;
    const record = readPort((await store.read(scope, [key])).get(key));
    const living = new Living(this.#world);
    await living.learn([[key, record]]);
    if (record.claims.some((claim) => living.isGuarded(claim) && !leases.includes(claim.lease))) return;
    for (const id of leases) {
      const entry = this.#entries.get(id);
      if (!entry) continue;
      this.end(id, "taken");
      await giveBack(this.#world, entry.lease, { ending: "released" });
    }
  }

  /** Looks whether a lease still has its ports, lets the guards of the others go, and ends it when it has none. */
  async #verify(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (!entry || this.#doubted.has(id)) return;
    this.#doubted.add(id);
    try {
      const { hosts } = entry.lease;
      const scopes = hosts.length === 0 ? null : hosts.map(hostScope);
      const { keys } = entry;
      const slots = await readScattered(this.#world, scopes, keys);
      let departure: Departure | undefined;
      let hasPorts = false;
      for (const place of placesOf(this.#world, scopes)) {
        for (const key of keys) {
          const { claims, left } = readPort(slots.get(slotId(place, key)));
          if (claims.some(({ lease }) => lease === id)) {
            hasPorts = true;
            continue;
          }
          if (left?.lease === id) departure = left;
          const { protocol, port } = parsePortKey(key);
          if (place === undefined) this.guarding.release(id, [protocol], [port]);
        }
      }
      if (hasPorts) return;
      this.end(id, lossOf(id, departure));
    } catch {
      // A store that cannot be read takes nothing away.
    } finally {
      this.#doubted.delete(id);
    }
  }
}

function hasClaim({ key, revision, value }: ChangedSlot, id: string): boolean {
  return value !== null && readPort({ key, revision, value }).claims.some(({ lease }) => lease === id);
}
