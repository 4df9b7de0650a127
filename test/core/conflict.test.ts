// The rule of a pair against everything that was measured of the kernel, and as a story of sockets.

import { describe, expect, it } from "vitest";
import { type Binding } from "../../src/core/binding.ts";
import { conflictsAtBind, conflictsAtListen } from "../../src/core/conflict.ts";
import { PortError } from "../../src/core/errors.ts";
import { PortTable } from "../../src/core/port-table.ts";
import { eachPair, loadMatrix } from "./matrix.ts";
import { play, STORIES } from "./stories.ts";
import { TableModel } from "./table-model.ts";

const everyKind = loadMatrix("matrix.compact");
const nodeKinds = loadMatrix("matrix.node");
/** The listening twin of a binding, made once: there are 400 times more pairs than bindings. */
const listeners = new WeakMap<Binding, Binding>();

describe("the rule of a pair", () => {
  it("answers all 332,928 measured pairs of 408 kinds of socket as the kernel did", () => {
    const wrong: string[] = [];
    const seen = { X: 0, L: 0, O: 0 };
    const pairs = eachPair(everyKind, (first, second, code) => {
      const answer = codeOf(first, second);
      seen[answer]++;
      if (answer !== code) wrong.push(`${show(first)} + ${show(second)}: ${answer}, the kernel ${code}`);
    });
    expect(wrong).toEqual([]);
    expect(pairs).toBe(332_928);
    expect(seen).toEqual({ X: 22_848 + 30_464, L: 2_688 + 3_584, O: 140_928 + 132_416 });
  });

  it("refuses a late listen whichever of the two comes last, and at bind whatever it refuses at listen", () => {
    const wrong: string[] = [];
    const pairs = eachPair(everyKind, (first, second) => {
      const late =
        conflictsAtListen(listening(first), second) === conflictsAtListen(listening(second), first);
      const early = conflictsAtBind(first, second) || !conflictsAtListen(first, second);
      if (!late || !early) wrong.push(`${show(first)} + ${show(second)}`);
    });
    expect(wrong).toEqual([]);
    expect(pairs).toBe(332_928);
  });
});

describe("the port table on the measured pairs", () => {
  it("answers bind as the kernel did for all 332,928 pairs", () => {
    const wrong: string[] = [];
    let table = new PortTable();
    let standing: Binding | undefined;
    const pairs = eachPair(everyKind, (first, second, code) => {
      if (first !== standing) {
        table = new PortTable();
        table.add(first);
        standing = first;
      }
      const refused = table.conflictAtBind(second) !== undefined;
      if (refused !== (code === "X")) wrong.push(`${show(first)} + ${show(second)}: ${code}`);
    });
    expect(wrong).toEqual([]);
    expect(pairs).toBe(332_928);
  });

  it("binds and listens in either order as the kernel did for all 18,432 pairs that Node can make", () => {
    const wrong: string[] = [];
    let lateListens = 0;
    const pairs = eachPair(nodeKinds, (first, second, code) => {
      const story = `${show(first)} + ${show(second)}`;
      const refused = isRefused(() => tableOf(first).add(second));
      if (refused !== (code === "X")) wrong.push(`${story}: bind, the kernel ${code}`);
      if (refused || first.protocol !== "tcp" || second.protocol !== "tcp") return;
      for (const [early, late] of [[first, second] as const, [second, first] as const]) {
        if (late.listening) continue;
        const table = tableOf(first, second);
        table.listen(early);
        lateListens++;
        if (isRefused(() => table.listen(late)) !== (code === "L")) {
          wrong.push(`${story}: late listen of ${show(late)}, the kernel ${code}`);
        }
      }
    });
    expect(wrong).toEqual([]);
    expect(pairs).toBe(18_432);
    expect(lateListens).toBe(4_132);
  });
});

describe("sockets on one port, compared pair by pair", () => {
  it.each(Object.entries(STORIES))("%s", (_title, story) => {
    expect(play(new TableModel(), story)).toEqual(story);
  });
});

function codeOf(first: Binding, second: Binding): "X" | "L" | "O" {
  if (conflictsAtBind(first, second)) return "X";
  return conflictsAtListen(listening(first), second) ? "L" : "O";
}

function listening(binding: Binding): Binding {
  const known = listeners.get(binding);
  if (known) return known;
  const listener = { ...binding, listening: binding.protocol === "tcp" };
  listeners.set(binding, listener);
  return listener;
}

function tableOf(...bindings: Binding[]): PortTable {
  const table = new PortTable();
  for (const binding of bindings) table.add(binding);
  return table;
}

function isRefused(call: () => void): boolean {
  try {
    call();
    return false;
  } catch (error) {
    if (PortError.is(error) && error.code === "PORT_IN_USE") return true;
    throw error;
  }
}

function show(binding: Binding): string {
  const { protocol, address, port: _port, ...rest } = binding;
  return `${protocol} ${address.text} ${JSON.stringify(rest)}`;
}
