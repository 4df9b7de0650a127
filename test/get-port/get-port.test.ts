// getPort() beside the real get-port: the same calls in the same places, with the same results where they are to be
// alike; and what is different on purpose.

import theirGetPort, { clearLockedPorts as clearTheirs, portNumbers as theirPortNumbers } from "get-port";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";

import getPort, { clearLockedPorts, type Options, portNumbers } from "../../src/get-port/index.ts";
import { open, PortSet } from "../../src/node/index.ts";
import { occupy } from "../host/sockets.ts";
import { temporaryFolder } from "../stores/folder.ts";

/** Ports of no other test. */
const [A, B, C, D] = [17000, 17001, 17002, 17003] as const;

// Both let go of ports by timers that go on from one call to the next.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterAll(() => {
  vi.useRealTimers();
});
beforeEach(() => {
  vi.stubEnv("MOORAGE_DIR", temporaryFolder());
});
afterEach(async () => {
  await startAnew();
  clearTheirs();
  vi.unstubAllEnvs();
});

/** Has the next call open the registry of its test. */
async function startAnew(): Promise<void> {
  const place = globalThis as { [key: symbol]: { registry(): Promise<AsyncDisposable> } | undefined };
  const shared = Symbol.for("moorage.get-port");
  clearLockedPorts();
  await (await place[shared]?.registry())?.[Symbol.asyncDispose]();
  place[shared] = undefined;
}

interface Implementation {
  readonly getPort: (options?: object) => Promise<number>;
  readonly portNumbers: (from: number, to: number) => Iterable<number>;
  readonly clearLockedPorts: () => void;
}
const THEIRS: Implementation = {
  getPort: theirGetPort,
  portNumbers: theirPortNumbers,
  clearLockedPorts: clearTheirs,
};
const OURS: Implementation = { getPort, portNumbers, clearLockedPorts };

/** A port of the test, "another" one, or the kind of error. */
async function told(answer: () => Promise<number>): Promise<number | string> {
  try {
    const port = await answer();
    return port >= A && port <= D ? port : "another";
  } catch (error) {
    return (error as Error).name;
  }
}

/** Wishes without an end. */
function* forever(): Generator<number> {
  for (;;) yield* [A, B];
}

interface Case {
  readonly what: string;
  /** Where somebody listens, as "address port". */
  readonly taken?: readonly (readonly [address: string, port: number])[];
  readonly calls: (implementation: Implementation) => readonly (() => Promise<number>)[];
  readonly result: readonly (number | string)[];
}

