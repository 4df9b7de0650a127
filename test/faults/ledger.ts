// Who held what and when, put together from the lines that processes wrote and from the times of their deaths.
//
// All times are of the machine's monotonic clock. A lease counts from when its process was told of it until
// it began to give it back, until its holder was killed, or, with a time limit, until it was last seen valid:
// never longer than it was held. So two leases of a port that overlap here were a port granted twice.

import { readFileSync } from "node:fs";

interface Line {
  readonly event: "grant" | "adopt" | "end" | "valid" | "keep" | "give up" | "error";
  readonly at: string;
  readonly lease?: string;
  readonly name?: string | null;
  readonly ports?: readonly number[];
  readonly protocols?: readonly string[];
  readonly ttl?: boolean;
  readonly holder?: number;
  readonly error?: string;
}

interface Stay {
  readonly key: string;
  readonly lease: string;
  readonly name: string | null;
  readonly holder: string;
  readonly from: bigint;
  until: bigint;
}

interface KeptPorts {
  readonly name: string;
  readonly ports: readonly number[];
  readonly keys: readonly string[];
  readonly from: bigint;
  until: bigint;
}

const FOREVER = 2n ** 63n;

export class Ledger {
  readonly errors: string[] = [];
  readonly #stays: Stay[] = [];
  readonly #kept = new Map<string, KeptPorts>();
  /** When each process was killed, by pid: one that came round is another one, told apart by its birth. */
  readonly #deaths: { pid: number; born: bigint; died: bigint }[] = [];
  #grants = 0;

  get grants(): number {
    return this.#grants;
  }

  died(pid: number, born: bigint, died: bigint): void {
    this.#deaths.push({ pid, born, died });
  }

  /** Adds the lines of a process that is dead. A line that was cut off is not there. */
  read(path: string): void {
    const texts = readFileSync(path, "utf8").split("\n").slice(0, -1);
    const open = new Map<string, Stay[]>();
    for (const text of texts) {
      const line = JSON.parse(text) as Line;
      const at = BigInt(line.at);
      const { lease = "", name = null, ports = [], protocols = [], holder = 0 } = line;
      const keys = ports.flatMap((port) => protocols.map((protocol) => `${protocol}/${port}`));
      switch (line.event) {
        case "grant":
        case "adopt": {
          this.#grants++;
          const until = line.ttl ? at : FOREVER;
          const stays = keys.map((key): Stay => ({ key, lease, name, holder: `${holder}`, from: at, until }));
          open.set(lease, stays);
          this.#stays.push(...stays);
          break;
        }
        case "end":
          // A lease with a time limit was last seen valid before.
          for (const stay of open.get(lease) ?? []) if (stay.until > at) stay.until = at;
          break;
        case "valid":
          for (const stay of open.get(lease) ?? []) stay.until = at;
          break;
        case "keep":
          this.#kept.set(name!, { name: name!, ports, keys, from: at, until: FOREVER });
          break;
        case "give up":
          this.gaveUp(name!, at);
          break;
        case "error":
          this.errors.push(line.error ?? "");
          break;
        default:
          line.event satisfies never;
      }
    }
  }

  gaveUp(name: string, at: bigint): void {
    const kept = this.#kept.get(name);
    if (kept && kept.until > at) kept.until = at;
  }

  /** What names keep, as far as they were told so, now. */
  keptNow(): { readonly name: string; readonly ports: readonly number[] }[] {
    return [...this.#kept.values()].filter(({ until }) => until === FOREVER);
  }

  /** Ports that two held at once, and ports that somebody else got while a name kept them. */
  violations(): string[] {
    const found: string[] = [];
    const byKey = new Map<string, Stay[]>();
    for (const stay of this.#stays) {
      const { died } = this.#deaths
        .filter(({ pid, born }) => String(pid) === stay.holder && born <= stay.from)
        .reduce((last, death) => (death.born > last.born ? death : last), { born: -1n, died: FOREVER });
      if (stay.until > died) stay.until = died;
      if (stay.until <= stay.from) continue;
      byKey.set(stay.key, [...(byKey.get(stay.key) ?? []), stay]);
    }
    for (const [key, stays] of byKey) {
      stays.sort((a, b) => (a.from < b.from ? -1 : 1));
      let last: Stay | undefined;
      for (const stay of stays) {
        // A process that adopts what it was given has two leases of it for a moment, one after the other.
        const isAdoption = last?.holder === stay.holder && last.name !== null && last.name === stay.name;
        if (last && last.until > stay.from && !isAdoption) {
          found.push(`${key}: ${describe(last)} and ${describe(stay)}`);
        }
        if (!last || stay.until > last.until || isAdoption) last = stay;
      }
    }
    for (const kept of this.#kept.values()) {
      for (const key of kept.keys) {
        for (const stay of byKey.get(key) ?? []) {
          if (stay.name === kept.name || stay.from < kept.from || stay.from >= kept.until) continue;
          found.push(`${key}: kept for ${kept.name}, granted to ${describe(stay)}`);
        }
      }
    }
    return found;
  }
}

function describe({ lease, name, holder, from, until }: Stay): string {
  return `${name ?? lease} of ${holder} from ${from} to ${until}`;
}
