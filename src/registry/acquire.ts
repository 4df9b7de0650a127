// A request becomes a lease.
//
// The name is looked up; candidates come in order, each let in by its slot; one commit claims as many as
// are needed, on the condition that nothing has changed; then the kernel is asked. The order matters: only
// who has the claim looks, so that two requests never take one another's look for a stranger. A port that a
// stranger has is given up in the same commit that claims the next one. What fails half-way is given back.
//
// Until all its ports are found free, the record of a name says who is at work on it: another request of the
// same holder waits, and takes over where that process died.

import {
  type Claim,
  nameKey,
  type NameRecord,
  portKey,
  readClaims,
  readName,
  type Slot,
  type SlotChange,
  throwIfAborted,
  type Token,
  writeName,
} from "../contract/index.ts";
import { PortError, type RefusalCounts } from "../core/index.ts";
import { type Candidate, addClaim, dropClaims, sameProcess } from "./slots.ts";
import { Candidates } from "./candidates.ts";
import { giveBack } from "./give-back.ts";
import type { LeaseFacts } from "./lease.ts";
import { nameHeld, noPortAvailable } from "./refusals.ts";
import type { Request } from "./request.ts";
import type { World } from "./world.ts";

/** How long to wait, on average, before another look at a name that somebody is at work on. */
const POLL_MS = 5;
/** When to give up: a grant takes milliseconds, but one that could not be undone looks under way for ever. */
const PATIENCE_MS = 10_000;

/** A lease, and whether this request was granted it or found that its holder has it already. */
export interface Acquired {
  readonly lease: LeaseFacts;
  readonly granted: boolean;
}

/**
 * @throws PortError `NO_PORT_AVAILABLE`, `NAME_HELD`, `INVALID_ADDRESS` for an address that this machine
 * does not have, and the errors of the store. The reason of an aborted signal.
 */
export async function acquire(world: World, request: Request): Promise<Acquired> {
  const began = world.clock.elapsed();
  for (;;) {
    const name = await lookUpName(world, request);
    if (name.busy) {
      if (world.clock.elapsed() - began > PATIENCE_MS) throw name.busy;
      await world.clock.sleep(POLL_MS * (0.5 + world.chance.random()), { signal: request.signal });
      continue;
    }
    if (name.lease) return { lease: name.lease, granted: false };
    const grant = new Grant(world, request, name);
    try {
      const lease = await grant.fill();
      if (lease) return { lease, granted: true };
    } catch (error) {
      // Should this fail too, the claims go with their holder; the first error says what is wrong.
      await grant.undo().catch(() => undefined);
      throw error;
    }
    // The name changed hands meanwhile: whoever has it now decides how this goes on.
    await grant.undo();
  }
}

/** What is known of the request's name. */
interface NameState {
  /** Another process or registry is at work for the same holder: what to say when that does not end. */
  readonly busy?: PortError<"NAME_HELD">;
  /** This very holder's living lease of that name, to be handed out again. */
  readonly lease?: LeaseFacts;
  /** The revision of the name's slot; 0: there is none. */
  readonly revision: number;
  /** The ports of the name's last holder, who is dead. */
  readonly formerPorts: readonly number[];
}

async function lookUpName(world: World, request: Request): Promise<NameState> {
  const { store, host } = world;
  const { name, holder, signal } = request;
  if (name === null) return { revision: 0, formerPorts: [] };
  const slot = (await store.read(host.scope, [nameKey(name)], { signal })).get(nameKey(name));
  const record = readName(slot);
  if (!slot || !record) return { revision: 0, formerPorts: [] };
  const keys = record.ports.map((port) => portKey(record.protocol, port));
  const slots = await store.read(host.scope, keys, { signal });
  const claims = [...slots.values()].flatMap(readClaims).filter(({ lease }) => lease === record.lease);
  const [claim] = claims;
  if (!claim || host.liveness(claim.holder) === "dead") {
    return { revision: slot.revision, formerPorts: record.ports };
  }
  const mine = sameProcess(claim.holder, holder);
  if (mine && record.granting) {
    if (host.liveness(record.granting) !== "dead") {
      const busy = nameHeld(name, record.ports, claim, false);
      return { busy, revision: slot.revision, formerPorts: [] };
    }
    // It died between the claim and the look at the kernel: nobody was told of the lease.
    await giveBack(world, { id: claim.lease, name, protocol: record.protocol, ports: record.ports });
    return await lookUpName(world, request);
  }
  if (!mine || !fits(request, claim, record.ports, record.protocol)) {
    throw nameHeld(name, record.ports, claim, mine);
  }
  const revision = Math.max(...claims.map((one) => one.revision));
  const lease: LeaseFacts = {
    id: claim.lease,
    name,
    ports: record.ports,
    protocol: record.protocol,
    address: claim.address,
    holder: claim.holder,
    grantedAt: claim.grantedAt,
    token: { epoch: store.epoch, revision },
  };
  return { lease, revision: slot.revision, formerPorts: [] };
}

/** Whether a lease of the name is what the request asks for. */
function fits(request: Request, claim: Claim, ports: readonly number[], protocol: string): boolean {
  return (
    protocol === request.protocol &&
    claim.address === request.address.text &&
    ports.length === request.count &&
    ports.every((port) => port === request.prefer || request.pool.has(port))
  );
}