const CASES: readonly Case[] = [
  {
    what: "without a wish it is any port, another one each time",
    calls: ({ getPort: get }) => [
      () => get(),
      () => get({}),
      () => get({ port: 0 }),
      () => get({ port: [] }),
    ],
    result: ["another", "another", "another", "another"],
  },
  {
    what: "a wish is granted once, and then it is another port",
    calls: ({ getPort: get }) => [() => get({ port: A }), () => get({ port: A })],
    result: [A, "another"],
  },
  {
    what: "of several wishes it is the first that is free, in the order of the list",
    calls: ({ getPort: get }) => Array.from({ length: 4 }, () => () => get({ port: [B, A, C] })),
    result: [B, A, C, "another"],
  },
  {
    what: "wishes can be any iterable",
    calls: ({ getPort: get }) => [
      () => get({ port: new Set([C]) }),
      () => get({ port: [D][Symbol.iterator]() }),
    ],
    result: [C, D],
  },
  {
    what: "wishes need not end",
    calls: ({ getPort: get }) => [() => get({ port: forever() }), () => get({ port: forever() })],
    result: [A, B],
  },
  {
    what: "a range is gone through upward",
    calls: ({ getPort: get, portNumbers: range }) =>
      Array.from({ length: 3 }, () => () => get({ port: range(A, C) })),
    result: [A, B, C],
  },
  {
    what: "a port that somebody listens on is passed over, on whatever address",
    taken: [
      ["127.0.0.1", A],
      ["::1", B],
      ["0.0.0.0", C],
    ],
    calls: ({ getPort: get }) => [() => get({ port: [A, B, C, D] })],
    result: [D],
  },
  {
    what: "with a host the port is to be free there and no more",
    taken: [["127.0.0.1", A]],
    calls: ({ getPort: get }) => [
      () => get({ port: A, host: "127.0.0.2" }),
      () => get({ port: [A, B], host: "127.0.0.1" }),
    ],
    result: [A, B],
  },
  {
    what: "a number is locked whatever the host",
    calls: ({ getPort: get }) => [
      () => get({ port: A, host: "127.0.0.1" }),
      () => get({ port: A, host: "127.0.0.2" }),
    ],
    result: [A, "another"],
  },
  {
    what: "a host can be a name, and an empty one is none",
    calls: ({ getPort: get }) => [
      () => get({ port: A, host: "localhost" }),
      () => get({ port: B, host: "" }),
    ],
    result: [A, B],
  },
  {
    what: "what is excluded is not taken, and what is no port may be excluded too",
    calls: ({ getPort: get }) => [
      () => get({ port: [A, B, C], exclude: [A, -1, 0, 70_000] }),
      () => get({ port: C, exclude: new Set([C]) }),
    ],
    result: [B, "another"],
  },
  {
    what: "cleared locks are free at once, reserved ones too",
    calls: ({ getPort: get, clearLockedPorts: clear }) => [
      () => get({ port: [A, B] }),
      () => get({ port: [A, B], reserve: true }),
      () => {
        clear();
        return get({ port: [A, B] });
      },
      () => get({ port: [A, B] }),
    ],
    result: [A, B, A, B],
  },
  {
    what: "options of listen() change nothing",
    calls: ({ getPort: get }) => [() => get({ port: A, backlog: 5, exclusive: true, ipv6Only: false })],
    result: [A],
  },
  {
    what: "what is no port is refused",
    calls: ({ getPort: get }) => [
      () => get({ port: -1 }),
      () => get({ port: 65_536 }),
      () => get({ port: 1.5 }),
      () => get({ port: [A + 0.5] }),
    ],
    result: ["RangeError", "RangeError", "RangeError", "RangeError"],
  },
  {
    what: "what cannot be excluded is refused",
    calls: ({ getPort: get }) => [
      () => get({ exclude: 17_000 }),
      () => get({ exclude: ["17000"] }),
      () => get({ exclude: [1.5] }),
    ],
    result: ["TypeError", "TypeError", "TypeError"],
  },
  {
    what: "a range that is none is refused",
    calls: ({ portNumbers: range }) =>
      [
        [1023, 2000],
        [2000, 65_536],
        [2000, 1999],
      ].map(
        ([from, to]) =>
          async () =>
            [...range(from!, to!)].length,
      ),
    result: ["RangeError", "RangeError", "RangeError"],
  },
];

describe.each<[string, Implementation]>([
  ["get-port", THEIRS],
  ["moorage/get-port", OURS],
])("%s", (_, implementation) => {
  it.each(CASES)("$what", async ({ taken = [], calls, result }) => {
    for (const [address, port] of taken) await occupy(address, port);
    const results: (number | string)[] = [];
    for (const call of calls(implementation)) results.push(await told(call));
    expect(results).toEqual(result);
  });

  it("tells the ports of a range, both ends included", () => {
    expect([...implementation.portNumbers(1024, 1027)]).toEqual([1024, 1025, 1026, 1027]);
    expect([...implementation.portNumbers(65_535, 65_535)]).toEqual([65_535]);
  });

  it("lets go of a port after 15 to 30 seconds, but not of a reserved one", async () => {
    await implementation.getPort({ port: A });
    await implementation.getPort({ port: B, reserve: true });
    const again = (): Promise<number | string> => told(() => implementation.getPort({ port: [A, B] }));
    vi.advanceTimersByTime(15_000);
    expect(await again()).toBe("another");
    vi.advanceTimersByTime(15_000);
    expect(await again()).toBe(A);
  });
});

