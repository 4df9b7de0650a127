// Telling others that something changed: by NOTIFY, of which each channel stands for a scope.
//
// A transaction that notifies keeps all others that do waiting until it is on the disk. So a commit does not: a moment
// later another transaction, which has nothing to write, tells what was committed, once in some milliseconds. What a process
// that was killed did not tell is found by looking (feed.ts).

import { createHash } from "node:crypto";
import type { Clock } from "../../contract/index.ts";
import type { Line } from "./line.ts";
import type { SchemaName } from "./schema-name.ts";

/** Short beside what anybody waits for, and long beside a commit. */
const EVERY_MS = 10;

/** The channel of a scope; the server makes the same name, see procedures.ts. */
export function channelOf({ name }: SchemaName, scope: string): string {
  return `moorage_${createHash("md5").update(`${name}/${scope}`).digest("hex")}`;
}

export class Notices {
  readonly #line: Line;
  readonly #schema: SchemaName;
  readonly #clock: Clock;
  /** The scopes of which commits were not told. */
  readonly #owed = new Set<string>();
  #isPaying = false;

  constructor(line: Line, schema: SchemaName, clock: Clock) {
    this.#line = line;
    this.#schema = schema;
    this.#clock = clock;
  }

  /** Something was committed in these scopes, and is to be told. */
  owe(scopes: Iterable<string>): void {
    for (const scope of scopes) this.#owed.add(scope);
    if (!this.#isPaying) void this.#payAll();
  }

  /** Tells what is owed. */
  async pay(): Promise<void> {
    if (this.#owed.size === 0) return;
    const channels = [...this.#owed].map((scope) => channelOf(this.#schema, scope));
    this.#owed.clear();
    const text = "SELECT pg_notify(c, '') FROM unnest($1::text[]) AS a (c)";
    // Who watches finds it all the same.
    await this.#line.run((link, withinMs) => link.query(text, [channels], withinMs)).catch(() => {});
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
