// What a caller may ask for, checked: an AcquireOptions becomes a Request, or an error that names the option.

import { type AbortSignalLike, expectSignal, portKey, type ProcessIdentity } from "../contract/index.ts";
import { type Binding, bindingOf, IpAddress, PortError, PortSet, type Transport } from "../core/index.ts";
import { expectTransport } from "../core/binding.ts";
import {
  describe,
  expectBoolean,
  expectInteger,
  expectOptions,
  expectPort,
  expectString,
} from "../core/expect.ts";
import type { AcquireOptions, Ports } from "./options.ts";
import type { Scopes } from "./scattered.ts";
import { hostScope } from "./scope.ts";
import { expectSelection, type Selection } from "./selection.ts";
import { nameInRun } from "./test-run.ts";
import type { World } from "./world.ts";

const OPTIONS = [
  "name",
  "ports",
  "exclude",
  "prefer",
  "protocol",
  "address",
  "hosts",
  "count",
  "contiguous",
  "align",
  "selection",
  "for",
  "ttlMs",
  "hold",
  "kept",
  "quarantine",
  "wait",
  "per",
  "signal",
] as const satisfies readonly (keyof AcquireOptions)[];

/** A checked request. */
export interface Request {
  readonly name: string | null;
  readonly pool: PortSet;
  /** Whether the pool is the caller's own; else a name's ports need not be in it. */
  readonly saysPorts: boolean;
  readonly excluded: PortSet | null;
  readonly prefer: number | null;
  readonly protocols: readonly Transport[];
  /** Canonical texts of the addresses. */
  readonly addresses: readonly string[];
  /** The scopes that each port is leased in; `null`: the registry's own. */
  readonly scopes: Scopes;
  /** The names of those hosts. */
  readonly hosts: readonly string[];
  readonly count: number;
  /** Whether the count is the caller's own. */
  readonly saysCount: boolean;
  /** The first port of a block is a multiple of this; `null`: the ports need not be a block. */
  readonly align: number | null;
  readonly selection: Selection;
  readonly holder: ProcessIdentity;
  readonly ttlMs: number | null;
  readonly hold: boolean;
  readonly kept: boolean;
  readonly refusesQuarantined: boolean;
  readonly wait: boolean;
  readonly signal: AbortSignalLike | undefined;
  /** How many ports were left out of the pool, and why. */
  readonly leftOut: { readonly reserved: number; readonly excluded: number };
  /** What is leased of each port, by protocol. */
  bindingsAt(protocol: Transport, port: number): Binding[];
}

/** How long a name may be: it is shown in tables and kept in keys. */
const LONGEST_NAME = 200;
const MOST_PORTS = 1000;
/** The addresses of a request that names none. */
const WHOLE_PORT: readonly IpAddress[] = [IpAddress.parse("::")];
const TTL_MS = { shortest: 100, longest: 86_400_000 };

/**
 * @throws TypeError or RangeError for a misuse; PortError `INVALID_ADDRESS`, `INVALID_PORT`,
 * `INVALID_PORT_RANGE`, `UNKNOWN_PROTOCOL`, `PROCESS_NOT_FOUND`.
 */
export function checkRequest(call: string, options: AcquireOptions, world: World): Request {
  expectOptions(call, options, OPTIONS);
  expectSignal(options.signal);
  const { pool, excluded, leftOut } = checkPool(options, world);
  const prefer = options.prefer === undefined ? null : expectPort("prefer", options.prefer);
  if (prefer !== null && world.bounds && !world.bounds.has(prefer)) {
    const expected = `expected a port of this pool, which are ${String(world.bounds)}`;
    throw new RangeError(`\`prefer\`: ${expected}, received ${prefer}`);
  }
  if (prefer !== null && excluded?.has(prefer)) {
    throw new RangeError(`\`prefer\`: expected a port that \`exclude\` does not have, received ${prefer}`);
  }
  const count = expectInteger("count", options.count ?? 1, 1, MOST_PORTS);
  const align = checkBlock(options);
  const choices = pool.size + (prefer === null || pool.has(prefer) ? 0 : 1);
  if (count > choices) {
    throw new RangeError(`\`count\`: ${count} ports cannot come out of the ${choices} in \`ports\``);
  }
  const protocols = [...new Set(listOf("protocol", options.protocol ?? "tcp").map(expectTransport))];
  const addresses = options.address === undefined ? WHOLE_PORT : checkAddresses(options.address);
  const { name, holder } = checkHolder(options, world);
  const hosts = checkHosts(options, world);
  expectWithinLimits(world, count, protocols.length * Math.max(1, hosts.length));
  return {
    name,
    pool,
    saysPorts: options.ports !== undefined,
    excluded,
    prefer,
    protocols,
    addresses: addresses.map(({ text }) => text),
    count,
    scopes: hosts.length === 0 ? null : hosts.map(hostScope),
    hosts,
    saysCount: options.count !== undefined,
    align,
    selection: expectSelection(options.selection ?? (name === null ? anyPort(world) : "name"), name),
    holder,
    ttlMs: checkTtl(options),
    hold: expectBoolean("hold", options.hold ?? true),
    kept: checkKept(options, name),
    refusesQuarantined:
      expectChoice("quarantine", options.quarantine ?? "avoid", ["avoid", "refuse"]) === "refuse",
    wait: expectBoolean("wait", options.wait ?? false),
    signal: options.signal,
    leftOut,
    bindingsAt: (protocol, port) => addresses.map((address) => bindingOf({ protocol, address, port })),
  };
}

