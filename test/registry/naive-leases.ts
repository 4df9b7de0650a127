// Leases as one would write them down on paper: who has which ports, under which name, until when.

export interface Ask {
  readonly name: string | undefined;
  readonly ports: readonly number[];
  readonly count: number;
  readonly kept: boolean;
  readonly ttlMs: number | undefined;
}

export interface NaiveLease {
  readonly name: string | undefined;
  readonly ports: readonly number[];
  readonly pid: number;
  readonly ttlMs: number | undefined;
  readonly grantedAt: number;
  /** When its process died that has a time limit. */
  endsAt: number;
}

/** What a request is to come to; `among`: any `count` of these. */
export type Expected =
  { readonly found: NaiveLease } | { readonly among: readonly number[] } | { readonly refused: string };

export class NaiveLeases {
  now = 0;
  #leases: NaiveLease[] = [];
  readonly kept = new Map<string, readonly number[]>();

  living(): NaiveLease[] {
    return this.#leases.filter(({ endsAt }) => endsAt > this.now);
  }

  ask(pid: number, { name, ports, count, kept, ttlMs }: Ask): Expected {
    const isMany = (some: readonly number[]): boolean =>
      some.length === count && some.every((port) => ports.includes(port));
    const named = name === undefined ? undefined : this.living().find((lease) => lease.name === name);
    if (named) {
      const fits = isMany(named.ports) && (named.ttlMs === undefined) === (ttlMs === undefined);
      if (named.pid !== pid || !fits) return { refused: "NAME_HELD" };
      if (kept) this.kept.set(name!, named.ports);
      return { found: named };
    }
    const own = name === undefined ? undefined : this.kept.get(name);
    if (own) return isMany(own) ? { among: own } : { refused: "NAME_KEPT" };
    const taken = new Set([
      ...this.living().flatMap((lease) => lease.ports),
      ...[...this.kept.values()].flat(),
    ]);
    const free = ports.filter((port) => !taken.has(port));
    return free.length >= count ? { among: free } : { refused: "NO_PORT_AVAILABLE" };
  }

  grant(pid: number, { name, kept, ttlMs }: Ask, ports: readonly number[]): NaiveLease {
    const lease = { name, ports, pid, ttlMs, grantedAt: this.now, endsAt: Infinity };
    this.#leases.push(lease);
    if (kept) this.kept.set(name!, ports);
    return lease;
  }

  release(lease: NaiveLease): void {
    this.#leases = this.#leases.filter((other) => other !== lease);
  }

  transfer(lease: NaiveLease, pid: number): NaiveLease {
    this.release(lease);
    return this.grant(pid, { ...lease, count: 0, kept: false, ttlMs: undefined }, lease.ports);
  }

  /** With a process end its leases; those with a time limit live on until that, counted from the last renewal. */
  die(pid: number): void {
    for (const lease of this.#leases) {
      if (lease.pid !== pid || lease.endsAt !== Infinity) continue;
      const { ttlMs, grantedAt } = lease;
      if (ttlMs === undefined) lease.endsAt = this.now;
      else {
        const renewals = Math.floor((this.now - grantedAt) / (ttlMs / 3));
        lease.endsAt = grantedAt + (renewals * ttlMs) / 3 + ttlMs;
      }
    }
  }
}
