// `moorage ls --watch`: shows what there is, and again whenever it has changed, until it is told to stop.
//
// On a terminal it is one screen that is drawn anew, ages too; elsewhere a further block, or a line of JSON, when anything but an age
// has changed. Who listens is told by nobody, so it looks, and is idle for most of the time.

import { constants } from "node:os";
import { setTimeout } from "node:timers/promises";
import { EXIT } from "../exit-codes.ts";
import { print } from "../output.ts";
import { terminalOf } from "../show/terminal.ts";
import { toJson } from "./json.ts";
import type { Look } from "./look.ts";
import { toText } from "./text.ts";

const PAUSE_MS = 500;
/** A look at very many leases takes long itself. */
const PAUSES_PER_LOOK = 4;

const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** DECSET 1049: the other screen of a terminal, whose own stays as it was. The cursor is hidden meanwhile. */
const SCREEN = {
  enter: "\x1B[?1049h\x1B[?25l",
  leave: "\x1B[?25h\x1B[?1049l",
  home: "\x1B[H",
  clear: "\x1B[J",
};

export async function watch(
  look: () => Promise<Look>,
  { json }: { readonly json: boolean },
): Promise<number> {
  const stopped = new AbortController();
  const stop = (signal: NodeJS.Signals): void => stopped.abort(signal);
  for (const signal of STOPS) process.on(signal, stop);
  try {
    if (json || !process.stdout.isTTY) await append(look, { json, signal: stopped.signal });
    else await draw(look, stopped.signal);
  } finally {
    for (const signal of STOPS) process.off(signal, stop);
  }
  const signal = stopped.signal.reason as (typeof STOPS)[number] | undefined;
  // Ctrl-C is how one ends it.
  return signal === undefined || signal === "SIGINT" ? EXIT.OK : EXIT.SIGNALLED + constants.signals[signal];
}

/** Prints what there is whenever it has changed; ends when nobody reads any more, too. */
async function append(
  look: () => Promise<Look>,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<void> {
  let last: string | undefined;
  for await (const now of looks(look, signal)) {
    const state = JSON.stringify(toJson(now));
    if (state === last) continue;
    const text = json ? `${state}\n` : `${last === undefined ? "" : "\n"}${blockOf(now)}`;
    last = state;
    if (!(await print(text))) return;
  }
}

async function draw(look: () => Promise<Look>, signal: AbortSignal): Promise<void> {
  let last: Look | undefined;
  let shown = "";
  const redraw = (): void => {
    if (!last) return;
    const screen = screenOf(last);
    if (screen !== shown) process.stdout.write(SCREEN.home + screen + SCREEN.clear);
    shown = screen;
  };
  process.stdout.write(SCREEN.enter);
  process.stdout.on("resize", redraw);
  try {
    for await (const now of looks(look, signal)) {
      last = now;
      redraw();
    }
  } finally {
    process.stdout.off("resize", redraw);
    await print(SCREEN.leave);
  }
}

/** One look after the other, until the signal aborts. */
async function* looks(look: () => Promise<Look>, signal: AbortSignal): AsyncGenerator<Look> {
  while (!signal.aborted) {
    const began = performance.now();
    yield await look();
    const pause = Math.max(PAUSE_MS, PAUSES_PER_LOOK * (performance.now() - began));
    await setTimeout(pause, undefined, { signal }).catch(() => undefined);
  }
}

/** All that is shown, with the remarks in it: there is nobody to tell them to beside. */
function blockOf(look: Look): string {
  const { tables, remarks } = toText(look, terminalOf(process.stdout, process.env), Date.now());
  return `${[...tables].join("")}${remarks.join("\n")}\n`;
}

/** A block cut to the screen, each line cleared behind its end. */
function screenOf(look: Look): string {
  const { rows } = terminalOf(process.stdout, process.env);
  const lines = blockOf(look).trimEnd().split("\n");
  const more = lines.length - (rows - 1);
  const shown = more > 0 ? [...lines.slice(0, rows - 2), `and ${more + 1} more lines`] : lines;
  return `${shown.map((line) => `${line}\x1B[K`).join("\n")}\n`;
}