/** The order of a request that says none: where many machines are at work, those that ask together stay apart. */
function anyPort({ holders }: World): Selection {
  return holders.follow ? "apart" : "random";
}

/** @throws RangeError for more slots than the store can change in one commit. */
export function expectWithinLimits({ store }: Pick<World, "store">, ports: number, slotsEach: number): void {
  const limit = store.limits.changes;
  // The name, the session and the queue have slots of their own.
  const most = Math.floor((limit - 3) / slotsEach);
  if (ports <= most) return;
  throw new RangeError(
    `\`count\`: this store takes at most ${limit} changes in one commit, which is enough for ${most} of these ports, received ${ports}`,
  );
}

/** Whether a name may have a port of before again: it is one to choose from, or the caller does not say which. */
export function allows({ pool, saysPorts, excluded }: Request, port: number): boolean {
  return pool.has(port) || (!saysPorts && !excluded?.has(port));
}

/** The slots of a port of a request. */
export function portKeys({ protocols }: Pick<Request, "protocols">, port: number): string[] {
  return protocols.map((protocol) => portKey(protocol, port));
}

export function expectName(option: string, value: unknown): string {
  const name = expectString(option, value);
  const received = `received ${describe(value)}`;
  if (name === "" || name !== name.trim() || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) {
    throw new RangeError(`\`${option}\`: expected one line of text without blanks around it, ${received}`);
  }
  if (name.length > LONGEST_NAME) {
    throw new RangeError(
      `\`${option}\`: expected at most ${LONGEST_NAME} characters, received ${name.length}`,
    );
  }
  if (/^\d+$/u.test(name)) {
    throw new RangeError(`\`${option}\`: expected a name that cannot be taken for a port, ${received}`);
  }
  return name;
}

/** @throws PortError `PROCESS_NOT_FOUND`. */
export function expectProcess(option: string, pid: unknown, { host }: World): ProcessIdentity {
  const found = host.process(expectInteger(option, pid, 1, 2 ** 31 - 1));
  if (found) return found;
  throw new PortError("PROCESS_NOT_FOUND", `\`${option}\`: there is no process ${String(pid)}`, {
    pid: pid as number,
  });
}

function expectChoice<Choice extends string>(
  option: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  if (choices.includes(value as Choice)) return value as Choice;
  const expected = choices.map((choice) => JSON.stringify(choice)).join(" or ");
  throw new RangeError(`\`${option}\`: expected ${expected}, received ${describe(value)}`);
}

function checkPool(
  { ports, exclude }: AcquireOptions,
  { defaultPool, bounds }: World,
): Pick<Request, "pool" | "excluded" | "leftOut"> {
  const asked = ports === undefined ? defaultPool.ports : checkPorts("ports", ports);
  // Those of a request that names none are within them.
  const outside = bounds && ports !== undefined ? asked.without(bounds) : null;
  if (outside && outside.size > 0) {
    throw new RangeError(
      `\`ports\`: expected ports of this pool, which are ${String(bounds)}, received ${describe(ports)}`,
    );
  }
  const excludesNone = exclude === undefined || (Array.isArray(exclude) && exclude.length === 0);
  const excluded = excludesNone ? null : checkPorts("exclude", exclude);
  const pool = excluded ? asked.without(excluded) : asked;
  if (pool.size === 0 && asked.size > 0) {
    throw new RangeError(`\`exclude\`: it leaves no port of ${String(asked)}, received ${describe(exclude)}`);
  }
  const reserved = ports === undefined ? defaultPool.reserved : 0;
  return { pool, excluded, leftOut: { reserved, excluded: asked.size - pool.size } };
}

