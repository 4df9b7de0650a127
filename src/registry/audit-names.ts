// Whether names and ports say the same: the lease of a name stands on all its ports, and a port is kept for the
// names that keep it.

import {
  type Kept,
  nameKey,
  type NameRecord,
  parsePortKey,
  type PortRecord,
  type Slot,
} from "../contract/index.ts";
import {
  isLiving,
  nameChange,
  nameFromPorts,
  portChange,
  type PortSlot,
  type RecordIssue,
  type Records,
} from "./audit-records.ts";
import { slotKeys } from "./names.ts";
import { formatPorts } from "./refusals.ts";

const NO_RECORD: PortRecord = { claims: [], kept: [], left: null };

interface Named {
  readonly name: string;
  readonly slot: Slot;
  readonly record: NameRecord;
  /** The keys of its ports' slots. */
  readonly keys: readonly string[];
}

export function auditNames(records: Records): RecordIssue[] {
  const issues: RecordIssue[] = [];
  const settled = new Set<string>();
  for (const [name, { slot, record }] of records.names) {
    const keys = slotKeys(record);
    // What cannot be read comes first: what the rest says follows from it.
    if (keys.some((key) => records.unreadable.has(key))) {
      settled.add(name);
      continue;
    }
    const named: Named = { name, slot, record, keys };
    const issue = missingClaims(records, named) ?? missingMarks(records, named);
    if (!issue) continue;
    issues.push(issue);
    settled.add(name);
  }
  for (const [key, port] of records.ports) {
    const mentioned = [
      ...port.record.kept.map((kept) => ({ name: kept.name, find: () => strayMark(records, port, kept) })),
      ...port.record.claims.flatMap((claim) =>
        claim.name !== null && isLiving(records, claim)
          ? [{ name: claim.name, find: () => strayLease(records, key, claim.name!, claim.lease) }]
          : [],
      ),
    ];
    for (const { name, find } of mentioned) {
      if (settled.has(name) || records.unreadable.has(nameKey(name))) continue;
      const issue = find();
      if (!issue) continue;
      issues.push(issue);
      settled.add(name);
    }
  }
  return issues;
}

/** A living lease of a name that does not stand on all the ports that the name says. */
function missingClaims(records: Records, { name, slot, record, keys }: Named): RecordIssue | undefined {
  const claimOn = (key: string): PortRecord["claims"][number] | undefined =>
    records.ports.get(key)?.record.claims.find(({ lease }) => lease === record.lease);
  const found = keys.flatMap((key) => claimOn(key) ?? []);
  const [claim] = found;
  if (!claim || !isLiving(records, claim) || found.length === keys.length) return undefined;
  const missing = keys.filter((key) => !claimOn(key));
  const isTaken = (key: string): boolean => {
    const port = records.ports.get(key)?.record ?? NO_RECORD;
    return (
      port.claims.some((other) => isLiving(records, other)) || port.kept.some((kept) => kept.name !== name)
    );
  };
  const taken = new Set(missing.filter(isTaken).map((key) => parsePortKey(key).port));
  const again = missing.filter((key) => !taken.has(parsePortKey(key).port));
  const changes = again.map((key) => {
    const before = records.ports.get(key);
    const { claims, kept } = before?.record ?? NO_RECORD;
    const staying = claims.filter((other) => isLiving(records, other));
    return portChange(key, before, { claims: [...staying, claim], kept, left: null });
  });
  const ports = record.ports.filter((port) => !taken.has(port));
  changes.push(nameChange(name, slot, { ...record, ports }));
  return {
    severity: "problem",
    key: slot.key,
    message: `the lease of ${JSON.stringify(name)} is missing on ${missing.join(", ")}`,
    mend: {
      changes,
      done: `wrote the lease of ${JSON.stringify(name)} on ${formatPorts(ports)} again`,
      removes: taken.size > 0 ? [slot] : [],
    },
  };
}

