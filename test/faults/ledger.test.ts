// The ledger sees what it is there to see.

import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";
import { Ledger } from "./ledger.ts";

const PORT = { ports: [15000], protocols: ["tcp"], ttl: false };

function ledgerOf(...processes: readonly (readonly object[])[]): Ledger {
  const folder = temporaryFolder();
  const ledger = new Ledger();
  for (const [at, lines] of processes.entries()) {
    const path = join(folder, `${at}`);
    writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    ledger.read(path);
  }
  return ledger;
}

const grant = (at: number, holder: number, more: object = {}): object => ({
  event: "grant",
  at: `${at}`,
  lease: `lease-${holder}`,
  holder,
  ...PORT,
  ...more,
});
const end = (at: number, holder: number): object => ({ event: "end", at: `${at}`, lease: `lease-${holder}` });

it.each<[string, boolean, (ledger: Ledger) => void, object[], object[]]>([
  ["two that hold one port", true, () => undefined, [grant(1, 1)], [grant(2, 2)]],
  [
    "one that was granted before the other began to release",
    true,
    () => undefined,
    [grant(1, 1), end(3, 1)],
    [grant(2, 2)],
  ],
  ["one after the other", false, () => undefined, [grant(1, 1), end(2, 1)], [grant(3, 2)]],
  ["two protocols", false, () => undefined, [grant(1, 1)], [grant(2, 2, { protocols: ["udp"] })]],
  ["one after the other's death", false, (ledger) => ledger.died(1, 0n, 2n), [grant(1, 1)], [grant(3, 2)]],
  ["one before the other's death", true, (ledger) => ledger.died(1, 0n, 4n), [grant(1, 1)], [grant(3, 2)]],
  [
    "the death of one that had the pid before",
    true,
    (ledger) => {
      ledger.died(1, 0n, 1n);
      ledger.died(1, 2n, 9n);
    },
    [grant(3, 1)],
    [grant(4, 2)],
  ],
  [
    "a time limit that was over",
    false,
    () => undefined,
    [grant(1, 1, { ttl: true }), { event: "valid", at: "2", lease: "lease-1" }],
    [grant(3, 2)],
  ],
  [
    "a time limit that was not over",
    true,
    () => undefined,
    [grant(1, 1, { ttl: true }), { event: "valid", at: "4", lease: "lease-1" }],
    [grant(3, 2)],
  ],
  [
    "a kept port that another name got",
    true,
    () => undefined,
    [{ event: "keep", at: "1", name: "a", ...PORT }],
    [grant(2, 2, { name: "b" })],
  ],
  [
    "a kept port that its name got",
    false,
    () => undefined,
    [{ event: "keep", at: "1", name: "a", ...PORT }],
    [grant(2, 2, { name: "a" })],
  ],
  [
    "a port that was kept no more",
    false,
    () => undefined,
    [
      { event: "keep", at: "1", name: "a", ...PORT },
      { event: "give up", at: "2", name: "a" },
    ],
    [grant(3, 2)],
  ],
])("%s: a violation is %s", (_, isViolation, deaths, ...processes) => {
  const ledger = ledgerOf(...processes);
  deaths(ledger);
  expect(ledger.violations()).toHaveLength(isViolation ? 1 : 0);
});
