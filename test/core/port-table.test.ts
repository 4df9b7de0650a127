// The port table on the stories of the rule, what it says of a refusal, and its search for a free port.

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Binding, bindingOf, type BindingOptions } from "../../src/core/binding.ts";
import { PortError } from "../../src/core/errors.ts";
import { PortTable } from "../../src/core/port-table.ts";
import { anyBinding } from "./arbitraries.ts";
import { play, STORIES } from "./stories.ts";
import { TableModel } from "./table-model.ts";

describe("sockets on one port, in the port table", () => {
  it.each(Object.entries(STORIES))("%s", (_title, story) => {
    expect(play(new PortTable(), story)).toEqual(story);
  });
});

describe("what the table says of a refusal", () => {
  it("names the exclusive binding that stands in the way, also the dual-stack one met through IPv4", () => {
    const dual = tcp({ address: "::" });
    const table = tableOf(dual);
    expect(table.conflictAtBind(tcp({ address: "10.0.0.1" }))).toEqual(dual);
    expect(table.conflictAtBind(tcp({ address: "fd00::1" }))).toEqual(dual);
  });

  it("tells two sockets of one family each from one dual-stack socket", () => {
    const [v4, v6] = [tcp({ address: "0.0.0.0" }), tcp({ address: "::", v6only: true })];
    const table = tableOf(v4, v6);
    expect(table.conflictAtBind(tcp({ address: "10.0.0.1" }))).toEqual(v4);
    expect(table.conflictAtBind(tcp({ address: "fd00::1" }))).toEqual(v6);
    expect(table.remove(tcp({ address: "::" }))).toBe(false);
    expect(table.remove(v4)).toBe(true);
    expect(table.conflictAtBind(tcp({ address: "::" }))).toEqual(v6);
  });

  it("finds the exclusive binding among sharers that are no obstacle", () => {
    const sharer = tcp({ address: "127.0.0.1", reuseAddress: true });
    const exclusive = tcp({ address: "127.0.0.2" });
    const table = tableOf(sharer, exclusive);
    expect(table.conflictAtBind(tcp({ address: "0.0.0.0", reuseAddress: true }))).toEqual(exclusive);
    expect(table.conflictAtBind(tcp({ address: "127.0.0.1", reuseAddress: true }))).toBeUndefined();
  });

  it("throws PORT_IN_USE with the address and the port of who has it, and changes nothing", () => {
    const table = tableOf(tcp({ address: "0.0.0.0" }));
    const refused = thrownBy(() => table.add(tcp({ address: "10.0.0.1", reuseAddress: true })));
    expect(refused).toBeInstanceOf(PortError);
    expect(refused).toMatchObject({
      code: "PORT_IN_USE",
      address: "0.0.0.0",
      port: 80,
      message: "tcp 10.0.0.1:80 is in use: tcp 0.0.0.0:80 stands in the way",
    });
    expect(table.remove(tcp({ address: "10.0.0.1", reuseAddress: true }))).toBe(false);
    expect(table.remove(tcp({ address: "0.0.0.0" }))).toBe(true);
    expect(table.nextFree(tcp({ address: "::" }), 80, 80)).toBe(80);
  });

  it("throws PORT_IN_USE at listen beside a listener, and a RangeError for what it does not have", () => {
    const table = tableOf(tcp({ reuseAddress: true }), tcp({ reuseAddress: true, address: "::1" }));
    const listener = table.listen(tcp({ reuseAddress: true, address: "::1" }));
    expect(listener).toMatchObject({ listening: true });
    expect(Object.isFrozen(listener)).toBe(true);
    expect(thrownBy(() => table.listen(tcp({ reuseAddress: true })))).toMatchObject({
      code: "PORT_IN_USE",
      address: "::1",
      port: 80,
    });
    expect(() => table.listen(tcp({ address: "10.0.0.1" }))).toThrow(
      new RangeError("`binding`: tcp 10.0.0.1:80 is not in the table"),
    );
    expect(() => table.listen(tcp({ address: "::1", reuseAddress: true }))).toThrow(RangeError);
  });
});

describe("nextFree", () => {
  it("is undefined for a full range and for a backwards one", () => {
    const table = tableOf(tcp({ port: 80 }), tcp({ port: 81 }));
    expect(table.nextFree(tcp({}), 80, 81)).toBeUndefined();
    expect(table.nextFree(tcp({}), 90, 89)).toBeUndefined();
    expect(table.nextFree(tcp({ reuseAddress: true }), 90, 89)).toBeUndefined();
  });

  it("reaches both ends of the port space", () => {
    const table = tableOf(tcp({ port: 1 }), tcp({ port: 65534 }));
    expect(table.nextFree(tcp({}), 1, 65535)).toBe(2);
    expect(table.nextFree(tcp({}), 65534, 65535)).toBe(65535);
    table.add(tcp({ port: 65535, reusePort: true }));
    expect(table.nextFree(tcp({}), 65534, 65535)).toBeUndefined();
    expect(table.nextFree(tcp({ reusePort: true }), 65534, 65535)).toBe(65535);
  });

  it("gives a sharer the shared port before the free one behind it", () => {
    const table = tableOf(tcp({ port: 80 }), tcp({ port: 81, reuseAddress: true }));
    expect(table.nextFree(tcp({}), 80, 90)).toBe(82);
    expect(table.nextFree(tcp({ reuseAddress: true }), 80, 90)).toBe(81);
  });

  it.each([0, 65536, 1.5, Number.NaN])("refuses %s as an end of the range", (port) => {
    const table = new PortTable();
    expect(() => table.nextFree(tcp({}), port, 80)).toThrow(/`first`: expected a whole number from 1/u);
    expect(() => table.nextFree(tcp({}), 80, port)).toThrow(/`last`: expected a whole number from 1/u);
  });

  it("finds what trying port after port finds", () => {
    const ports = [1, 31, 32, 33, 34, 35, 36, 63, 64, 65535];
    fc.assert(
      fc.property(
        fc.array(anyBinding(ports), { maxLength: 60, size: "max" }),
        fc.array(anyBinding(ports), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(1, 31, 33, 65534),
        fc.integer({ min: 0, max: 40 }),
        (bindings, wanted, first, length) => {
          const [table, model] = [new PortTable(), new TableModel()];
          for (const binding of bindings) {
            if (model.bindConflicts(binding).length > 0) continue;
            table.add(binding);
            model.add(binding);
          }
          const last = Math.min(first + length, 65535);
          for (const binding of wanted) {
            expect(table.nextFree(binding, first, last)).toBe(model.nextFree(binding, first, last));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

function tableOf(...bindings: Binding[]): PortTable {
  const table = new PortTable();
  for (const one of bindings) table.add(one);
  return table;
}

function tcp(options: Partial<BindingOptions>): Binding {
  return bindingOf({ protocol: "tcp", port: 80, ...options });
}
