// The recorded cases of test/fixtures/portallocator.json as values, and how their expectations are met.

import { readFileSync } from "node:fs";

import { expect } from "vitest";

export interface Entry {
  readonly ip: string;
  readonly proto: string;
  readonly ports: readonly number[];
  /** By range, "100-105": the port found last. */
  readonly last: Readonly<Record<string, number>>;
}

export interface Step {
  readonly op: string;
  readonly args?: Readonly<Record<string, unknown>>;
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly repeat?: number;
}

export interface Case {
  readonly suites: readonly string[];
  readonly name: string;
  readonly config?: { readonly begin: number; readonly end: number; readonly reserved?: number[] };
  readonly quirk?: boolean;
  /** What the machine must have, and the language. */
  readonly needs?: string;
  readonly steps: readonly Step[];
}

const FILE = new URL("../fixtures/portallocator.json", import.meta.url);

const { cases } = JSON.parse(readFileSync(FILE, "utf8")) as { readonly cases: readonly Case[] };

export const CASES: readonly Case[] = cases.filter(
  ({ suites }) => suites.includes("portallocator") || suites.includes("portallocator-28"),
);

/** Those with real sockets. */
export const OS_CASES: readonly Case[] = cases.filter(({ suites }) => suites.includes("portallocator-os"));

/** Values that a case saved under a name. */
export type Saved = Map<string, unknown>;

/** An argument with `{"i": k}` and `{"$": "name", "add": d}` replaced by what they stand for. */
export function resolve(value: unknown, saved: Saved, i: number): unknown {
  if (!isRecord(value)) return value;
  if (typeof value["i"] === "number") return value["i"] + i;
  if (typeof value["$"] === "string") return Number(saved.get(value["$"])) + Number(value["add"] ?? 0);
  return value;
}

/** Checks a number of a reply against what a case expects of it. */
export function expectNumber(actual: number, expected: unknown, saved: Saved, i: number): void {
  const plain = resolve(expected, saved, i);
  if (!isRecord(plain)) {
    expect(actual).toBe(plain);
    return;
  }
  const { min, max, not, one_of: oneOf, save, ...rest } = plain;
  expect(rest).toEqual({});
  if (min !== undefined) expect(actual).toBeGreaterThanOrEqual(min as number);
  if (max !== undefined) expect(actual).toBeLessThanOrEqual(max as number);
  if (not !== undefined) expect(actual).not.toBe(resolve(not, saved, i));
  if (oneOf !== undefined) expect(oneOf).toContain(actual);
  if (save !== undefined) saved.set(save as string, actual);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
