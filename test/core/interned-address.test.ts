// Interned addresses: one object for all spellings of an address, a bounded memory for those not in use.

import * as fc from "fast-check";
import { expect, it } from "vitest";
import { PortError } from "../../src/core/errors.ts";
import { AddressInterner, type InternedAddress, WILDCARD } from "../../src/core/interned-address.ts";
import { IpAddress } from "../../src/core/ip-address.ts";

const newInterner = (): AddressInterner => new AddressInterner((text) => IpAddress.parse(text).unmap());

it("gives one object for all spellings of an address, and another one for another address", () => {
  const addresses = newInterner();
  const one = addresses.get("2001:db8::1");
  expect(addresses.get("2001:DB8:0::1")).toBe(one);
  expect(one).toMatchObject({ key: "2001:db8::1", family: 6 });
  expect(addresses.get("::ffff:10.0.0.1")).toBe(addresses.get("10.0.0.1"));
  expect(addresses.get("10.0.0.1").id).not.toBe(one.id);
});

it("gives each text its own address when a few take turns, and after they were forgotten", () => {
  const addresses = newInterner();
  const texts = ["10.0.0.1", "2001:db8::1", "10.0.0.2"];
  const rounds = [texts.slice(0, 2), texts, texts.toReversed()];
  for (const text of [...rounds, ...rounds].flat()) {
    expect(addresses.get(text).key).toBe(text);
    expect(addresses.begin(text)).toBe(addresses.get(text));
  }
  const [first, second] = ["10.0.0.1", "2001:db8::1"].map((text) => addresses.get(text));
  for (const text of manyAddresses(5000)) addresses.get(text);
  expect([addresses.get("10.0.0.1"), addresses.get("2001:db8::1")]).toEqual([first, second]);
  addresses.tidy();
  expect(addresses.get("10.0.0.1")).not.toBe(first);
  expect(addresses.get("2001:db8::1")).not.toBe(second);
});

it("numbers the wildcard of either family 0, and no other address", () => {
  const addresses = newInterner();
  expect(addresses.get("0.0.0.0")).toMatchObject({ key: WILDCARD, family: 4, id: 0 });
  expect(addresses.get("::")).toMatchObject({ key: WILDCARD, family: 6, id: 0 });
  expect(addresses.get("10.0.0.1").id).toBeGreaterThan(0);
});

it("throws for text that is not an address, the second time too", () => {
  const addresses = newInterner();
  expect(() => addresses.get("10.0.0")).toThrow(PortError);
  expect(() => addresses.get("10.0.0")).toThrow(PortError);
});

it("forgets addresses without a use when there are too many, and keeps those with one", () => {
  const addresses = newInterner();
  const kept = addresses.get("192.0.2.1");
  kept.uses++;
  const forgotten = addresses.get("192.0.2.2");
  for (const text of manyAddresses(5000)) addresses.get(text);
  expect(addresses.get("192.0.2.2")).toBe(forgotten);
  addresses.tidy();
  expect(addresses.get("192.0.2.1")).toBe(kept);
  expect(addresses.get("192.0.2.2")).not.toBe(forgotten);
});

it("gives the numbers of forgotten addresses to new ones, so that they stay small", () => {
  const addresses = newInterner();
  let largest = 0;
  for (const text of manyAddresses(50_000)) {
    largest = Math.max(largest, addresses.begin(text).id);
  }
  expect(largest).toBeLessThan(10_000);
});

it("never gives two addresses in use the same number, whatever is used, released and forgotten", () => {
  const text = fc.nat({ max: 20_000 }).map((n) => `10.0.${n >> 8}.${n & 255}`);
  const step = fc.record({ text, use: fc.boolean(), flood: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const addresses = newInterner();
      const used = new Map<string, InternedAddress>();
      for (const { text: one, use, flood } of steps) {
        addresses.tidy();
        if (flood) for (const other of manyAddresses(4200)) addresses.get(other);
        addresses.tidy();
        const address = addresses.get(one);
        expect(used.get(one) ?? address).toBe(address);
        if (use && !used.has(one)) {
          address.uses++;
          used.set(one, address);
        } else if (!use && used.delete(one)) {
          address.uses--;
        }
        const ids = [...used.values()].map(({ id }) => id);
        expect(new Set(ids).size).toBe(ids.length);
      }
    }),
    { numRuns: 50 },
  );
});

function manyAddresses(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `172.${16 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`);
}
