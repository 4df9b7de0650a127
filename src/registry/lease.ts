/// <reference lib="esnext.disposable" preserve="true" />
// A lease as its holder has it.

import type { Abortable, PlatformSignal, ProcessIdentity, Token } from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import type { Term } from "./holders.ts";
import { sameProcess } from "./living.ts";
import { leaseLost, type LossReason } from "./refusals.ts";
import { isOver } from "./session.ts";
import type { World } from "./world.ts";

/** One use of a port that a lease grants. */
export interface Endpoint {
  readonly protocol: Transport;
  /** "::" is the whole port, on both families. */
  readonly address: string;
  readonly port: number;
}

/** What is known of a lease by those who have it. */
export interface LeaseFacts {
  /** Tells this lease from every other one, past and to come. */
  readonly id: string;
  /** The name it was asked for under, or `null`. */
  readonly name: string | null;
  /** At least one; in the order they were granted. */
  readonly ports: readonly number[];
  /** The hosts that each port is leased on, where several were asked for (`hosts`); else none. */
  readonly hosts: readonly string[];
  /** Each port is leased for all of these. */
  readonly protocols: readonly Transport[];
  /** The addresses it is leased on; "::" is the whole port, on both families. */
  readonly addresses: readonly string[];
  /** The process whose lease it is: with its end the lease ends, unless it has a time limit. */
  readonly holder: ProcessIdentity;
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  /** Grows with every grant of the registry: who is given a later one may turn an earlier one away. */
  readonly token: Token;
  /** For how many milliseconds it lives unless it is renewed; `null`: as long as its holder. */
  readonly ttlMs: number | null;
  /** Whether its holder holds the ports in the kernel too, by a socket on each. */
  readonly isHeldInKernel: boolean;
}

/**
 * Ports that are this holder's until it gives them back or its process ends, however it ends.
 *
 * @example
 * await using lease = await registry.acquire({ name: "web" });
 * server.listen(lease.port);
 */
export interface Lease extends LeaseFacts, AsyncDisposable {
  /** The first of `ports`. */
  readonly port: number;
  /** Every use of a port that is granted. */
  readonly endpoints: readonly Endpoint[];
  /**
   * Aborts, with a PortError `LEASE_LOST` as its reason, when the lease is not its holder's any more without
   * having been released through this object: its time limit passed, or it was transferred or taken away. The
   * time limit is noticed at the first turn of the process after it; the rest when somebody wants the port, or
   * at the next renewal.
   */
  readonly lost: PlatformSignal;
  /**
   * Whether the ports are the holder's, as far as can be said without asking the store: not released, not
   * known to be lost, not past the time limit. It looks at the clock at once, even where `lost` had no turn yet.
   */
  isValid(): boolean;
  /**
   * Gives the ports back, whoever else has a handle of the same lease. It never takes a later lease away: what
   * this one lost is left alone. Idempotent; a second call waits for the first.
   */
  release(): Promise<void>;
  /**
   * Hands the lease to another process, as a new lease with a new token, whose handle it returns: `lost` of
   * this one fires. The other process takes it up with `adopt`, when it has a name.
   *
   * @throws PortError `PROCESS_NOT_FOUND`; `LEASE_LOST` when it is not this holder's any more. TypeError when it is over
   * several hosts.
   */
  transfer(pid: number): Promise<Lease>;
  /**
   * Has the lease live on with another process when its holder ends, as that of `moorage run` does with its command.
   * That process is its heir from then on; another call names another one.
   *
   * @throws PortError `PROCESS_NOT_FOUND`; `LEASE_LOST` when it is not this holder's any more. TypeError when it
   * has a time limit, or is over several hosts.
   * @example
   * const child = spawn("npm", ["run", "dev"], { env: { ...process.env, PORT: String(lease.port) } });
   * await lease.leaveTo(child.pid);
   */
  leaveTo(pid: number): Promise<void>;
}

