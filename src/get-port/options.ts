// The options of getPort(), checked: which ports are wished for, in which order, and where they are looked for.

import { lookup } from "node:dns/promises";
import type { ListenOptions } from "node:net";
import { PortSet } from "../core/index.ts";
import {
  describe,
  expectBoolean,
  expectOptions,
  expectPort,
  expectString,
  MAX_PORT,
  MIN_PORT,
} from "../core/expect.ts";

/**
 * The options of get-port, and `hold`. Those of `server.listen()` may be there, as they may in get-port; `signal`
 * calls the search off, the others change nothing.
 */
export type Options = Omit<ListenOptions, "port" | "host"> & {
  /**
   * A port, or several in the order they are wished for; when none of them is free, it is another one. A range of
   * `portNumbers()`, or any `PortSet`, is strict: nothing comes from outside it.
   */
  readonly port?: number | Iterable<number> | undefined;
  /** Ports that are not wanted. @default none */
  readonly exclude?: Iterable<number> | undefined;
  /**
   * Whether the port stays locked as long as the process lives, and not for 15 to 30 seconds. @default false
   */
  readonly reserve?: boolean | undefined;
  /** The address, or the name of one, that the port is to be free on. @default every address of both families */
  readonly host?: string | undefined;
  /**
   * Whether a locked port is held in the kernel too, as `hold` of `acquire()`. Leave it off for a server that does
   * not set SO_REUSEADDR. @default true
   */
  readonly hold?: boolean | undefined;
};

const OPTIONS = [
  "port",
  "exclude",
  "reserve",
  "host",
  "hold",
  "signal",
  "backlog",
  "exclusive",
  "ipv6Only",
  "path",
  "readableAll",
  "reusePort",
  "writableAll",
];

/** What a checked call asks for. */
export interface Wanted {
  /** The wishes in their order, in sets that are each to be gone through upward. Read once. */
  readonly wishes: Iterable<PortSet>;
  /** The only ports it may be, or `undefined`: any. */
  readonly range: PortSet | undefined;
  readonly excluded: ReadonlySet<number>;
  readonly reserve: boolean;
  readonly hold: boolean;
  readonly address: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** @throws TypeError or RangeError that names the option; the error of a look-up for a host that has no address. */
export async function checkOptions(options: Options): Promise<Wanted> {
  expectOptions("getPort", options, OPTIONS);
  const { port, exclude, reserve, host, hold, signal } = options;
  const excluded = exclude === undefined ? new Set<number>() : checkExcluded(exclude);
  const range = port instanceof PortSet ? port : undefined;
  return {
    wishes: range ? [] : ascendingRuns(checkWishes(port)),
    range,
    excluded,
    reserve: expectBoolean("reserve", reserve ?? false),
    hold: expectBoolean("hold", hold ?? true),
    address: host ? (await lookup(expectString("host", host))).address : undefined,
    signal,
  };
}

function checkWishes(port: unknown): Iterable<number> {
  if (port === undefined || port === 0) return [];
  if (typeof port === "number") return [expectPort("port", port)];
  if (isIterable(port)) return port as Iterable<number>;
  throw new TypeError(`\`port\`: expected a port or an iterable of ports, received ${describe(port)}`);
}

function checkExcluded(exclude: unknown): Set<number> {
  if (!isIterable(exclude)) {
    throw new TypeError(`\`exclude\`: expected an iterable of ports, received ${describe(exclude)}`);
  }
  const excluded = new Set<number>();
  for (const port of exclude) {
    if (!Number.isSafeInteger(port)) {
      throw new TypeError(`\`exclude\`: expected whole numbers, received ${describe(port)}`);
    }
    excluded.add(port as number);
  }
  return excluded;
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

/** A list cut where it does not go upward: what can be asked for at once. It need not end. A 0 is no wish. */
function* ascendingRuns(ports: Iterable<number>): Generator<PortSet> {
  let run: number[] = [];
  for (const port of ports) {
    if (port === 0) continue;
    expectPort("port", port);
    if (run.length > 0 && port <= run.at(-1)!) {
      yield PortSet.of(run);
      run = [];
    }
    run.push(port);
  }
  if (run.length > 0) yield PortSet.of(run);
}

/** The ports of a set that are in none of these; it may be empty. */
export function outside(ports: PortSet, ...others: readonly Iterable<number>[]): PortSet {
  return others.reduce<PortSet>((rest, other) => rest.without([...other].filter(isPort)), ports);
}

/** get-port takes any whole number for one to leave out. */
export function isPort(port: number): boolean {
  return port >= MIN_PORT && port <= MAX_PORT;
}
