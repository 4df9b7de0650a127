// What a hold allows others to do: three flags, also as three bits of one number.
//
// A flag bears on sharing only: holds that meet stand side by side when all of them have one flag in common.

import { expectBoolean, expectOptions } from "../core/expect.ts";

export interface Flags {
  /** UDP SO_REUSEADDR: the newest holder receives. @default false */
  readonly mostRecent?: boolean | undefined;
  /** SO_REUSEPORT: the holders share the load. @default false */
  readonly loadBalanced?: boolean | undefined;
  /** TCP SO_REUSEADDR: only the whole of address, port and destination has to differ. @default false */
  readonly tupleOnly?: boolean | undefined;
}

const NAMES = ["mostRecent", "loadBalanced", "tupleOnly"] as const satisfies readonly (keyof Flags)[];

const MOST_RECENT = 1;
const LOAD_BALANCED = 2;
export const TUPLE_ONLY = 4;
export const ALL_FLAGS = 7;

/** The flags as bits. @throws TypeError for an unknown flag, or one that is not true or false. */
export function flagBits(flags: Flags): number {
  expectOptions("flags", flags, NAMES);
  return (
    (isSet("flags.mostRecent", flags.mostRecent) ? MOST_RECENT : 0) |
    (isSet("flags.loadBalanced", flags.loadBalanced) ? LOAD_BALANCED : 0) |
    (isSet("flags.tupleOnly", flags.tupleOnly) ? TUPLE_ONLY : 0)
  );
}

function isSet(option: string, value: unknown): boolean {
  return value !== undefined && expectBoolean(option, value);
}