function checkPorts(option: string, ports: Ports): PortSet {
  if (ports instanceof PortSet) return ports;
  if (typeof ports === "string") return PortSet.parse(ports);
  if (typeof ports === "number") return PortSet.of([expectPort(option, ports)]);
  if (typeof ports === "object" && ports !== null && Symbol.iterator in ports) {
    return PortSet.of([...ports].map((port) => expectPort(option, port)));
  }
  throw new TypeError(
    `\`${option}\`: expected a port, text as in "3000-3999,!3306" or port numbers, received ${describe(ports)}`,
  );
}

function checkBlock({ contiguous, align }: AcquireOptions): number | null {
  const isBlock = expectBoolean("contiguous", contiguous ?? align !== undefined);
  const multiple = expectInteger("align", align ?? 1, 1, 65535);
  if (align !== undefined && !isBlock) {
    throw new RangeError("`align`: only contiguous ports can be aligned; leave `contiguous` out or set it");
  }
  return isBlock ? multiple : null;
}

function checkAddresses(address: NonNullable<AcquireOptions["address"]>): IpAddress[] {
  const addresses = listOf("address", address).map((one) =>
    bound(IpAddress.parse(expectString("address", one))),
  );
  return addresses.filter(({ text }, at) => addresses.findIndex((other) => other.text === text) === at);
}

/** The address as the kernel has it, so that two spellings of one are one lease. */
function bound(address: IpAddress): IpAddress {
  return (address.isLinkLocal ? address : address.withoutZone()).unmap();
}

function listOf<Item>(option: string, value: Item | readonly Item[]): readonly Item[] {
  const list = Array.isArray(value) ? (value as readonly Item[]) : [value as Item];
  if (list.length === 0) throw new RangeError(`\`${option}\`: expected at least one, received an empty list`);
  return list;
}

function checkHosts({ hosts, name, kept, per }: AcquireOptions, { store }: World): readonly string[] {
  if (hosts === undefined) return [];
  if (!store.expiring) throw new TypeError("`hosts`: belongs to a registry on an engine");
  if (!Array.isArray(hosts)) {
    throw new TypeError(`\`hosts\`: expected a list of names, received ${describe(hosts)}`);
  }
  if (name !== undefined || kept === true || per !== undefined) {
    throw new TypeError("`hosts`: a lease over hosts has no name; leave `name`, `kept` and `per` out");
  }
  return [...new Set(listOf<string>("hosts", hosts).map((one) => expectName("hosts", one)))];
}

function checkHolder(options: AcquireOptions, world: World): Pick<Request, "name" | "holder"> {
  const name = options.name === undefined ? null : expectName("name", options.name);
  const own = options.for === undefined ? world.host.self : expectProcess("for", options.for, world);
  if (options.per === undefined) return { name, holder: own };
  const per = expectChoice("per", options.per, ["worker", "run"]);
  if (name === null) throw new TypeError("`per`: expected together with `name`, received no name");
  if (options.for !== undefined) throw new TypeError("`per`: says who holds the lease; leave `for` out");
  const run = world.testRun();
  if (!run)
    throw new RangeError(
      `\`per\`: no run of a test runner is known here, by VITEST_POOL_ID, TEST_PARALLEL_INDEX or JEST_WORKER_ID in the environment; received ${describe(per)}`,
    );
  return { name: expectName("name", nameInRun(name, per, run)), holder: per === "run" ? run.process : own };
}

function checkTtl({ ttlMs, for: pid, per }: AcquireOptions): number | null {
  if (ttlMs === undefined) return null;
  if (per === "run") {
    throw new TypeError("`ttlMs`: a lease of a run lives with the run; leave `per` or `ttlMs` out");
  }
  if (pid !== undefined) {
    throw new TypeError("`ttlMs`: a lease lives with a process or for a time; leave `for` or `ttlMs` out");
  }
  return expectInteger("ttlMs", ttlMs, TTL_MS.shortest, TTL_MS.longest);
}

function checkKept({ kept }: AcquireOptions, name: string | null): boolean {
  const keep = expectBoolean("kept", kept ?? false);
  if (keep && name === null) throw new TypeError("`kept`: ports are kept for a name; give `name` too");
  return keep;
}
