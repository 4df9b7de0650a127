// Random histories of an OSAllocator beside strangers that come and go, against a model that is as plain as
// possible: lists of who has what, and a walk over every port of the range.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { PortError } from "../../src/core/errors.ts";
import { PortAllocator } from "../../src/portallocator/index.ts";
import { type HostPort, type HostProtocol, OSAllocator } from "../../src/portallocator/os/index.ts";
import { occupy } from "../host/sockets.ts";
import { freeRange } from "./free-range.ts";

const LENGTH = 4;

interface Use {
  readonly protocol: HostProtocol;
  readonly port: number;
  readonly ips: readonly string[];
}

interface Open extends Use {
  close(): Promise<void>;
}

/** Whether two uses are in each other's way: of one port, on one address of one family. */
function meet(a: Use, b: Use): boolean {
  if (a.protocol !== b.protocol || a.port !== b.port) return false;
  return a.ips.some((one) => b.ips.some((other) => overlap(one, other)));
}

function overlap(one: string, other: string): boolean {
  if (one.includes(":") !== other.includes(":")) return false;
  return one === other || [one, other].some((ip) => ip === "0.0.0.0" || ip === "::");
}

const protocol = fc.constantFrom<HostProtocol>("tcp", "tcp", "udp");
const at = fc.nat({ max: LENGTH - 1 });
const ips = fc.constantFrom<readonly string[]>(
  ["0.0.0.0", "::"],
  ["127.0.0.1"],
  ["127.0.0.2", "127.0.0.1", "::1"],
  ["::1"],
  ["::", "127.0.0.1"],
);
/** A stranger on "::" has both families, as Node's servers do by default. */
const strangerIps = fc.constantFrom<readonly string[]>(
  ["0.0.0.0"],
  ["127.0.0.1"],
  ["127.0.0.2"],
  ["::1"],
  ["::", "0.0.0.0"],
);

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ call: fc.constant("stranger" as const), protocol, at, ips: strangerIps }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ call: fc.constant("request" as const), protocol, ips, exact: fc.option(at) }),
  },
  { weight: 4, arbitrary: fc.record({ call: fc.constant("close" as const), which: fc.nat() }) },
);

describe("any history of requests and strangers", () => {
  it("grants what the plain model has free, and refuses when it has nothing", async () => {
    expect.hasAssertions();
    const { begin, end } = await freeRange(LENGTH);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: "max" }), async (steps) => {
        const open: Open[] = [];
        const allocator = new OSAllocator(new PortAllocator({ begin, end }));
        const isFree = (use: Use): boolean => !open.some((other) => meet(other, use));
        try {
          for (const call of steps) {
            if (call.call === "close") {
              const [gone] = open.splice(call.which % Math.max(open.length, 1), 1);
              await gone?.close();
              continue;
            }
            if (call.call === "stranger") {
              const use = { protocol: call.protocol, port: begin + call.at, ips: call.ips };
              if (isFree(use)) open.push(await comeIn(use));
              continue;
            }
            const { protocol: of, ips: on } = call;
            const [first, last] =
              call.exact === null ? [begin, end] : [begin + call.exact, begin + call.exact];
            const free = range(first, last).filter((port) => isFree({ protocol: of, ips: on, port }));
            const refusal = first === last ? "PORT_IN_USE" : "NO_PORT_AVAILABLE";
            const outcome = await attempt(allocator.requestPortsInRange(on, of, first, last));
            expect(outcome.code ?? free.includes(outcome.granted.port)).toBe(free.length > 0 || refusal);
            const { granted } = outcome;
            if (granted) {
              open.push({ protocol: of, ips: on, port: granted.port, close: () => granted.release() });
            }
          }
        } finally {
          for (const one of open) await one.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

async function comeIn(use: Use): Promise<Open> {
  const stranger = await occupy(use.ips[0]!, use.port, use.protocol);
  return { ...use, close: () => stranger.close() };
}

type Outcome =
  | { readonly granted: HostPort; readonly code?: undefined }
  | { readonly granted?: undefined; readonly code: string };

async function attempt(request: Promise<HostPort>): Promise<Outcome> {
  try {
    return { granted: await request };
  } catch (error) {
    if (PortError.is(error)) return { code: error.code };
    throw error;
  }
}

function range(begin: number, end: number): number[] {
  return Array.from({ length: end - begin + 1 }, (_, index) => begin + index);
}
