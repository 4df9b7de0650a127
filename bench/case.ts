// What a case of the benchmark is.

import type { Side } from "./implementations.ts";

/** How a line is judged; see docs/benchmarks.md. */
export type Bar =
  | { readonly kind: "none" }
  | { readonly kind: "time"; readonly ns: number; readonly ofYardstick: number }
  /** `over` is a case of the same group. */
  | { readonly kind: "growth"; readonly over: string; readonly times: number };

/**
 * A case makes its world for one side and returns an operation, which is done `n` times and returns, now or
 * later, a number made of its results, so that no work can be left out.
 */
export interface Case {
  readonly id: string;
  readonly of: string;
  readonly title: string;
  readonly bar: Bar;
  /** Operations in one of the `n`, for lines whose unit is a port of a whole range. */
  readonly operationsPerRun?: number;
  readonly prepare: (side: Side) => (n: number) => number | Promise<number>;
}

/** Cases that are compared with one another, and are therefore measured in turns. */
export type Group = readonly Case[];
