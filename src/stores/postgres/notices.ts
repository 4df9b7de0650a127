// Telling others that something changed: by NOTIFY, of which each channel stands for a scope.
//
// A transaction that notifies keeps all others that do waiting until it is on the disk. So a commit does not: a moment
// later another transaction, which has nothing to write, tells what was committed. Who follows a scope is about to look at
// it, and its look tells that too (feed.ts); for scopes that nobody follows here, or when that takes long, it is a statement
// once in some milliseconds. What a process that was killed did not tell is found by looking.

import { createHash } from "node:crypto";
import type { Clock } from "../../contract/index.ts";
import type { Line } from "./line.ts";
import type { SchemaName } from "./schema-name.ts";

/** Short beside what anybody waits for, and long beside a commit. */
const EVERY_MS = 10;

/** Long beside a look. */
const LATE_MS = 50;

/** Another one with each commit, so that one that came while it was told is not taken for told. */
interface Debt {
  /** By the clock's `elapsed`. */
  readonly since: number;
}

/** By scope. */
export type Owed = ReadonlyMap<string, Debt>;

export interface NoticesOptions {
  readonly line: Line;
  readonly schema: SchemaName;
  readonly clock: Clock;
  /** Told from all others; see `Chance.uniqueId`. */
  readonly teller: string;
}

/** The channel of a scope; the server makes the same name, see procedures.ts. */
export function channelOf({ name }: SchemaName, scope: string): string {
  return `moorage_${createHash("md5").update(`${name}/${scope}`).digest("hex")}`;
}

export class Notices {
  /** As whom this process tells. */
  readonly teller: string;
  readonly #line: Line;
  readonly #schema: SchemaName;
  readonly #clock: Clock;
  /** The scopes of which commits were not told. */
  readonly #owed = new Map<string, Debt>();
  /** By scope: has it looked at. */
  readonly #carriers = new Map<string, () => void>();
  #isPaying = false;

  constructor({ line, schema, clock, teller }: NoticesOptions) {
    this.#line = line;
    this.#schema = schema;
    this.#clock = clock;
    this.teller = teller;
  }

  /** Something was committed in these scopes, and is to be told. */
  owe(scopes: Iterable<string>): void {
    for (const scope of scopes) {
      const { since } = this.#owed.get(scope) ?? { since: this.#clock.elapsed() };
      this.#owed.set(scope, { since });
      this.#carriers.get(scope)?.();
    }
    this.#begin();
  }

  /** From now on, who is woken so for a scope looks at it, and tells what is owed. */
  carry(scope: string, wake: () => void): void {
    this.#carriers.set(scope, wake);
  }

  /** Somebody else may carry the scope already. */
  drop(scope: string, wake: () => void): void {
    if (this.#carriers.get(scope) === wake) this.#carriers.delete(scope);
  }

  /** What is owed now and carried: to be settled by who has told it. */
  carried(): Owed {
    return new Map([...this.#owed].filter(([scope]) => this.#carriers.has(scope)));
  }

  /** It was told. What came meanwhile is owed from now on. */
  settle(told: Owed): void {
    for (const [scope, debt] of told) {
      const known = this.#owed.get(scope);
      if (known === debt) this.#owed.delete(scope);
      else if (known) this.#owed.set(scope, { since: this.#clock.elapsed() });
    }
  }

  /** Tells what is owed. */
  async pay(owed: Owed = new Map(this.#owed)): Promise<void> {
    if (owed.size === 0) return;
    const text = `SELECT ${this.#schema.identifier}.tell($1, $2)`;
    const told = [[...owed.keys()], this.teller];
    // Who watches finds it all the same.
    await this.#line.run((link, withinMs) => link.query(text, told, withinMs)).catch(() => {});
    this.settle(owed);
  }

  #begin(): void {
    if (!this.#isPaying) void this.#payAll();
  }

  async #payAll(): Promise<void> {
    this.#isPaying = true;
    while (this.#owed.size > 0) {
      const due = this.#due();
      await this.pay(due);
      await this.#clock.sleep(due.size > 0 ? EVERY_MS : LATE_MS, { background: true });
    }
    this.#isPaying = false;
  }

  /** What nobody carries, and what whoever carries it has not told in time: its connection may stand still. */
  #due(): Owed {
    const lateSince = this.#clock.elapsed() - LATE_MS;
    const due = [...this.#owed].filter(
      ([scope, { since }]) => !this.#carriers.has(scope) || since <= lateSince,
    );
    return new Map(due);
  }
}
