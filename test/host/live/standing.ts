// What stands in the namespace, as a list and as the port table that is put to the test.

import {
  type Binding,
  bindingOf,
  type BindingOptions,
  formatBinding,
  PortTable,
} from "../../../src/core/index.ts";
import type { Program } from "./namespace.ts";
import type { SocketPlan } from "./plans.ts";

/** A socket, or a hold with its sockets. */
export interface Standing {
  readonly id: number;
  readonly program: Program;
  readonly isHold: boolean;
  /** Whether it can still be made to listen. */
  readonly canListen: boolean;
  /** As the table has them. */
  bindings: readonly Binding[];
}

/** What the table has against a plan. */
export interface Objection {
  readonly bind: Binding | undefined;
  readonly listen: Binding | undefined;
}

export class Standings {
  readonly #table = new PortTable();
  readonly all = new Set<Standing>();

  add(standing: Standing): void {
    for (const { ...options } of standing.bindings)
      this.#table.add(bindingOf({ ...options, listening: false }));
    for (const binding of standing.bindings) {
      if (binding.listening) this.#table.listen(bindingOf({ ...binding, listening: false }));
    }
    this.all.add(standing);
  }

  remove(standing: Standing): void {
    for (const binding of standing.bindings) {
      if (!this.#table.remove(binding)) throw new Error(`${formatBinding(binding)} was not in the table`);
    }
    this.all.delete(standing);
  }

  /** A socket that was bound listens now. */
  listen(standing: Standing): void {
    standing.bindings = standing.bindings.map((binding) => this.#table.listen(binding));
  }

  /** What is against a socket, bound and then, where the plan says so, listening. */
  against(plan: SocketPlan): Objection {
    const bound = bindingOf({ ...plan, listening: false });
    const bind = this.#table.conflictAtBind(bound);
    if (bind || !plan.listening) return { bind, listen: undefined };
    this.#table.add(bound);
    const listen = this.#table.conflictAtListen(bound);
    this.#table.remove(bound);
    return { bind, listen };
  }

  againstBind(options: BindingOptions): Binding | undefined {
    return this.#table.conflictAtBind(bindingOf(options));
  }

  againstListen(standing: Standing): Binding | undefined {
    return this.#table.conflictAtListen(standing.bindings[0]!);
  }

  bindings(): Binding[] {
    return [...this.all].flatMap(({ bindings }) => bindings);
  }

  toString(): string {
    return [...this.all].map(show).join("; ");
  }
}

function show({ id, program, isHold, bindings }: Standing): string {
  return `#${id} of ${program.pid}${isHold ? ", a hold" : ""}: ${bindings.map(showBinding).join(" and ")}`;
}

export function showBinding(binding: Binding): string {
  const flags = (["v6only", "reuseAddress", "reusePort", "listening"] as const).filter(
    (flag) => binding[flag],
  );
  const user = binding.user === 0 ? [] : [`user ${binding.user}`];
  return [formatBinding(binding), ...flags, ...user].join(" ");
}