/** What a registry does for a lease object. */
export interface LeaseActions {
  release(lease: LeaseFacts): Promise<void>;
  transfer(lease: LeaseFacts, pid: number): Promise<Lease>;
  leaveTo(lease: LeaseFacts, pid: number): Promise<void>;
}

/** A lease object; what only its registry may do is static. */
export class HeldLease implements Lease {
  readonly id: string;
  readonly name: string | null;
  readonly port: number;
  readonly ports: readonly number[];
  readonly hosts: readonly string[];
  readonly protocols: readonly Transport[];
  readonly addresses: readonly string[];
  readonly holder: ProcessIdentity;
  readonly grantedAt: number;
  readonly token: Token;
  readonly ttlMs: number | null;
  readonly isHeldInKernel: boolean;
  readonly #world: World;
  readonly #actions: LeaseActions;
  readonly #term: Term;
  #lossReason: LossReason | undefined;
  /** Made when it is asked for: most leases are never asked. */
  #loss: Abortable | undefined;
  #releasing: Promise<void> | undefined;

  constructor(world: World, facts: LeaseFacts, term: Term, actions: LeaseActions) {
    this.id = facts.id;
    this.name = facts.name;
    this.port = facts.ports[0]!;
    this.ports = facts.ports;
    this.hosts = facts.hosts;
    this.protocols = facts.protocols;
    this.addresses = facts.addresses;
    this.holder = facts.holder;
    this.grantedAt = facts.grantedAt;
    this.token = facts.token;
    this.ttlMs = facts.ttlMs;
    this.isHeldInKernel = facts.isHeldInKernel;
    this.#world = world;
    this.#actions = actions;
    this.#term = term;
    Object.freeze(this);
  }

  get endpoints(): readonly Endpoint[] {
    return this.ports.flatMap((port) =>
      this.protocols.flatMap((protocol) => this.addresses.map((address) => ({ protocol, address, port }))),
    );
  }

  get lost(): PlatformSignal {
    this.#loss ??= this.#world.newAbortable();
    return this.#loss.signal;
  }

  isValid(): boolean {
    const { host, clock } = this.#world;
    if (this.#releasing || this.#lossReason) return false;
    if (isOver(clock, this.#term)) return false;
    return sameProcess(this.holder, host.self) || host.liveness(this.holder) !== "dead";
  }

  release(): Promise<void> {
    this.#releasing ??= this.#actions.release(this).catch((error: unknown) => {
      // Nobody waits for what was lost, only its record is tidied.
      if (this.#lossReason) return this.#tellLoss(this.#lossReason);
      // The next call may find the store usable again.
      this.#releasing = undefined;
      throw error;
    });
    return this.#releasing;
  }

  async transfer(pid: number): Promise<Lease> {
    this.#expectOneHost("transfer");
    this.#expectNotLost();
    return await this.#actions.transfer(this, pid);
  }

  async leaveTo(pid: number): Promise<void> {
    if (this.ttlMs !== null) {
      throw new TypeError("leaveTo: a lease with a time limit lives with no process, so it has no heir");
    }
    this.#expectOneHost("leaveTo");
    this.#expectNotLost();
    await this.#actions.leaveTo(this, pid);
  }

  #expectOneHost(call: string): void {
    if (this.hosts.length === 0) return;
    throw new TypeError(`${call}: a lease over several hosts is its own process's alone`);
  }

  #expectNotLost(): void {
    if (this.#lossReason !== undefined) throw leaseLost(this.ports, this.#lossReason);
    if (isOver(this.#world.clock, this.#term)) throw leaseLost(this.ports, "expired");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** Has `lost` fire, unless the lease is over already; while it is released, when that fails. For its registry. */
  static lose(lease: HeldLease, reason: LossReason): void {
    if (lease.#lossReason) return;
    lease.#lossReason = reason;
    if (!lease.#releasing) lease.#tellLoss(reason);
  }

  #tellLoss(reason: LossReason): void {
    this.#loss ??= this.#world.newAbortable();
    this.#loss.abort(leaseLost(this.ports, reason));
  }
}
