// Misuse: each wrong value is refused with an error that names the option and the value, and changes nothing.

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { PortError, PortSet } from "../../src/core/index.ts";
import { createRegistry, holdersByHost, type LeaseInfo, type Registry } from "../../src/registry/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { Machine } from "./world.ts";

// One registry serves all rows: none of them may change it.
let registry: Registry;
let before: LeaseInfo[];

beforeAll(async () => {
  const machine = new Machine();
  const world = {
    store: await memory({ changes: 900 }).open(),
    scope: "default",
    host: machine.hostOf(1),
    clock: machine.time.clockOf(1),
    chance: { random: Math.random, uniqueId: () => String(++machine.ids) },
    newAbortable: () => new AbortController(),
    defaultPool: { ports: PortSet.range(100, 109), reserved: 0 },
    quarantineMs: 2000,
    testRun: () => undefined,
  };
  registry = createRegistry({ ...world, holders: holdersByHost(world) });
  await registry.acquire({ name: "held", ports: 50 });
  before = await registry.list();
});

afterAll(async () => {
  await registry.close();
});

type Kind = typeof TypeError | typeof RangeError | PortError["code"];

/** What a call was refused with, and the leases that there are after it. */
async function refusalOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const kind = PortError.is(error) ? error.code : error.constructor;
    return { kind, message: error.message, leases: await registry.list() };
  }
  throw new Error("not refused");
}

function refusal(kind: Kind, message: string): unknown {
  return { kind, message: expect.stringContaining(message) as string, leases: before };
}

const PORT = "expected a whole number from 1 to 65535";
const ONE_LINE = "`name`: expected one line of text without blanks around it, received the string";
const OPTIONS =
  "known are name, ports, exclude, prefer, protocol, address, hosts, count, contiguous, align, selection, for, ttlMs, hold, kept, quarantine, wait, per, signal";

