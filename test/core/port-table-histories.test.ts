// Random histories of sockets: the port table beside a plain list of bindings that is compared one by one.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Binding, bindingOf } from "../../src/core/binding.ts";
import { conflictsAtBind, conflictsAtListen } from "../../src/core/conflict.ts";
import { PortError } from "../../src/core/errors.ts";
import { PortTable } from "../../src/core/port-table.ts";
import { anyBinding } from "./arbitraries.ts";
import { alike, TableModel } from "./table-model.ts";

type Action =
  | { readonly do: "add" | "remove" | "ask"; readonly binding: Binding }
  | { readonly do: "remove one" | "listen"; readonly which: number };

describe("the table and a plain list of bindings", () => {
  const PORTS = [80, 81, 1024] as const;
  const binding = anyBinding(PORTS);
  const which = fc.nat({ max: 999 });
  const history = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant("add" as const), binding }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("remove one" as const), which }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("listen" as const), which }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("remove" as const), binding }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant("ask" as const), binding }) },
    ),
    { minLength: 1, maxLength: 80, size: "max" },
  );

  it("agree on every answer of every history, and every conflict they name is real", () => {
    fc.assert(
      fc.property(history, (actions: readonly Action[]) => {
        const told = tell(new PortTable(), new TableModel(), actions);
        expect(told.map(({ table }) => table)).toEqual(told.map(({ model }) => model));
      }),
      { numRuns: 500 },
    );
  });

  it("are both empty again when everything that came has gone", () => {
    fc.assert(
      fc.property(history, fc.boolean(), (actions: readonly Action[], lastFirst) => {
        const [table, model] = [new PortTable(), new TableModel()];
        tell(table, model, actions);
        const all = lastFirst ? model.bindings.toReversed() : [...model.bindings];
        expect(all.map((one) => table.remove(one))).toEqual(all.map(() => true));
        expect(all.map((one) => table.remove(one))).toEqual(all.map(() => false));
        for (const protocol of ["tcp", "udp"] as const) {
          const everything = bindingOf({ protocol, port: 80, address: "::" });
          expect(PORTS.map((port) => table.conflictAtBind({ ...everything, port }))).toEqual(
            PORTS.map(() => undefined),
          );
          expect(PORTS.map((port) => table.nextFree(everything, port, port))).toEqual(PORTS);
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** What the table said after each action, and what it should have said. */
interface Told {
  readonly table: string;
  readonly model: string;
}

function tell(table: PortTable, model: TableModel, actions: readonly Action[]): Told[] {
  const told: Told[] = [];
  for (const action of actions) {
    const binding =
      "binding" in action ? action.binding : model.bindings[action.which % model.bindings.length];
    if (!binding) continue;
    told.push(listenAnswer(table, model, binding));
    switch (action.do) {
      case "ask":
        break;
      case "add":
        told.push(outcomes(table, model, (either) => either.add(binding)));
        break;
      case "remove":
      case "remove one":
        told.push(outcomes(table, model, (either) => either.remove(binding)));
        break;
      case "listen":
        told.push(outcomes(table, model, (either) => either.listen(binding)));
        break;
    }
    told.push(bindAnswer(table, model, binding), nextAnswer(table, model, binding));
  }
  return told;
}

function bindAnswer(table: PortTable, model: TableModel, binding: Binding): Told {
  const conflict = table.conflictAtBind(binding);
  const real = model.bindConflicts(binding);
  const isReal =
    conflict && real.some((other) => alike(other, conflict)) && conflictsAtBind(conflict, binding);
  return { table: verdict("bind", conflict, isReal), model: verdict("bind", real[0], true) };
}

/** Only bindings of the table can be asked about: the answer about any other is left open. */
function listenAnswer(table: PortTable, model: TableModel, binding: Binding): Told {
  if (!model.has(binding)) return { table: "not there", model: "not there" };
  const conflict = table.conflictAtListen(binding);
  const real = model.listenConflicts(binding);
  const isReal =
    conflict && real.some((other) => alike(other, conflict)) && conflictsAtListen(conflict, binding);
  return { table: verdict("listen", conflict, isReal), model: verdict("listen", real[0], true) };
}

function nextAnswer(table: PortTable, model: TableModel, binding: Binding): Told {
  return {
    table: `next ${table.nextFree(binding, 79, 83)}`,
    model: `next ${model.nextFree(binding, 79, 83)}`,
  };
}

function verdict(call: string, conflict: Binding | undefined, isReal: boolean | undefined): string {
  if (!conflict) return `${call}: free`;
  return isReal ? `${call}: a real conflict` : `${call}: an invented conflict, ${JSON.stringify(conflict)}`;
}

function outcomes(
  table: PortTable,
  model: TableModel,
  call: (either: PortTable | TableModel) => unknown,
): Told {
  return { table: outcomeOf(() => call(table)), model: outcomeOf(() => call(model)) };
}

function outcomeOf(call: () => unknown): string {
  try {
    const answer = call();
    return typeof answer === "boolean" ? String(answer) : "done";
  } catch (error) {
    return PortError.is(error) ? error.code : (error as Error).name;
  }
}
