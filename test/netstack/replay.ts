// The recorded cases of test/fixtures/netstack.json, and how to replay them.
//
// The cases speak the original's language; here each step becomes calls of the public surface. A `dump` of
// all holds is met when releasing just these leaves every port free. Other steps that look at the original's
// insides have no counterpart and are counted.

import { readFileSync } from "node:fs";
import { PortError } from "../../src/core/errors.ts";
import type { PortTester, Reservation } from "../../src/netstack/index.ts";
import type { Ports } from "./naive-ports.ts";
import { flagsOf } from "./reservations.ts";

interface Endpoint {
  readonly nets: number[];
  readonly proto: number;
  readonly addr: string;
  readonly port: number;
  readonly flags?: number;
  /** The one flag of the 2019 version. */
  readonly reuse?: boolean;
  readonly device?: number;
  readonly dest?: { readonly addr: string; readonly port: number };
}

interface Args extends Endpoint {
  /** Where the search starts, counted from the first port, modulo the length of the range. */
  readonly offset?: number;
  readonly test?: TesterWords;
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly count: number;
  readonly seq: readonly (readonly ["add" | "drop", number])[];
  readonly mask: number;
}

/** The holds of one address, port, device and destination, in a dump. */
interface Entry extends Omit<Endpoint, "nets"> {
  readonly net: number;
  /** The count of each combination of flags, or of the 2019 version's one flag. */
  readonly refs: number | readonly number[];
}

interface TesterWords {
  readonly all?: boolean;
  readonly accept?: readonly number[];
  readonly reject?: readonly number[];
  readonly error_at?: readonly number[];
  readonly error_all?: boolean;
}

interface Step {
  readonly op: string;
  readonly args?: Args;
  readonly expect: Readonly<Record<string, unknown>>;
}

export interface Case {
  readonly suites: readonly string[];
  readonly name: string;
  readonly quirk?: boolean;
  readonly steps: readonly Step[];
}

/** A step whose outcome is not the recorded one. */
interface Difference {
  readonly step: number;
  readonly op: string;
  readonly expected: unknown;
  readonly received: unknown;
  readonly args?: unknown;
}

interface Replay {
  readonly differences: readonly Difference[];
  /** The steps that were left out, by operation. */
  readonly skipped: Readonly<Record<string, number>>;
}

type Reply = Readonly<Record<string, unknown>>;

const FILE = new URL("../fixtures/netstack.json", import.meta.url);

export const CASES: readonly Case[] = (JSON.parse(readFileSync(FILE, "utf8")) as { cases: Case[] }).cases;

export function caseNamed(suite: string, name: string): Case {
  const found = CASES.find((one) => one.name === name && one.suites.includes(suite));
  if (!found) throw new Error(`no case ${name} of ${suite}`);
  return found;
}

/** Plays a case on what `make` makes, and compares outcomes with the recorded ones. */
export function replay(one: Case, make: (random: () => number) => Ports): Replay {
  const differences: Difference[] = [];
  const skipped: Record<string, number> = {};
  playAll(one.steps, make, (step, { op, args, expect }, reply) => {
    if (op === "dump") {
      const copy = playAll(one.steps.slice(0, step), make);
      const entries = expect["entries"] as Entry[];
      if (holdsJust(copy, entries, one.steps)) return;
      differences.push({ step, op, expected: entries, received: "other holds" });
    } else if (reply === undefined) {
      skipped[op] = (skipped[op] ?? 0) + 1;
    } else if (!matches(reply, expect)) {
      differences.push({ step, op, expected: expect, received: reply, args });
    }
  });
  return { differences, skipped };
}

/** What the steps were played on last; `seen` gets the reply of each. */
function playAll(
  steps: readonly Step[],
  make: (random: () => number) => Ports,
  seen?: (index: number, step: Step, reply: Reply | undefined) => void,
): Ports {
  let offset = 0;
  const random = (): number => {
    const { first, last } = ports.portRange();
    const count = last - first + 1;
    return ((offset % count) + 0.5) / count;
  };
  let ports = make(random);
  for (const [index, step] of steps.entries()) {
    if (step.op === "new") {
      ports = make(random);
      continue;
    }
    offset = step.args?.offset ?? 0;
    const reply = play(ports, step.op, step.args);
    seen?.(index, step, reply);
  }
  return ports;
}