describe("unlike get-port, getPort", () => {
  it.each<[string, () => Iterable<number>]>([
    ["a range of portNumbers()", () => portNumbers(A, B)],
    ["any PortSet", () => PortSet.parse("17000-17001")],
  ])("never leaves %s, and says what is in the way", async (_, range) => {
    await occupy("127.0.0.1", A);
    expect(await getPort({ port: range() })).toBe(B);
    await expect(getPort({ port: range() })).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      refused: { stranger: 1 },
    });
    await expect(getPort({ port: range(), exclude: [A] })).rejects.toThrow(
      "this process has locked all of 17000-17001, or they are excluded",
    );
    // A list that has the same ports is one of wishes.
    expect(await told(() => getPort({ port: [...range()] }))).toBe("another");
  });

  it("can go through a range more than once", async () => {
    const port = portNumbers(A, B);
    expect([await getPort({ port }), await getPort({ port })]).toEqual([A, B]);
  });

  it("leaves what is excluded out of the ports it falls back to", async () => {
    const exclude = PortSet.range(1, 65_535).without([22_010]);
    expect(await getPort({ exclude })).toBe(22_010);
    expect(await told(() => getPort({ port: A, exclude: portNumbers(A, D) }))).toBe("another");
  });

  it("gives no port that somebody leased, and leases its own", async () => {
    await using registry = await open();
    await registry.acquire({ ports: A });
    expect(await getPort({ port: [A, B] })).toBe(B);
    await expect(registry.acquire({ ports: B })).rejects.toMatchObject({
      refused: { leased: 1, holders: [{ pid: process.pid }] },
    });
  });

  it("falls back to ports that the kernel gives to nobody by itself", async () => {
    expect(await getPort()).toSatisfy((port: number) => port >= 20_000 && port <= 29_999);
  });

  it("gives one number to one of many calls at once, whatever their hosts", async () => {
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"];
    const ports = await Promise.all(hosts.map((host) => getPort({ port: portNumbers(A, D), host })));
    expect(new Set(ports)).toEqual(new Set([A, B, C, D]));
  });

  it.runIf(process.platform === "linux")(
    "holds a locked port in the kernel, unless it is told not to",
    async () => {
      await using registry = await open();
      await getPort({ port: A });
      await getPort({ port: B, hold: false });
      const held = (await registry.list()).map(({ ports, isHeldInKernel }) => [...ports, isHeldInKernel]);
      expect(new Map(held as [number, boolean][])).toEqual(
        new Map([
          [A, true],
          [B, false],
        ]),
      );
    },
  );

  it.each<[string, Options, ErrorConstructor, string]>([
    ["an option that is none", { prot: A } as Options, TypeError, "getPort: unknown option `prot`"],
    [
      "a text for a port",
      { port: "17000" } as unknown as Options,
      TypeError,
      "`port`: expected a port or an iterable",
    ],
    [
      "no number for a port",
      { port: NaN },
      RangeError,
      "`port`: expected a whole number from 1 to 65535, received NaN",
    ],
    [
      "a text in a list",
      { port: ["17000"] } as unknown as Options,
      TypeError,
      "`port`: expected a whole number",
    ],
    [
      "no boolean for one",
      { reserve: 1 } as unknown as Options,
      TypeError,
      "`reserve`: expected true or false",
    ],
    [
      "no signal for one",
      { signal: 1 } as unknown as Options,
      TypeError,
      "`signal`: expected an AbortSignal",
    ],
  ])("refuses %s by its name", async (_, options, kind, message) => {
    const call = getPort(options);
    await expect(call).rejects.toThrow(kind);
    await expect(call).rejects.toThrow(message);
  });

  it.each<[from: unknown, to: unknown, kind: ErrorConstructor, option: string]>([
    ["2000", 2001, TypeError, "from"],
    [2000, undefined, TypeError, "to"],
    [1024.5, 2000, RangeError, "from"],
    [2000, Infinity, RangeError, "to"],
  ])("takes no range from %s to %s", (from, to, kind, option) => {
    const call = (): Iterable<number> => portNumbers(from as number, to as number);
    expect(call).toThrow(kind);
    expect(call).toThrow(`\`${option}\`: expected`);
  });

  it("is called off by a signal", async () => {
    const reason = new Error("enough");
    await expect(getPort({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it("finds a store that could not be opened before", async () => {
    const directory = temporaryFolder();
    vi.stubEnv("MOORAGE_DIR", "/dev/null/state");
    await expect(getPort()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    vi.stubEnv("MOORAGE_DIR", directory);
    expect(await getPort()).toBeTypeOf("number");
  });
});