const requests: readonly (readonly [unknown, Kind, string])[] = [
  [null, TypeError, "acquire: expected an options object, received null"],
  ["web", TypeError, 'acquire: expected an options object, received the string "web"'],
  [3000, TypeError, "acquire: expected an options object, received 3000"],
  [{ port: 3000 }, TypeError, `acquire: unknown option \`port\`; ${OPTIONS}`],
  [{ Name: "web" }, TypeError, "acquire: unknown option `Name`"],
  [{ ports: "3000", timeout: 5 }, TypeError, "acquire: unknown option `timeout`"],
  [{ force: undefined }, TypeError, "acquire: unknown option `force`"],

  [{ ports: 0 }, RangeError, `\`ports\`: ${PORT}, received 0`],
  [{ ports: -1 }, RangeError, `\`ports\`: ${PORT}, received -1`],
  [{ ports: 65536 }, RangeError, `\`ports\`: ${PORT}, received 65536`],
  [{ ports: 1.5 }, RangeError, `\`ports\`: ${PORT}, received 1.5`],
  [{ ports: Number.NaN }, RangeError, `\`ports\`: ${PORT}, received NaN`],
  [{ ports: Infinity }, RangeError, `\`ports\`: ${PORT}, received Infinity`],
  [{ ports: [3000, 0] }, RangeError, `\`ports\`: ${PORT}, received 0`],
  [{ ports: [65536] }, RangeError, `\`ports\`: ${PORT}, received 65536`],
  [{ ports: ["80"] }, TypeError, `\`ports\`: ${PORT}, received the string "80"`],
  [{ ports: [null] }, TypeError, `\`ports\`: ${PORT}, received null`],
  [{ ports: [] }, "INVALID_PORT_RANGE", "no port is left"],
  [{ ports: "" }, "INVALID_PORT", 'invalid port "": expected a digit'],
  [{ ports: "0" }, "INVALID_PORT", 'invalid port "0": 0 is not from 1 to 65535'],
  [{ ports: "-1" }, "INVALID_PORT", 'invalid port "-1"'],
  [{ ports: "65536" }, "INVALID_PORT", 'invalid port "65536": 65536 is not from 1 to 65535'],
  [{ ports: "1.5" }, "INVALID_PORT", 'invalid port "1.5": "." is not a digit (at position 1)'],
  [{ ports: "NaN" }, "INVALID_PORT", 'invalid port "NaN"'],
  [{ ports: "3000 " }, "INVALID_PORT", 'invalid port "3000 ": " " is not a digit (at position 4)'],
  [{ ports: "3000\n" }, "INVALID_PORT", 'invalid port "3000\\n"'],
  [{ ports: "3999-3000" }, "INVALID_PORT_RANGE", 'invalid port range "3999-3000": 3999 is larger than 3000'],
  [{ ports: "50,3999-3000" }, "INVALID_PORT_RANGE", "3999 is larger than 3000"],
  [{ ports: "!3000" }, "INVALID_PORT_RANGE", 'invalid ports "!3000"'],
  [{ ports: "3000,!3000" }, "INVALID_PORT_RANGE", "no port is left"],
  [
    { ports: PortSet.of([1]).without([1]) },
    RangeError,
    "`count`: 1 ports cannot come out of the 0 in `ports`",
  ],
  [{ ports: null }, TypeError, "`ports`: expected a port, text as in"],
  [{ ports: true }, TypeError, "received true"],
  [{ ports: { first: 1, last: 2 } }, TypeError, "`ports`: expected a port, text as in"],
  [{ ports: 80n }, TypeError, "received the bigint 80"],

  [{ prefer: 0 }, RangeError, `\`prefer\`: ${PORT}, received 0`],
  [{ prefer: -1 }, RangeError, `\`prefer\`: ${PORT}, received -1`],
  [{ prefer: 65536 }, RangeError, `\`prefer\`: ${PORT}, received 65536`],
  [{ prefer: 1.5 }, RangeError, `\`prefer\`: ${PORT}, received 1.5`],
  [{ prefer: Number.NaN }, RangeError, `\`prefer\`: ${PORT}, received NaN`],
  [{ prefer: "80" }, TypeError, `\`prefer\`: ${PORT}, received the string "80"`],
  [{ prefer: null }, TypeError, `\`prefer\`: ${PORT}, received null`],
  [{ prefer: [80] }, TypeError, `\`prefer\`: ${PORT}, received an array`],

  [{ count: 0 }, RangeError, "`count`: expected a whole number from 1 to 1000, received 0"],
  [{ count: 1001, ports: "1-65535" }, RangeError, "from 1 to 1000, received 1001"],
  [{ count: 1.5 }, RangeError, "`count`: expected a whole number from 1 to 1000, received 1.5"],
  [{ count: Number.NaN }, RangeError, "received NaN"],
  [{ count: "2" }, TypeError, '`count`: expected a whole number from 1 to 1000, received the string "2"'],
  [{ count: 3, ports: "50-51" }, RangeError, "`count`: 3 ports cannot come out of the 2 in `ports`"],
  [
    { count: 4, ports: "50-51", prefer: 9 },
    RangeError,
    "`count`: 4 ports cannot come out of the 3 in `ports`",
  ],

  [{ protocol: "icmp" }, "UNKNOWN_PROTOCOL", 'expected tcp or udp, received the string "icmp"'],
  [{ protocol: "TCP" }, "UNKNOWN_PROTOCOL", 'received the string "TCP"'],
  [{ protocol: 6 }, "UNKNOWN_PROTOCOL", "received 6"],
  [{ protocol: "" }, "UNKNOWN_PROTOCOL", 'received the string ""'],

  [{ address: "localhost" }, "INVALID_ADDRESS", '"localhost"'],
  [{ address: "127.0.0.256" }, "INVALID_ADDRESS", '"127.0.0.256"'],
  [{ address: "127.0.0.1:80" }, "INVALID_ADDRESS", '"127.0.0.1:80"'],
  [{ address: "" }, "INVALID_ADDRESS", '""'],
  [{ address: 127 }, TypeError, "`address`: expected a string, received 127"],

  [{ name: "" }, RangeError, `${ONE_LINE} ""`],
  [{ name: " " }, RangeError, `${ONE_LINE} " "`],
  [{ name: " web" }, RangeError, `${ONE_LINE} " web"`],
  [{ name: "web\n" }, RangeError, `${ONE_LINE} "web\\n"`],
  [{ name: "web\nadmin" }, RangeError, `${ONE_LINE} "web\\nadmin"`],
  [{ name: "web\0" }, RangeError, `${ONE_LINE} "web\\u0000"`],
  [{ name: "web\u001b[2J" }, RangeError, `${ONE_LINE} "web\\u001b[2J"`],
  [{ name: "web\u2028admin" }, RangeError, ONE_LINE],
  [{ name: "half a ship \ud83d" }, RangeError, `${ONE_LINE} "half a ship \\ud83d"`],
  [{ name: "x".repeat(201) }, RangeError, "`name`: expected at most 200 characters, received 201"],
  [
    { name: "3000" },
    RangeError,
    '`name`: expected a name that cannot be taken for a port, received the string "3000"',
  ],
  [{ name: 3000 }, TypeError, "`name`: expected a string, received 3000"],
  [{ name: null }, TypeError, "`name`: expected a string, received null"],

  [{ exclude: 0 }, RangeError, `\`exclude\`: ${PORT}, received 0`],
  [{ ports: 60, exclude: "1-100" }, RangeError, "`exclude`: it leaves no port of 60, received the string"],
  [{ protocol: [] }, RangeError, "`protocol`: expected at least one, received an empty list"],
  [{ address: [] }, RangeError, "`address`: expected at least one, received an empty list"],
  [{ contiguous: 1 }, TypeError, "`contiguous`: expected true or false, received 1"],
  [{ align: 0 }, RangeError, "`align`: expected a whole number from 1 to 65535, received 0"],
  [{ align: 2, contiguous: false }, RangeError, "`align`: only contiguous ports can be aligned"],
  [
    { selection: "first" },
    RangeError,
    "`selection`: expected one of name, random, apart, uniform, next-fit, first-fit",
  ],
  [{ selection: "name" }, TypeError, '`selection`: "name" goes by the name; give `name` too'],
  [{ ttlMs: 99 }, RangeError, "`ttlMs`: expected a whole number from 100 to 86400000, received 99"],
  [{ ttlMs: 1000, for: 2 }, TypeError, "`ttlMs`: a lease lives with a process or for a time"],
  [{ kept: true }, TypeError, "`kept`: ports are kept for a name; give `name` too"],
  [{ quarantine: "no" }, RangeError, '`quarantine`: expected "avoid" or "refuse", received the string "no"'],
  [{ wait: "yes" }, TypeError, '`wait`: expected true or false, received the string "yes"'],
  [{ signal: 1 }, TypeError, "`signal`: expected an AbortSignal, received 1"],
  [{ ports: "1-999", count: 898 }, RangeError, "`count`: this store takes at most 900 changes in one commit"],

  [{ for: 0 }, RangeError, "`for`: expected a whole number from 1 to 2147483647, received 0"],
  [{ for: -1 }, RangeError, "received -1"],
  [{ for: 1.5 }, RangeError, "received 1.5"],
  [{ for: "1" }, TypeError, '`for`: expected a whole number from 1 to 2147483647, received the string "1"'],
  [{ for: 10_000 }, "PROCESS_NOT_FOUND", "`for`: there is no process 10000"],
];

