// One lease of a grant: the places it has chosen, claimed and examined, and what it writes.

import {
  type Kept,
  nameKey,
  type NameRecord,
  sessionKey,
  type Slot,
  type SlotChange,
  type Token,
  writePort,
  writeRecord,
} from "../contract/index.ts";
import { Candidates, type Seeker } from "./candidates.ts";
import { type Claims, claimsOf } from "./claim.ts";
import { Examination } from "./examination.ts";
import { giveBack, type GrantedSlot } from "./give-back.ts";
import type { Guarding } from "./guarding.ts";
import type { Tenure } from "./holders.ts";
import type { Candidate, PortSlot } from "./judge.ts";
import type { LeaseFacts } from "./lease.ts";
import type { NameState } from "./names.ts";
import { leftOf, reclaim } from "./reclaim.ts";
import type { Refusal } from "./refusals.ts";
import { refusalOf } from "./refused-ports.ts";
import type { Request } from "./request.ts";
import { slotId } from "./scattered.ts";
import { isOver } from "./session.ts";
import type { World } from "./world.ts";

/** A lease as it was granted, and what its registry needs to keep it and to give it back. */
export interface Granted {
  readonly facts: LeaseFacts;
  readonly slots: readonly GrantedSlot[];
  readonly tenure: Tenure;
  /** The revision of the slot of its session, where the grant wrote it. */
  readonly sessionRevision: number;
}

/** A request, and what is known of its name. */
export interface PartOptions {
  readonly request: Request;
  readonly name: NameState;
  readonly seeker: Seeker;
  readonly tenure: Tenure;
}

/** A place that is claimed: its slots have the revision of the commit. */
interface Claimed {
  readonly place: readonly Candidate[];
  readonly revision: number;
}

export class Part {
  readonly request: Request;
  readonly #world: World;
  readonly #candidates: Candidates;
  readonly #claims: Claims;
  readonly #examination: Examination;
  readonly #tenure: Tenure;
  readonly #wasKept: boolean;
  readonly #formerPorts: readonly number[];
  #nameRevision: number;
  #sessionRevision = 0;
  #token: Token | undefined;
  /** Places that the next commit claims. */
  #wanted: (readonly Candidate[])[] = [];
  /** Places that are claimed, guarded and free in the kernel. */
  readonly #placed: Claimed[] = [];
  /** Places that are claimed and not examined yet. */
  #claimed: Claimed[] = [];
  /** Places that are claimed and were refused: the next commit gives them up. */
  #rejected: Claimed[] = [];
  /** Every port that a commit was to claim, whatever became of it. */
  readonly #attempted = new Set<number>();
  readonly #refused = { guarded: 0, stranger: 0, forbidden: 0 };

  constructor(world: World, { request, name, seeker, tenure }: PartOptions) {
    this.request = request;
    this.#world = world;
    this.#candidates = new Candidates(world, request, seeker);
    this.#nameRevision = name.revision;
    this.#wasKept = name.isKept;
    this.#formerPorts = name.formerPorts;
    this.#tenure = tenure;
    this.#claims = claimsOf(world, request, tenure);
    this.#examination = new Examination(world, request, this.#claims.here);
  }

  get isFull(): boolean {
    return this.#count(this.#placed.map(({ place }) => place)) === this.request.count;
  }

