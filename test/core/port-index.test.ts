// The index of one address space beside a map of plain sets, over random histories.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressInterner, type InternedAddress } from "../../src/core/interned-address.ts";
import { IpAddress } from "../../src/core/ip-address.ts";
import { PortIndex } from "../../src/core/port-index.ts";
import { PortUnion } from "../../src/core/port-union.ts";
import { anyPort, anyRun, portsOf, search } from "./bits-model.ts";

const addresses = new AddressInterner((text) => IpAddress.parse(text));
const [ANY, ONE, TWO, THREE] = ["0.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3"].map((text) =>
  addresses.get(text),
) as [InternedAddress, InternedAddress, InternedAddress, InternedAddress];
const ADDRESSES = [ANY, ONE, TWO, THREE];

const address = fc.constantFrom(...ADDRESSES);
const change = fc.record({
  does: fc.constantFrom("add" as const, "take" as const, "add" as const, "delete" as const),
  address,
  run: anyRun(),
});
const history = fc.array(change, { maxLength: 16, size: "max" });

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type Model = Map<InternedAddress, Set<number>>;

describe("the index and a map of plain sets", () => {
  it("agree on what each add and delete changed", () => {
    fc.assert(
      fc.property(history, (changes) => {
        const [index, model] = [new PortIndex(), emptyModel()];
        for (const one of changes) {
          const wrong = portsOf(one.run).filter(
            (port) => apply(index, one, port) !== applyToModel(model, one, port),
          );
          expect(wrong).toEqual([]);
        }
      }),
    );
  });

  it("agree on who holds a port, and where it is free", () => {
    fc.assert(
      fc.property(history, fc.array(anyPort(), { maxLength: 8 }), (changes, ports) => {
        const [index, model] = both(changes);
        for (const port of [...ports, ...changes.map(({ run }) => run.first)]) {
          const holders = ADDRESSES.filter((key) => model.get(key)!.has(port));
          expect(index.holders(port)).toBe(holders.length);
          expect(holdersIn(index, port)).toEqual(holders);
          expect(ADDRESSES.map((key) => index.has(key, port))).toEqual(
            ADDRESSES.map((key) => holders.includes(key)),
          );
          expect(ADDRESSES.map((key) => index.isFree(key, port))).toEqual(
            ADDRESSES.map((key) => isFree(model, key, port)),
          );
        }
      }),
    );
  });

  it("agree on the first port that is free on an address, or on several at once", () => {
    const wanted = fc.uniqueArray(address, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(history, wanted, anyPort(), anyPort(), (changes, keys, first, last) => {
        const [index, model] = both(changes);
        const union = new PortUnion();
        for (const key of keys) index.overlapping(key, union);
        const expected = search(first, last, (port) => keys.every((key) => isFree(model, key, port)));
        expect(union.nextOutside(first, last)).toBe(expected);
      }),
    );
  });

  it("are both empty when everything that came has gone, in any order", () => {
    fc.assert(
      fc.property(history, fc.boolean(), (changes, lastFirst) => {
        const [index, model] = both(changes);
        for (const key of lastFirst ? ADDRESSES.toReversed() : ADDRESSES) {
          for (const port of model.get(key)!) index.delete(key, port);
        }
        const held = changes.flatMap(({ run }) => portsOf(run)).filter((port) => !index.isFree(ANY, port));
        expect(held).toEqual([]);
        expect(changes.map(({ run }) => index.holders(run.first))).toEqual(changes.map(() => 0));
        expect(changes.flatMap(({ run }) => holdersIn(index, run.first))).toEqual([]);
      }),
    );
  });
});

describe("the index", () => {
  it("counts an address as used while it holds a port, once for all its ports", () => {
    const index = new PortIndex();
    const uses = ONE.uses;
    index.add(ONE, 80);
    index.add(ONE, 81);
    expect(ONE.uses).toBe(uses + 1);
    index.delete(ONE, 80);
    expect(ONE.uses).toBe(uses + 1);
    index.delete(ONE, 81);
    expect(ONE.uses).toBe(uses);
  });

  it("counts each address once, and the wildcard as one of them", () => {
    const index = new PortIndex();
    expect([index.add(ONE, 80), index.add(ONE, 80), index.add(ANY, 80)]).toEqual([true, false, true]);
    expect(index.holders(80)).toBe(2);
    expect([index.delete(TWO, 80), index.delete(ONE, 80), index.delete(ONE, 80)]).toEqual([
      false,
      true,
      false,
    ]);
    expect(index.holders(80)).toBe(1);
    expect(holdersIn(index, 80)).toEqual([ANY]);
  });

  it("keeps the counts of ports apart that lie 1,024 from each other", () => {
    const index = new PortIndex();
    for (const port of [80, 1104, 65535, 64511]) for (const key of ADDRESSES) index.add(key, port);
    index.delete(THREE, 1104);
    expect([80, 1104, 2128, 64511, 65535].map((port) => index.holders(port))).toEqual([4, 3, 0, 4, 4]);
  });

  it("lets a wildcard overlap everything, and an address only itself and the wildcard", () => {
    const index = new PortIndex();
    index.add(ONE, 80);
    expect(ADDRESSES.map((key) => index.isFree(key, 80))).toEqual([false, false, true, true]);
    index.add(ANY, 81);
    expect(ADDRESSES.map((key) => index.isFree(key, 81))).toEqual([false, false, false, false]);
  });
});

function apply(index: PortIndex, { does, address: key }: Change, port: number): boolean {
  return index[does](key, port);
}

function applyToModel(model: Model, { does, address: key }: Change, port: number): boolean {
  const ports = model.get(key)!;
  if (does === "delete") return ports.delete(port);
  if (does === "take" && !isFree(model, key, port)) return false;
  return ports.size < ports.add(port).size;
}

function both(changes: readonly Change[]): [PortIndex, Model] {
  const [index, model] = [new PortIndex(), emptyModel()];
  for (const one of changes) {
    for (const port of portsOf(one.run)) {
      apply(index, one, port);
      applyToModel(model, one, port);
    }
  }
  return [index, model];
}

function holdersIn(index: PortIndex, port: number): InternedAddress[] {
  const wildcard = index.hasWildcard(port) ? [ANY] : [];
  return [...wildcard, ...[...index.specificHolders(port)].toSorted((a, b) => a.id - b.id)];
}

function emptyModel(): Model {
  return new Map(ADDRESSES.map((key) => [key, new Set()]));
}

function isFree(model: Model, key: InternedAddress, port: number): boolean {
  if (key === ANY) return ADDRESSES.every((one) => !model.get(one)!.has(port));
  return !model.get(ANY)!.has(port) && !model.get(key)!.has(port);
}