/** Releases the holds one by one, each of which must be there, and looks whether anything is left. */
function holdsJust(ports: Ports, entries: readonly Entry[], steps: readonly Step[]): boolean {
  const isFree = (network: number, transport: number, port: number): boolean =>
    ports.isPortAvailable({ networks: [network], transport, address: "", port });
  for (const { net, proto, refs, reuse, ...rest } of entries) {
    const counts = typeof refs === "number" ? (reuse ? [0, 0, refs] : [refs]) : refs;
    for (const [flags, count] of counts.entries()) {
      const reservation = reservationOf({ ...rest, nets: [net], proto, flags });
      for (let i = 0; i < count; i++) {
        if (isFree(net, proto, rest.port)) return false;
        ports.releasePort(reservation);
      }
    }
  }
  const named = steps.flatMap(({ args, expect }) => [args?.port, expect["port"]]);
  const numbers = new Set(named.filter((port): port is number => typeof port === "number" && port > 0));
  return steps.every(({ args }) =>
    (args?.nets ?? []).every((net) => [...numbers].every((port) => isFree(net, args!.proto, port))),
  );
}

function play(ports: Ports, op: string, args: Args | undefined): Reply | undefined {
  if (op === "get_range") {
    const { first, last } = ports.portRange();
    return { start: first, end: last };
  }
  if (args === undefined) return undefined;
  switch (op) {
    case "reserve": {
      const { test, reply } = listen(args.test);
      return reply(() => ports.reservePort(reservationOf(args), test));
    }
    case "reserve_tuple":
      return { ok: ports.reserveTuple(reservationOf(args)) };
    case "available":
      return { available: ports.isPortAvailable(reservationOf(args)) };
    case "release":
      for (const reservation of releasesOf(args)) ports.releasePort(reservation);
      return { ok: true };
    case "pick": {
      const { test, reply } = listen(args.test ?? {});
      return reply(() => ports.pickEphemeralPort(test!));
    }
    case "pick_at":
      ports.setPortRange(args.first, args.first + args.count - 1);
      return play(ports, "pick", args);
    case "set_range":
      ports.setPortRange(args.start, args.end);
      return { ok: true };
    default:
      return undefined;
  }
}

function reservationOf(args: Endpoint): Reservation {
  const { nets, proto, addr, port, flags, reuse, device, dest } = args;
  return {
    networks: nets,
    transport: proto,
    address: addr,
    port,
    flags: reuse === undefined ? flagsOf(flags ?? 0) : { loadBalanced: reuse },
    bindToDevice: device,
    destination: dest && { address: dest.addr, port: dest.port },
  };
}

/** The 2019 version's release names no flag: whichever of the two kinds is held goes. */
function releasesOf(args: Args): Reservation[] {
  if (args.flags !== undefined) return [reservationOf(args)];
  return [reservationOf({ ...args, reuse: false }), reservationOf({ ...args, reuse: true })];
}

/** A tester that keeps a record of what it was asked, and the reply of a call that used it. */
function listen(words: TesterWords | undefined): {
  test: PortTester | undefined;
  reply: (call: () => number) => Reply;
} {
  const trace: number[] = [];
  const thrown = new Error("bad buffer");
  const test: PortTester | undefined =
    words &&
    ((port) => {
      trace.push(port);
      if (words.error_all || words.error_at?.includes(port)) throw thrown;
      return (
        words.all ?? words.accept?.includes(port) ?? (words.reject ? !words.reject.includes(port) : false)
      );
    });
  const codes = new Map<string, string>([["PORT_IN_USE", "in_use"]]).set("NO_PORT_AVAILABLE", "none");
  const reply = (call: () => number): Reply => {
    try {
      return { port: call(), calls: trace.length, trace };
    } catch (error) {
      const code = error === thrown ? "custom" : PortError.is(error) ? codes.get(error.code) : undefined;
      if (code === undefined) throw error;
      return { port: 0, code, calls: trace.length, trace };
    }
  };
  return { test, reply };
}

/** Whether each expected field is met; the words of errors are not compared, the code says the same. */
function matches(reply: Reply, expected: Reply): boolean {
  return Object.entries(expected).every(([field, value]) => {
    if (field === "err") return (value === null) === (reply["code"] === undefined);
    if (isBounds(value)) return Number(reply[field]) >= value.min && Number(reply[field]) <= value.max;
    return JSON.stringify(reply[field]) === JSON.stringify(value);
  });
}

function isBounds(value: unknown): value is { min: number; max: number } {
  return typeof value === "object" && value !== null && "min" in value && "max" in value;
}