describe("acquire refuses", () => {
  it.each(requests)("%o as %s: %s", async (options, kind, message) => {
    expect(await refusalOf(() => registry.acquire(options as object))).toEqual(refusal(kind, message));
  });

  it("a name whose holder asks for something impossible under it", async () => {
    const refused = await refusalOf(() => registry.acquire({ name: "held", ports: 0 }));
    expect(refused).toEqual(refusal(RangeError, "`ports`"));
  });
});

describe("list refuses", () => {
  it.each<[unknown, string]>([
    [null, "list: expected an options object, received null"],
    ["web", 'list: expected an options object, received the string "web"'],
    [{ name: "web" }, "list: unknown option `name`; known are signal"],
  ])("%j: %s", async (options, message) => {
    expect(await refusalOf(() => registry.list(options as object))).toEqual(refusal(TypeError, message));
  });
});

const releases: readonly (readonly [unknown, unknown, Kind, string])[] = [
  [0, undefined, RangeError, `\`target\`: ${PORT}, received 0`],
  [-1, undefined, RangeError, "received -1"],
  [65536, undefined, RangeError, `\`target\`: ${PORT}, received 65536`],
  [1.5, undefined, RangeError, `\`target\`: ${PORT}, received 1.5`],
  [Number.NaN, undefined, RangeError, `\`target\`: ${PORT}, received NaN`],
  [
    "50",
    undefined,
    RangeError,
    '`target`: expected a name that cannot be taken for a port, received the string "50"',
  ],
  [
    "",
    undefined,
    RangeError,
    '`target`: expected one line of text without blanks around it, received the string ""',
  ],
  ["held\n", undefined, RangeError, 'received the string "held\\n"'],
  [undefined, undefined, TypeError, "`target`: expected a string, received undefined"],
  [null, undefined, TypeError, "`target`: expected a string, received null"],
  [["held"], undefined, TypeError, "`target`: expected a string, received an array"],
  ["held", null, TypeError, "release: expected an options object, received null"],
  ["held", true, TypeError, "release: expected an options object, received true"],
  ["held", { Force: true }, TypeError, "release: unknown option `Force`; known are force, signal"],
  ["held", { force: "yes" }, TypeError, '`force`: expected true or false, received the string "yes"'],
  ["held", { force: 1 }, TypeError, "`force`: expected true or false, received 1"],
  ["web", undefined, "LEASE_NOT_FOUND", 'no lease has the name "web"'],
  [51, undefined, "LEASE_NOT_FOUND", "no lease has port 51"],
];

describe("release refuses", () => {
  it.each(releases)("%j with %j as %s: %s", async (target, options, kind, message) => {
    const refused = await refusalOf(() => registry.release(target as string, options as undefined));
    expect(refused).toEqual(refusal(kind, message));
  });
});
