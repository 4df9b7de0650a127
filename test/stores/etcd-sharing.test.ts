// Which commits share a transaction of etcd, and how their revisions are told apart.

import { describe, expect, it } from "vitest";

import type { SlotChange } from "../../src/contract/index.ts";
import { etcdRevisionOf, placed, readPlaced, revisionAt } from "../../src/stores/etcd/revisions.ts";
import { Keys } from "../../src/stores/etcd/schema.ts";
import { together } from "../../src/stores/etcd/sharing.ts";
import { type Transaction, transactionOf } from "../../src/stores/etcd/transaction.ts";

interface Named {
  readonly name: string;
  readonly transaction: Transaction;
}

/** A commit, named by the slots that it writes and those that it is conditional on, as in "a b | c"; "-a" removes. */
function commit(name: string, value = "v"): Named {
  const [written, seen] = name.split("|").map((part) => part.split(" ").filter((key) => key !== "")) as [
    string[],
    string[]?,
  ];
  const changes = written.map((key): SlotChange =>
    key.startsWith("-") ? { key: key.slice(1), ifRevision: 1, value: null } : { key, ifRevision: 0, value },
  );
  const conditions = (seen ?? []).map((key) => ({ key, revision: 0 }));
  return { name, transaction: transactionOf(new Keys("p"), { scope: "s", changes, conditions }) };
}

function batches(calls: readonly Named[]): string[][] {
  const waiting = new Set(calls);
  const found: string[][] = [];
  while (waiting.size > 0) {
    const chosen = together(waiting);
    for (const call of chosen) waiting.delete(call);
    found.push(chosen.map(({ name }) => name));
  }
  return found;
}

describe("of the commits that wait,", () => {
  it.each<[string, string[], string[][]]>([
    ["those of different slots go together", ["a", "b c", "-d"], [["a", "b c", "-d"]]],
    ["those that write one slot go one after the other", ["a", "b", "a c"], [["a", "b"], ["a c"]]],
    ["those that only need one slot as it is go together", ["a|x", "b|x"], [["a|x", "b|x"]]],
    ["one that writes what another one needs as it is goes behind it", ["a|x", "x"], [["a|x"], ["x"]]],
    ["one that needs as it was what another one writes goes behind it", ["x", "a|x"], [["x"], ["a|x"]]],
    [
      "two that each need what the other one writes go one after the other",
      ["a|b", "b|a"],
      [["a|b"], ["b|a"]],
    ],
    ["one that removes what another one needs goes behind it", ["a|x", "-x"], [["a|x"], ["-x"]]],
    ["none overtakes one that waits for the same slot", ["a", "a b", "b", "c"], [["a", "c"], ["a b"], ["b"]]],
    ["those that change nothing write one key all the same", ["|x", "|x", "a"], [["|x", "a"], ["|x"]]],
  ])("%s", (_, calls, expected) => {
    expect(batches(calls.map((name) => commit(name)))).toEqual(expected);
  });

  it.each([
    ["127 of one slot each", 300, 1, [127, 127, 46]],
    ["64 of 64 slots each", 100, 64, [64, 36]],
    ["two of 126 slots each", 3, 126, [2, 1]],
    ["one of 127 slots", 2, 127, [1, 1]],
    ["one of 128 slots", 2, 128, [1, 1]],
  ])("as many go together as etcd takes: %s", (_, count, slots, expected) => {
    const calls = Array.from({ length: count }, (_none, at) =>
      commit(Array.from({ length: slots }, (_slot, slot) => `${at}/${slot}`).join(" ")),
    );
    expect(batches(calls).map(({ length }) => length)).toEqual(expected);
  });

  it("one with a long value goes alone", () => {
    const calls = [commit("a"), commit("b", "x".repeat(200_000)), commit("c")];
    expect(batches(calls)).toEqual([["a", "c"], ["b"]]);
  });
});

describe("the revision of a commit", () => {
  it("is read back from etcd's, and from the place before the value", () => {
    for (const value of ["", ":", "12:x", "{}"]) {
      for (const place of [0, 9, 126, 127]) {
        const bytes = Buffer.from(placed(value, place));
        expect(readPlaced(Buffer.concat([bytes, Buffer.from("more")]), bytes.length)).toEqual({
          place,
          value,
        });
        expect(etcdRevisionOf(revisionAt("42", place))).toBe(42);
      }
    }
    expect(revisionAt("43", 0)).toBeGreaterThan(revisionAt("42", 127));
  });

  it.each(["", "5", "v", ":v", "128:v", "-1:v", "x:v", "1234:v"])(
    "is not read from %j, which no commit wrote",
    (text) => {
      expect(readPlaced(Buffer.from(`${text}:v`), text.length)).toBeUndefined();
    },
  );
});