  /** Whether the time is over that it would live for. */
  get isOver(): boolean {
    return isOver(this.#world.clock, this.#tenure.term);
  }

  /** The slots of the ports that come first. */
  keysInSight(): string[] {
    return this.#candidates.keysInSight();
  }

  /** Wants what is plainly free of the ports that come first; whether that is all that is needed. */
  chooseAtSight(slots: ReadonlyMap<string, Slot>, parts: readonly Part[]): boolean {
    this.#wanted = [];
    const { count, protocols } = this.request;
    for (const place of this.#candidates.inSight(slots)) {
      const isTaken = parts.some((part) => part !== this && part.#has(place, protocols));
      if (!isTaken) this.#wanted.push(place);
      if (this.#count(this.#wanted) === count) return true;
    }
    return false;
  }

  /** What is in sight is for a closer look; others come into sight. */
  passSight(): void {
    this.#candidates.passSight();
  }

  chooseNothing(): void {
    this.#wanted = [];
  }

  /** What is wanted now is not chosen again. */
  takeFromSight(): void {
    for (const place of this.#wanted) this.#candidates.take(place);
  }

  /** Finds the places that are still missing, or says why there are none. */
  async choose(parts: readonly Part[]): Promise<Refusal | undefined> {
    const { count, protocols } = this.request;
    const chosen = (): number => this.#count([...this.#placed.map(({ place }) => place), ...this.#wanted]);
    while (chosen() < count) {
      const place = await this.#candidates.next();
      if (!place) {
        await reclaim(this.#world, this.#candidates.refused());
        return refusalOf(this.request, this.#candidates.refused(), this.#refused);
      }
      const isTaken = parts.some((part) => part !== this && part.#has(place, protocols));
      if (!isTaken) this.#wanted.push(place);
    }
    return undefined;
  }

  changes(): SlotChange[] {
    const { request } = this;
    const changes: SlotChange[] = [];
    // A block can have ports of one that was refused: those are claimed already, and stay so.
    const claimed = new Map<string, number>();
    for (const { place, revision } of this.#rejected) {
      for (const { scope, key } of slotsOf(place)) claimed.set(slotId(scope, key), revision);
    }
    for (const candidate of this.#wanted.flat()) {
      this.#attempted.add(candidate.port);
      for (const portSlot of candidate.slots) {
        const { scope, key, slot, staying, record } = portSlot;
        const kept = this.#keptBeside(record.kept);
        const claims = [...staying, scope === undefined ? this.#claims.here : this.#claims.elsewhere];
        const value = writePort({ claims, kept, left: leftOf(this.#world, portSlot) });
        const id = slotId(scope, key);
        changes.push({ scope, key, ifRevision: claimed.get(id) ?? slot?.revision ?? 0, value });
        claimed.delete(id);
      }
      for (const { key, revision } of candidate.endedSessions) {
        changes.push({ key, ifRevision: revision, value: null });
      }
    }
    for (const { place, revision } of this.#rejected) {
      for (const portSlot of slotsOf(place)) {
        const { scope, key, staying, record } = portSlot;
        if (!claimed.has(slotId(scope, key))) continue;
        const value = writePort({ claims: staying, kept: record.kept, left: leftOf(this.#world, portSlot) });
        changes.push({ scope, key, ifRevision: revision, value });
      }
    }
    if (changes.length === 0) return changes;
    if (request.name !== null) changes.push(this.#nameChange(request.name, true));
    if (this.#tenure.write) changes.push(this.#tenure.write(this.#sessionRevision));
    return changes;
  }

  /** The slot of a name that keeps its ports, with the revision that it has if nobody else changed it. */
  keepingName(): { readonly key: string; readonly revision: number } | undefined {
    const { name } = this.request;
    return this.#wasKept && name !== null ? { key: nameKey(name), revision: this.#nameRevision } : undefined;
  }

  /** Whether the name went to another request, or the time limit passed and somebody took a port of it. */
  isOvertaken(changed: ReadonlySet<string>): boolean {
    const { name } = this.request;
    return (name !== null && changed.has(nameKey(name))) || changed.has(sessionKey(this.#tenure.lease));
  }

  /** Puts the places back whose slots changed before they could be claimed or given up. */
  async reconsider(changed: ReadonlySet<string>): Promise<void> {
    const hasChanged = (place: readonly Candidate[]): boolean =>
      place.some(
        ({ slots, endedSessions }) =>
          slots.some(({ key }) => changed.has(key)) || endedSessions.some(({ key }) => changed.has(key)),
      );
    for (const place of this.#wanted.filter(hasChanged)) this.#candidates.again(place);
    this.#wanted = this.#wanted.filter((place) => !hasChanged(place));
    for (const { place } of this.#rejected.filter((one) => hasChanged(one.place))) {
      await this.#giveBack(place.map(({ port }) => port));
    }
    this.#rejected = this.#rejected.filter(({ place }) => !hasChanged(place));
  }

  /** Gives back at once what was claimed and refused. */
  async dropRejected(): Promise<void> {
    const ports = this.#rejected.flatMap(({ place }) => place.map(({ port }) => port));
    this.#rejected = [];
    if (ports.length > 0) await this.#giveBack(ports);
  }

  markClaimed(token: Token): void {
    const { revision } = token;
    // A part that changed nothing in this commit was granted by an earlier one.
    if (this.#wanted.length > 0 || this.#rejected.length > 0) {
      this.#nameRevision = revision;
      this.#sessionRevision = revision;
    }
    if (this.#wanted.length > 0) this.#token = token;
    this.#claimed = this.#wanted.map((place) => ({ place, revision }));
    this.#wanted = [];
    this.#rejected = [];
  }

  /** Guards and holds what was claimed, or asks the kernel: a place is kept as a whole or given up. */
  async examine(guarding: Guarding): Promise<void> {
    for (const claimed of this.#claimed.splice(0)) {
      // Until it is found good it is one to give up, should an error end this.
      this.#rejected.push(claimed);
      const unavailable = await this.#examination.of(claimed.place, guarding);
      if (unavailable) {
        this.#refused[unavailable.verdict]++;
        this.#candidates.reject(claimed.place, unavailable.port);
      } else {
        this.#placed.push(claimed);
        this.#rejected = this.#rejected.filter((one) => one !== claimed);
      }
    }
  }

  confirmation(): SlotChange[] {
    const { name } = this.request;
    return name === null ? [] : [this.#nameChange(name, false)];
  }

  granted(): Granted {
    const { protocols, addresses } = this.request;
    const { lease, name, holder, grantedAt, held } = this.#claims.here;
    const facts: LeaseFacts = {
      id: lease,
      name,
      ports: this.#ports(),
      hosts: this.request.hosts,
      protocols,
      addresses,
      holder,
      grantedAt,
      token: this.#token!,
      ttlMs: this.#tenure.ttlMs,
      isHeldInKernel: held,
    };
    const slots = this.#placed.flatMap(({ place, revision }) =>
      slotsOf(place).map(({ scope, key, staying, record }): GrantedSlot => ({
        scope,
        key,
        revision,
        beside: staying,
        kept: this.#keptBeside(record.kept),
      })),
    );
    return { facts, slots, tenure: this.#tenure, sessionRevision: this.#sessionRevision };
  }

  async undo(guarding: Guarding): Promise<void> {
    const ports = [...this.#attempted];
    guarding.release(this.#tenure.lease, this.request.protocols, ports);
    if (ports.length > 0) await this.#giveBack(ports);
  }

  async #giveBack(ports: readonly number[]): Promise<void> {
    const { name, protocols, kept, hosts } = this.request;
    const returned = { id: this.#tenure.lease, name, protocols, ports, hosts };
    const givesUp = kept && !this.#wasKept;
    await giveBack(this.#world, returned, { ending: null, givesUp, formerPorts: this.#formerPorts });
  }

  #ports(): number[] {
    return this.#placed.flatMap(({ place }) => place.map(({ port }) => port));
  }

  #keptBeside(kept: readonly Kept[]): readonly Kept[] {
    const { name, addresses, kept: keep } = this.request;
    if (!keep || name === null || kept.some((one) => one.name === name)) return kept;
    return [...kept, { name, addresses }];
  }

  #nameChange(name: string, isGranting: boolean): SlotChange {
    const { protocols, addresses, kept } = this.request;
    const record: NameRecord = {
      lease: this.#tenure.lease,
      protocols,
      addresses,
      ports: [...this.#ports(), ...this.#wanted.flat().map(({ port }) => port)],
      kept,
      granting: isGranting ? this.#world.host.self : null,
    };
    return { key: nameKey(name), ifRevision: this.#nameRevision, value: writeRecord(record) };
  }

  #has(place: readonly Candidate[], protocols: readonly string[]): boolean {
    if (!protocols.some((protocol) => this.request.protocols.some((own) => own === protocol))) return false;
    // What it gives up in the next commit, too: one commit changes a slot once.
    const places = [...this.#wanted, ...[...this.#placed, ...this.#rejected].map((claimed) => claimed.place)];
    const own = new Set(places.flat().map(({ port }) => port));
    return place.some(({ port }) => own.has(port));
  }

  #count(places: readonly (readonly Candidate[])[]): number {
    return places.reduce((sum, place) => sum + place.length, 0);
  }
}

function slotsOf(place: readonly Candidate[]): PortSlot[] {
  return place.flatMap(({ slots }) => slots);
}
