// The names of the orders in which a pool is gone through; see order.ts for what each does.

import { describe } from "../core/expect.ts";

const SELECTIONS = ["name", "random", "apart", "uniform", "next-fit", "first-fit"] as const;
export type Selection = (typeof SELECTIONS)[number];

export function expectSelection(value: unknown, name: string | null): Selection {
  const selection = SELECTIONS.find((known) => known === value);
  if (!selection) {
    throw new RangeError(
      `\`selection\`: expected one of ${SELECTIONS.join(", ")}, received ${describe(value)}`,
    );
  }
  if (selection === "name" && name === null) {
    throw new TypeError('`selection`: "name" goes by the name; give `name` too');
  }
  return selection;
}
