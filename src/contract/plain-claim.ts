// Reading the slots of many ports: nearly all say one thing, a lease without a name that has the whole port and lives
// with its process. Such a value is taken apart as the text that it is, in a third of the time of JSON, and with less for
// the garbage collector. What is not to the letter as it is written by `writePort` is for JSON.

/** What such a slot says; the holder as JSON, which is the same text for all leases of a process. */
export interface PlainClaim {
  readonly lease: string;
  readonly holder: string;
  readonly grantedAt: number;
  readonly flags: number;
}

/** {"claims":[["LEASE",null,0,["HOLDER" …],GRANTED,null,FLAGS,0]]} */
const BEFORE_LEASE = '{"claims":[["';
const BEFORE_HOLDER = '",null,0,';
const HOLDER_END = '"]';
const AFTER_HOLDER = ",";
const AFTER_GRANTED = ",null,";
const AFTER_FLAGS = ",0]]}";
const ZERO = "0".charCodeAt(0);
const MOST_FLAGS = 7;

/** @param lastHolder that was read: the slots of one process often come one after the other */
export function readPlainClaim(value: string, lastHolder?: string): PlainClaim | undefined {
  if (!value.startsWith(BEFORE_LEASE) || !value.endsWith(AFTER_FLAGS)) return undefined;
  const leaseEnd = value.indexOf('"', BEFORE_LEASE.length);
  if (!value.startsWith(BEFORE_HOLDER, leaseEnd)) return undefined;
  const holderAt = leaseEnd + BEFORE_HOLDER.length;
  const holder = holderIn(value, holderAt, lastHolder);
  const flagsAt = value.length - AFTER_FLAGS.length - 1;
  const grantedEnd = flagsAt - AFTER_GRANTED.length;
  if (holder === undefined || !value.startsWith(AFTER_GRANTED, grantedEnd)) return undefined;
  const grantedStart = holderAt + holder.length + AFTER_HOLDER.length;
  if (!value.startsWith(AFTER_HOLDER, grantedStart - AFTER_HOLDER.length)) return undefined;
  const lease = value.slice(BEFORE_LEASE.length, leaseEnd);
  // An escaped text can have its end anywhere.
  if (lease.includes("\\")) return undefined;
  const grantedAt = Number(value.slice(grantedStart, grantedEnd));
  const flags = value.charCodeAt(flagsAt) - ZERO;
  if (!Number.isSafeInteger(grantedAt) || flags < 0 || flags > MOST_FLAGS) return undefined;
  return { lease, holder, grantedAt, flags };
}

function holderIn(value: string, at: number, last: string | undefined): string | undefined {
  // `startsWith` takes six times as long to find a text that was cut out of another one.
  if (last !== undefined && value.slice(at, at + last.length) === last) return last;
  const end = value.indexOf(HOLDER_END + AFTER_HOLDER, at) + HOLDER_END.length;
  const holder = value.slice(at, end);
  return end < at || holder.includes("\\") ? undefined : holder;
}
