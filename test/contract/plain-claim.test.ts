// Slots of many ports are read as text where that can be: the claims are those that JSON gives, whatever they say.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  type Claim,
  type PlacedClaim,
  type PortRecord,
  type ProcessIdentity,
  readClaims,
  readPort,
  type Slot,
  writePort,
} from "../../src/contract/index.ts";
import { readPlainClaim } from "../../src/contract/plain-claim.ts";

const HOLDER: ProcessIdentity = {
  pid: 7,
  startTime: 70,
  boot: "boot-1",
  namespaces: "a.b",
  command: "node x",
};
const PLAIN: Claim = {
  lease: "lease-1",
  name: null,
  addresses: ["::"],
  holder: HOLDER,
  grantedAt: 1_700_000_000_000,
  session: null,
  guarded: true,
  held: false,
  heir: null,
};

function slotOf(claims: readonly Claim[], rest: Partial<PortRecord> = {}): Slot {
  const value = writePort({ claims, kept: [], left: null, ...rest })!;
  return { key: "port/tcp/3000", revision: 42, value };
}

/** The claims of a slot as it is read alone. */
function claimsOf(slot: Slot): PlacedClaim[] {
  return readPort(slot).claims.map((one) => ({ key: slot.key, ...one }));
}

/** Texts that could be taken for the ends of others. */
const text = fc.oneof(
  fc.constantFrom('"],', '\\"],', "null,0,[", ",null,", ",0]]}", "\\", '"', "", "é\u2028"),
  fc.string({ maxLength: 8 }),
);
const holder = fc.record({
  pid: fc.nat(),
  startTime: fc.nat(),
  boot: text,
  namespaces: text,
  command: text,
});
const claim: fc.Arbitrary<Claim> = fc.record(
  {
    lease: fc.oneof(fc.constant("lease-1"), text),
    name: fc.option(text),
    addresses: fc.constantFrom(["::"], ["127.0.0.1", "::1"]),
    holder: fc.oneof(fc.constant(HOLDER), holder),
    grantedAt: fc.nat({ max: 2 ** 45 }),
    session: fc.option(text),
    guarded: fc.boolean(),
    held: fc.boolean(),
    heir: fc.option(holder),
    alone: fc.boolean(),
    revision: fc.nat(),
  },
  {
    requiredKeys: ["lease", "name", "addresses", "holder", "grantedAt", "session", "guarded", "held", "heir"],
  },
);

/** What a call returns, or the code of its error. */
function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe("many slots", () => {
  it("say the same as each one alone", () => {
    const plain = fc
      .tuple(text, holder, fc.boolean(), fc.boolean())
      .map(([lease, by, held, alone]) => ({ ...PLAIN, lease, holder: by, held, alone }));
    const slots = fc.array(
      fc.oneof(
        fc.array(claim, { minLength: 1, maxLength: 2 }),
        plain.map((one) => [one]),
      ),
    );
    fc.assert(
      fc.property(slots, (all) => {
        const written = all.map((claims) => slotOf(claims));
        expect(readClaims([...written, ...written])).toEqual([...written, ...written].flatMap(claimsOf));
      }),
    );
  });

  it("of one process share its object", () => {
    const between = slotOf([{ ...PLAIN, holder: { ...HOLDER, pid: 8 } }]);
    const [one, , other] = readClaims([slotOf([PLAIN]), between, slotOf([{ ...PLAIN, lease: "lease-2" }])]);
    expect(other!.holder).toBe(one!.holder);
  });

  it("are told as damaged as each one alone is", () => {
    const { value } = slotOf([PLAIN]);
    for (let at = 0; at < value.length; at++) {
      for (const character of ["x", '"', "\\", "]", "9", "\ufffd"]) {
        const damaged = { ...slotOf([PLAIN]), value: value.slice(0, at) + character + value.slice(at + 1) };
        // In another order too: what one slot taught must not hide what is wrong with the next.
        const alone = outcome(() => claimsOf(damaged));
        expect(outcome(() => readClaims([damaged]))).toEqual(alone);
        expect(outcome(() => readClaims([slotOf([PLAIN]), damaged]).slice(1))).toEqual(alone);
      }
    }
  });
});

describe("a plain claim", () => {
  it("is read as text", () => {
    const [grantedAt, flags] = [PLAIN.grantedAt, 1];
    const written = JSON.stringify([7, 70, "boot-1", "a.b", "node x"]);
    const { value } = slotOf([PLAIN]);
    for (const lastHolder of [undefined, written, written.replace("7", "8")]) {
      const read = readPlainClaim(value, lastHolder);
      expect(read).toEqual({ lease: "lease-1", holder: written, grantedAt, flags });
    }
  });

  it.each<[string, readonly Claim[], Partial<PortRecord>?]>([
    ["with a name", [{ ...PLAIN, name: "web" }]],
    ["on certain addresses", [{ ...PLAIN, addresses: ["127.0.0.1"] }]],
    ["with a time limit", [{ ...PLAIN, session: "s" }]],
    ["with an heir", [{ ...PLAIN, heir: HOLDER }]],
    ["with a revision of its own", [{ ...PLAIN, revision: 7 }]],
    ["beside another one", [PLAIN, PLAIN]],
    ["beside a name that keeps the port", [PLAIN], { kept: [{ name: "db", addresses: ["::"] }] }],
  ])("%s is for JSON", (_, claims, rest) => {
    expect(readPlainClaim(slotOf(claims, rest).value)).toBeUndefined();
  });
});