/** A name that keeps ports which are not kept for it. */
function missingMarks(records: Records, { name, slot, record, keys }: Named): RecordIssue | undefined {
  if (!record.kept) return undefined;
  const isMarked = (key: string): boolean =>
    records.ports.get(key)?.record.kept.some((kept) => kept.name === name) ?? false;
  const missing = keys.filter((key) => !isMarked(key));
  if (missing.length === 0) return undefined;
  const message = `${JSON.stringify(name)} keeps ${formatPorts(record.ports)}, but ${missing.join(", ")} does not say so`;
  const others = missing.flatMap((key) => records.ports.get(key)?.record.kept.map((kept) => kept.name) ?? []);
  if (others.length > 0) {
    const advice = `both ${JSON.stringify(name)} and ${JSON.stringify(others[0])} keep it: \`moorage release --give-up\` one of them`;
    return { severity: "problem", key: slot.key, message, advice };
  }
  const changes = missing.map((key) => {
    const before = records.ports.get(key);
    const { claims, left } = before?.record ?? NO_RECORD;
    return portChange(key, before, { claims, kept: [{ name, addresses: record.addresses }], left });
  });
  changes.push(nameChange(name, slot, record));
  const done = `kept ${formatPorts(record.ports)} for ${JSON.stringify(name)} again`;
  return { severity: "problem", key: slot.key, message, mend: { changes, done, removes: [] } };
}

/** A port that is kept for a name which does not say so. */
function strayMark(records: Records, { slot, record }: PortSlot, kept: Kept): RecordIssue | undefined {
  const { name } = kept;
  const known = records.names.get(name);
  if (known?.record.kept && slotKeys(known.record).includes(slot.key)) return undefined;
  const place = parsePortKey(slot.key);
  const message = `${slot.key} is kept for ${JSON.stringify(name)}, which does not say so`;
  const issue = { severity: "problem", key: slot.key, message } as const;
  if (!known) {
    const found = nameFromPorts(records, name);
    return found && { ...issue, mend: rebuilt(name, found) };
  }
  if (known.slot.revision >= slot.revision) {
    // The name was written with the mark or later, without it: the mark was left behind.
    const rest = { ...record, kept: record.kept.filter((other) => other.name !== name) };
    const done = `freed ${slot.key}, which was kept for ${JSON.stringify(name)} by mistake`;
    const changes = [
      portChange(slot.key, { slot, record }, rest),
      nameChange(name, known.slot, known.record),
    ];
    return { ...issue, mend: { changes, done, removes: [slot] } };
  }
  if (known.record.lease !== null) {
    return {
      ...issue,
      severity: "warning",
      advice: `\`moorage release ${JSON.stringify(name)}\`, then repair`,
    };
  }
  const { ports, protocols } = known.record;
  const after: NameRecord = {
    ...known.record,
    ports: known.record.kept ? [...new Set([...ports, place.port])] : [place.port],
    protocols: known.record.kept ? [...new Set([...protocols, place.protocol])] : [place.protocol],
    addresses: kept.addresses,
    kept: true,
  };
  const done = `kept ${formatPorts(after.ports)} for ${JSON.stringify(name)} again`;
  return { ...issue, mend: { changes: [nameChange(name, known.slot, after)], done, removes: [] } };
}

/** A living lease under a name that has no record, or that of another lease. */
function strayLease(records: Records, key: string, name: string, lease: string): RecordIssue | undefined {
  const known = records.names.get(name);
  if (known?.record.lease === lease) return undefined;
  const message = `${key} is leased as ${JSON.stringify(name)}, which ${known ? "has another lease" : "is not recorded"}`;
  const issue = { severity: "problem", key, message } as const;
  const found = nameFromPorts(records, name);
  if (!found) return undefined;
  if (!known) return { ...issue, mend: rebuilt(name, found) };
  const hasLiving = slotKeys(known.record).some((one) =>
    records.ports
      .get(one)
      ?.record.claims.some((claim) => claim.lease === known.record.lease && isLiving(records, claim)),
  );
  if (hasLiving || known.record.kept) {
    return {
      ...issue,
      advice: `\`moorage release ${parsePortKey(key).port}\` when it is not needed any more`,
    };
  }
  return { ...issue, mend: rebuilt(name, found, known.slot) };
}

function rebuilt(name: string, record: NameRecord, before?: Slot): NonNullable<RecordIssue["mend"]> {
  return {
    changes: [nameChange(name, before, record)],
    done: `made the record of ${JSON.stringify(name)} anew, with ${formatPorts(record.ports)}`,
    removes: before ? [before] : [],
  };
}
