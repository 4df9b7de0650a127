// Telling others that something changed: by NOTIFY, of which each channel stands for a scope.
//
// A transaction that notifies keeps all others that do waiting until it is on the disk. So a commit does not: a moment
// later another transaction, which has nothing to write, tells what was committed. Who follows a scope is about to look at
// it, and its look tells that too (feed.ts); for scopes that nobody follows here, it is a statement once in some
// milliseconds. What a process that was killed did not tell is found by looking.

import { createHash } from "node:crypto";
import type { Clock } from "../../contract/index.ts";
import type { Line } from "./line.ts";
import type { SchemaName } from "./schema-name.ts";

/** Short beside what anybody waits for, and long beside a commit. */
const EVERY_MS = 10;

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
  readonly #owed = new Set<string>();
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
    let isCarried = false;
    for (const scope of scopes) {
      this.#owed.add(scope);
      const wake = this.#carriers.get(scope);
      if (!wake) continue;
      wake();
      isCarried = true;
    }
    if (!isCarried) this.#begin();
  }

  /** From now on, who is woken so for a scope looks at it, and tells what is owed. */
  carry(scope: string, wake: () => void): void {
    this.#carriers.set(scope, wake);
  }

  drop(scope: string): void {
    this.#carriers.delete(scope);
    if (this.#owed.size > 0) this.#begin();
  }

  /** The scopes that are owed, for who tells them. */
  take(): string[] {
    const owed = [...this.#owed];
    this.#owed.clear();
    return owed;
  }

  /** Tells what is owed. */
  async pay(): Promise<void> {
    if (this.#owed.size === 0) return;
    const told = [this.take(), this.teller];
    const text = `SELECT ${this.#schema.identifier}.tell($1, $2)`;
    // Who watches finds it all the same.
    await this.#line.run((link, withinMs) => link.query(text, told, withinMs)).catch(() => {});
  }

  #begin(): void {
    if (!this.#isPaying) void this.#payAll();
  }

  async #payAll(): Promise<void> {
    this.#isPaying = true;
    while (this.#owed.size > 0) {
      await this.pay();
      await this.#clock.sleep(EVERY_MS, { background: true });
    }
    this.#isPaying = false;
  }
}
