// How likely each free port is: chi-square tests with a fixed seed, over a fragmented range.

import { describe, expect, it } from "vitest";
import { IPV4, PortManager, TCP } from "../../src/netstack/index.ts";

const FIRST = 20000;
const SIZE = 100;
const DRAWS = 100_000;
const reservation = { networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 0 };

/** Long runs of taken ports, short ones, and none; the last run goes round to the start. */
const FREE = [3, 4, 20, 21, 22, 40, 70, 71, 90, 95].map((offset) => FIRST + offset);

describe("over a fragmented range", () => {
  it("random finds each free port as often as RFC 6056 algorithm 1 does", () => {
    const likelihoods = FREE.map((port, index) => {
      const before = FREE[index - 1] ?? FREE.at(-1)! - SIZE;
      return (port - before) / SIZE;
    });
    expect(chiSquare(draw("random"), likelihoods)).toBeLessThan(CRITICAL);
    // The test can tell the two apart: these draws are far from uniform.
    expect(chiSquare(draw("random"), uniform())).toBeGreaterThan(100 * CRITICAL);
  });

  it("uniform finds each free port as often as any other", () => {
    expect(chiSquare(draw("uniform"), uniform())).toBeLessThan(CRITICAL);
  });

  it("uniform finds the last free port, and then says that there is none", () => {
    const manager = fragmented("uniform", [FIRST + 57]);
    expect(manager.reservePort(reservation)).toBe(FIRST + 57);
    expect(() => manager.reservePort(reservation)).toThrow("no port from 20000 to 20099");
  });

  it("uniform goes on upward where the tester refuses, and offers each free port once", () => {
    const manager = fragmented("uniform", FREE);
    const offered: number[] = [];
    const refuse = (port: number): boolean => offered.push(port) > FREE.length;
    expect(() => manager.reservePort(reservation, refuse)).toThrow("no port");
    const start = FREE.indexOf(offered[0]!);
    expect(offered).toEqual([...FREE.slice(start), ...FREE.slice(0, start)]);
  });

  it("uniform shares a port as flags allow when none is free", () => {
    const manager = fragmented("uniform", []);
    const shared = { ...reservation, transport: 17, flags: { loadBalanced: true } };
    for (let port = FIRST; port < FIRST + SIZE; port++) manager.reservePort({ ...shared, port });
    expect(manager.reservePort(shared)).toBeGreaterThanOrEqual(FIRST);
  });
});

it("an unknown selection is refused", () => {
  const selection = "lottery" as "random";
  expect(() => new PortManager({ selection })).toThrow(
    new RangeError('`selection`: expected "random" or "uniform", received the string "lottery"'),
  );
});

/** The 0.999 quantile of chi-square with nine degrees of freedom: one seed in a thousand would be beyond it. */
const CRITICAL = 27.88;

function uniform(): number[] {
  return FREE.map(() => 1 / FREE.length);
}

function draw(selection: "random" | "uniform"): number[] {
  const manager = fragmented(selection, FREE);
  const counts = new Map(FREE.map((port) => [port, 0]));
  for (let i = 0; i < DRAWS; i++) {
    const port = manager.reservePort(reservation);
    counts.set(port, counts.get(port)! + 1);
    manager.releasePort({ ...reservation, port });
  }
  return [...counts.values()];
}

function chiSquare(counts: readonly number[], likelihoods: readonly number[]): number {
  return counts.reduce((sum, count, index) => {
    const expected = likelihoods[index]! * DRAWS;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}

/** A manager of a range where only `free` ports are free. */
function fragmented(selection: "random" | "uniform", free: readonly number[]): PortManager {
  const manager = new PortManager({ random: mulberry32(20261122), selection });
  manager.setPortRange(FIRST, FIRST + SIZE - 1);
  for (let port = FIRST; port < FIRST + SIZE; port++) {
    if (!free.includes(port)) manager.reservePort({ ...reservation, port });
  }
  return manager;
}

/** A small generator with a fixed seed, good enough for such a test. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
