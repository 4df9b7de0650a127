// The states of leases and kept ports as a word and a sign, and the order in which they are counted.

import type { InspectedReservation, LeaseState } from "../../inspect/index.ts";
import type { Cell } from "../show/columns.ts";
import type { Style, Terminal } from "../show/terminal.ts";

export type ShownState = LeaseState | InspectedReservation["state"];

interface Sign {
  readonly sign: string;
  /** Where only ASCII can be shown. */
  readonly ascii: string;
  readonly style?: Style;
}

/** What is worth a look first comes first. */
const SIGNS: Readonly<Record<Exclude<ShownState, "leased">, Sign>> = {
  taken: { sign: "!", ascii: "!", style: "red" },
  orphaned: { sign: "◌", ascii: "?", style: "yellow" },
  listening: { sign: "●", ascii: "*", style: "green" },
  starting: { sign: "◐", ascii: "~", style: "yellow" },
  held: { sign: "○", ascii: "o" },
  kept: { sign: "◇", ascii: "=", style: "dim" },
  free: { sign: "·", ascii: "-", style: "dim" },
};

export const STATES: readonly (keyof typeof SIGNS)[] = Object.keys(SIGNS) as (keyof typeof SIGNS)[];

/** "● listening", "! taken, kept". */
export function stateCells(terminal: Terminal): (state: ShownState, isKept?: boolean) => Cell {
  const cells = new Map<string, Cell>();
  return (state, isKept = false) => {
    const key = isKept ? `${state}, kept` : state;
    const known = cells.get(key);
    if (known) return known;
    const { sign, ascii, style } = SIGNS[state === "leased" ? "held" : state];
    const text = `${terminal.isUnicode ? sign : ascii} ${key}`;
    const cell = { text, width: text.length, dress: style && ((cut: string) => terminal.style(cut, style)) };
    cells.set(key, cell);
    return cell;
  };
}
