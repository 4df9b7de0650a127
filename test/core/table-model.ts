// The port table written the obvious way: a list of bindings, compared one by one.
//
// It keeps no index, so that what it says follows from the rule of a pair alone. Like the table it does not
// tell exclusive bindings apart by user or by listening: neither ever changes an answer about them.

import { type Binding, canShare, sameBinding } from "../../src/core/binding.ts";
import { conflictsAtBind, conflictsAtListen } from "../../src/core/conflict.ts";
import { PortError } from "../../src/core/errors.ts";

export class TableModel {
  readonly bindings: Binding[] = [];

  /** Every binding that stands in the way of bind(). */
  bindConflicts(binding: Binding): Binding[] {
    return this.bindings.filter((other) => other.port === binding.port && conflictsAtBind(other, binding));
  }

  /** Every binding but `binding` itself that stands in the way of its listen(). */
  listenConflicts(binding: Binding): Binding[] {
    const self = this.bindings.find((other) => alike(other, binding));
    return this.bindings.filter(
      (other) => other !== self && other.port === binding.port && conflictsAtListen(other, binding),
    );
  }

  has(binding: Binding): boolean {
    return this.bindings.some((other) => alike(other, binding));
  }

  add(binding: Binding): void {
    const [conflict] = this.bindConflicts(binding);
    if (conflict) throw refusal(conflict);
    this.bindings.push(binding);
  }

  listen(binding: Binding): Binding {
    const at = this.bindings.findIndex((other) => alike(other, binding));
    if (at === -1) throw new RangeError("not there");
    const [conflict] = this.listenConflicts(binding);
    if (conflict) throw refusal(conflict);
    const listening = { ...binding, listening: binding.protocol === "tcp" };
    this.bindings[at] = listening;
    return listening;
  }

  remove(binding: Binding): boolean {
    const at = this.bindings.findIndex((other) => alike(other, binding));
    if (at !== -1) this.bindings.splice(at, 1);
    return at !== -1;
  }

  nextFree(binding: Binding, first: number, last: number): number | undefined {
    for (let port = first; port <= last; port++) {
      if (this.bindConflicts({ ...binding, port }).length === 0) return port;
    }
    return undefined;
  }
}

/** Whether one binding can stand for the other in the table. */
export function alike(a: Binding, b: Binding): boolean {
  if (canShare(a) || canShare(b)) return sameBinding(a, b);
  return sameBinding({ ...a, user: 0, listening: false }, { ...b, user: 0, listening: false });
}

function refusal(conflict: Binding): PortError<"PORT_IN_USE"> {
  return new PortError("PORT_IN_USE", "in use", { address: conflict.address.text, port: conflict.port });
}
