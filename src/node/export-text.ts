// The text of an export: lines of JSON, first what it is and of how many slots, then one slot a line.

import { describe } from "../core/expect.ts";
import { PortSet } from "../core/index.ts";
import { expectReadable, type MovedSlot } from "../registry/moving.ts";

/** The version of the text. A program reads this one and those before it. */
const VERSION = 1;
/** The next one is one that every store can have: PostgreSQL's are 32-bit numbers. */
const GREATEST_EPOCH = 2 ** 31 - 2;

interface Header {
  readonly moorage: "export";
  readonly version: number;
  /** That of the tokens that were given so far. */
  readonly epoch: number;
  /** The scope of the registry that exported. */
  readonly scope: string;
  /** The ports of that scope, where it is a pool. */
  readonly ports?: string | undefined;
  /** How many lines follow, each a slot. */
  readonly slots: number;
}

/** What an export says. */
export interface Exported extends Pick<Header, "epoch" | "scope"> {
  /** The ports of that scope, where it is a pool. */
  readonly ports: PortSet | undefined;
  readonly slots: readonly MovedSlot[];
}

export function writeExport({ epoch, scope, ports, slots }: Exported): string {
  const header: Header = {
    moorage: "export",
    version: VERSION,
    epoch,
    scope,
    ports: ports && String(ports),
    slots: slots.length,
  };
  return [header, ...slots].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** @throws RangeError for text that is no export, not whole, or of a newer version; PortError for a damaged record. */
export function readExport(text: string): Exported {
  const [first, ...rest] = text.split("\n").filter((line) => line.trim() !== "");
  const header = json(first ?? "", 1) as Partial<Header>;
  if (header.moorage !== "export" || typeof header.version !== "number") {
    throw new RangeError("`text`: expected what `moorage export` wrote, received something else");
  }
  if (header.version > VERSION) {
    throw new RangeError(
      `\`text\`: expected an export of version ${VERSION} at most, received ${header.version}; use the newer version of Moorage`,
    );
  }
  const { epoch, scope, ports, slots: count } = header as Header;
  const areNumbers = [epoch, count].every((number) => Number.isSafeInteger(number) && number >= 0);
  if (!areNumbers || typeof scope !== "string" || !["string", "undefined"].includes(typeof ports)) {
    throw new RangeError(
      "`text`: expected the epoch, the scope and the number of slots in line 1, received others",
    );
  }
  if (epoch > GREATEST_EPOCH) {
    throw new RangeError(
      `\`text\`: expected an epoch of at most ${GREATEST_EPOCH} in line 1, received ${epoch}`,
    );
  }
  const slots = rest.map((line, at) => slotOf(json(line, at + 2), at + 2));
  if (slots.length !== count) {
    throw new RangeError(
      `\`text\`: expected as many slots as line 1 says, ${count}, received ${slots.length}; it is not whole, and nothing was imported`,
    );
  }
  expectOnce(slots);
  expectReadable(slots);
  return { epoch, scope, ports: ports === undefined ? undefined : PortSet.parse(ports), slots };
}

function json(line: string, number: number): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // As below.
  }
  throw new RangeError(`\`text\`: expected an object in JSON in line ${number}, received ${describe(line)}`);
}

function slotOf(value: object, number: number): MovedSlot {
  const { scope, key, value: text } = value as Partial<MovedSlot>;
  if ([scope, key, text].every(isText)) return value as MovedSlot;
  throw new RangeError(
    `\`text\`: expected a scope, a key and a value in line ${number}, texts without NUL, received others`,
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string" && !value.includes("\0");
}

/** Of two lines for one slot, as of two exports in one file, neither is the right one. */
function expectOnce(slots: readonly MovedSlot[]): void {
  const lines = new Map<string, number>();
  for (const [at, { scope, key }] of slots.entries()) {
    const slot = `${scope}\0${key}`;
    const before = lines.get(slot);
    if (before !== undefined) {
      throw new RangeError(
        `\`text\`: expected each slot once, received ${JSON.stringify(key)} in lines ${before} and ${at + 2}`,
      );
    }
    lines.set(slot, at + 2);
  }
}
