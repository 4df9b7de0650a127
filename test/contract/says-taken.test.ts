// What is read of a port slot at a glance is what is read of it as a whole.

import { describe, expect, it } from "vitest";

import {
  type Claim,
  type Departure,
  type Kept,
  readPort,
  saysTaken,
  writePort,
} from "../../src/contract/index.ts";

const HOLDER = { pid: 1, startTime: 2, boot: "boot", namespaces: "4026531836", command: "node" };
const CLAIM: Claim = {
  lease: "lease",
  name: null,
  addresses: ["::"],
  holder: HOLDER,
  grantedAt: 3,
  session: null,
  guarded: true,
  held: false,
  heir: null,
};
const KEPT: Kept = { name: "web", addresses: ["::"] };
const LEFT: Departure = {
  lease: "other",
  name: '{"left":',
  ending: "released",
  boot: "boot",
  at: 4,
  quarantineMs: 2000,
};

describe("whether a port is taken, at a glance,", () => {
  const cases = [[], [CLAIM], [CLAIM, { ...CLAIM, name: "web", lease: '{"left":' }]].flatMap((claims) =>
    [[], [KEPT]].flatMap((kept) => [null, LEFT].map((left) => ({ claims, kept, left }))),
  );
  // The first says nothing, and is not written.
  cases.shift();
  it.each(cases)("is whether it has claims or is kept: %j", (record) => {
    const value = writePort(record);
    const slot = { key: "port/tcp/80", revision: 1, value: value! };
    const { claims, kept } = readPort(slot);
    expect(saysTaken(slot)).toBe(claims.length + kept.length > 0);
  });
});
