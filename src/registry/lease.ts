/// <reference lib="esnext.disposable" preserve="true" />
// A lease as its holder has it.

import type { ProcessIdentity, Token } from "../contract/index.ts";
import type { Transport } from "../core/index.ts";

/**
 * Ports that are this holder's until it gives them back or its process ends, however it ends.
 *
 * @example
 * await using lease = await registry.acquire({ name: "web" });
 * server.listen(lease.port);
 */
export interface Lease extends AsyncDisposable {
  /** Tells this lease from every other one, past and to come. */
  readonly id: string;
  /** The name it was asked for under, or `null`. */
  readonly name: string | null;
  /** The first of `ports`. */
  readonly port: number;
  /** At least one. */
  readonly ports: readonly number[];
  /** The protocol of all its ports. */
  readonly protocol: Transport;
  /** The address it is leased on; "::" is the whole port, on both families. */
  readonly address: string;
  /** The process whose lease it is: with its end the lease ends. */
  readonly holder: ProcessIdentity;
  /** Milliseconds since the Unix epoch. */
  readonly grantedAt: number;
  /** Grows with every grant of the registry: who is given a later one may turn an earlier one away. */
  readonly token: Token;
  /**
   * Gives the ports back, whoever else has a handle of the same lease. Idempotent; a second call waits for
   * the first.
   */
  release(): Promise<void>;
}

export type LeaseFacts = Omit<Lease, "port" | "release" | typeof Symbol.asyncDispose>;

/** The handle of a lease that the store has; `giveBack` gives it back, once unless it fails. */
export function leaseHandle(facts: LeaseFacts, giveBack: () => Promise<void>): Lease {
  let releasing: Promise<void> | undefined;
  const release = (): Promise<void> =>
    (releasing ??= giveBack().catch((error: unknown) => {
      // The next call may find the store usable again.
      releasing = undefined;
      throw error;
    }));
  return Object.freeze({ ...facts, port: facts.ports[0]!, release, [Symbol.asyncDispose]: release });
}
