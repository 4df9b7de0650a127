// The signals that `run` is sent: passed on to its command once there is one. Before, the first of them
// stops the start; after the command has ended they change nothing, so that its lease is given back.

import type { ChildProcess } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { isatty } from "node:tty";

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/** What a terminal sends to every process in the foreground, the command too. */
const FROM_KEYBOARD: ReadonlySet<NodeJS.Signals> = new Set(["SIGINT", "SIGQUIT"]);
const STDIN = 0;

/** Why nothing was started. */
export class Stopped extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal} before the command was started`);
    this.signal = signal;
  }
}

/** Catches signals until it is disposed. */
export class Signals implements Disposable {
  readonly #stop = new AbortController();
  #command: ChildProcess | undefined;

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, this.#receive);
  }

  /** Aborts, with a `Stopped` for its reason, at a signal that comes before there is a command. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** @throws Stopped when such a signal has come, also one that the event loop has not looked at yet. */
  async throwIfStopped(): Promise<void> {
    // Twice, for the first can still belong to the round of the loop that is under way.
    await setImmediate();
    await setImmediate();
    this.stop.throwIfAborted();
  }

  /** From now on signals go to this command. */
  passTo(command: ChildProcess): void {
    this.#command = command;
  }

  [Symbol.dispose](): void {
    for (const signal of PASSED_ON) process.off(signal, this.#receive);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (!this.#command) this.#stop.abort(new Stopped(signal));
    else if (!(isatty(STDIN) && FROM_KEYBOARD.has(signal))) this.#command.kill(signal);
  };
}