/** One lease on its way: what it has claimed so far. */
class Grant {
  readonly #world: World;
  readonly #request: Request;
  readonly #candidates: Candidates;
  readonly #claim: Claim;
  readonly #refused = { stranger: 0, forbidden: 0 };
  #nameRevision: number;
  /** Ports that are claimed and that the kernel would give. */
  #ports: number[] = [];
  /** Every port that a commit was to claim, whatever became of it. */
  readonly #attempted = new Set<number>();
  /** Ports that are claimed but were refused by the kernel: the next commit gives them up. */
  #rejected: number[] = [];

  constructor(world: World, request: Request, name: NameState) {
    this.#world = world;
    this.#request = request;
    this.#candidates = new Candidates(world, request, name.formerPorts);
    this.#nameRevision = name.revision;
    this.#claim = {
      lease: world.chance.uniqueId(),
      name: request.name,
      address: request.address.text,
      holder: request.holder,
      grantedAt: world.clock.now(),
    };
  }

  /** Claims until the lease is full; `undefined` when another request took the name. */
  async fill(): Promise<LeaseFacts | undefined> {
    const { count, signal } = this.#request;
    let wanted: Candidate[] = [];
    for (;;) {
      throwIfAborted(signal);
      while (this.#ports.length + wanted.length < count) wanted.push(await this.#nextCandidate());
      const commit = await this.#commit(wanted);
      if (commit.committed) {
        await this.#look(wanted);
        wanted = [];
        if (this.#ports.length === count) {
          return (await this.#confirm()) ? this.#facts(commit.token) : undefined;
        }
      } else {
        const { changed } = commit;
        if (this.#request.name !== null && changed.includes(nameKey(this.#request.name))) return undefined;
        await this.#candidates.again(
          wanted.filter(({ key }) => changed.includes(key)).map(({ port }) => port),
        );
        wanted = wanted.filter(({ key }) => !changed.includes(key));
      }
    }
  }

  /** Gives back whatever was claimed. */
  async undo(): Promise<void> {
    const { name, protocol } = this.#request;
    await giveBack(this.#world, { id: this.#claim.lease, name, protocol, ports: [...this.#attempted] });
  }

  async #nextCandidate(): Promise<Candidate> {
    const candidate = await this.#candidates.next();
    if (candidate) return candidate;
    const refused: RefusalCounts = { leased: this.#candidates.leased, ...this.#refused };
    throw noPortAvailable(this.#request, refused, this.#candidates.leasedTo);
  }

  async #commit(wanted: readonly Candidate[]): ReturnType<World["store"]["commit"]> {
    const { store, host } = this.#world;
    const { name, protocol, signal } = this.#request;
    const changes: SlotChange[] = wanted.map((candidate) => addClaim(candidate, this.#claim));
    const rejected = await this.#readRejected();
    for (const slot of rejected) changes.push(dropClaims(slot, this.#claim.lease));
    if (name !== null) {
      const ports = [...this.#ports, ...wanted.map(({ port }) => port)];
      changes.push(
        this.#nameChange(name, { lease: this.#claim.lease, protocol, ports, granting: host.self }),
      );
    }
    for (const { port } of wanted) this.#attempted.add(port);
    const commit = await store.commit(host.scope, changes, { signal });
    if (commit.committed) {
      this.#rejected = wanted.map(({ port }) => port);
      this.#nameRevision = commit.token.revision;
    }
    return commit;
  }

  /** Writes that the name's lease is granted; false when the name was taken away meanwhile. */
  async #confirm(): Promise<boolean> {
    const { store, host } = this.#world;
    const { name, protocol, signal } = this.#request;
    if (name === null) return true;
    const record = { lease: this.#claim.lease, protocol, ports: this.#ports };
    return (await store.commit(host.scope, [this.#nameChange(name, record)], { signal })).committed;
  }

  #nameChange(name: string, record: NameRecord): SlotChange {
    return { key: nameKey(name), ifRevision: this.#nameRevision, value: writeName(record) };
  }

  async #readRejected(): Promise<Slot[]> {
    if (this.#rejected.length === 0) return [];
    const { store, host } = this.#world;
    const keys = this.#rejected.map((port) => portKey(this.#request.protocol, port));
    return [...(await store.read(host.scope, keys, { signal: this.#request.signal })).values()];
  }

  /** Moves the ports that the kernel would give from the rejected ones, where all new ones begin. */
  async #look(claimed: readonly Candidate[]): Promise<void> {
    const { signal, address } = this.#request;
    for (const { port } of claimed) {
      const verdict = await this.#world.host.look([this.#request.bindingAt(port)], { signal });
      if (verdict === "no-address") {
        const message = `\`address\`: this machine does not have the address ${address.text}`;
        throw new PortError("INVALID_ADDRESS", message, { input: address.text, position: 0 });
      }
      if (verdict === "free") {
        this.#rejected = this.#rejected.filter((other) => other !== port);
        this.#ports.push(port);
      } else {
        this.#refused[verdict]++;
      }
    }
  }

  #facts(token: Token): LeaseFacts {
    const { name, protocol } = this.#request;
    const { lease, address, holder, grantedAt } = this.#claim;
    return { id: lease, name, ports: this.#ports, protocol, address, holder, grantedAt, token };
  }
}
