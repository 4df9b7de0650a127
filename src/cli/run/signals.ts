// The signals that `run` is sent: passed on to its commands once there are any. Before, the first of them stops the
// start; after the last command has ended they change nothing, so that its lease is given back.

import { setImmediate } from "node:timers/promises";

const PASSED_ON = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;
/**
 * Those that ask for the end, of the command and of all that it has started. What the others mean is between the sender
 * and the command.
 */
export const ENDING: ReadonlySet<NodeJS.Signals> = new Set([
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGKILL",
]);

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
  #send: ((signal: NodeJS.Signals) => void) | undefined;
  #ending: NodeJS.Signals | undefined;

  constructor() {
    for (const signal of PASSED_ON) process.on(signal, this.#receive);
  }

  /** Aborts, with a `Stopped` for its reason, at a signal that comes before there is a command. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /** The first signal that asked for the end of the commands, once there were any. */
  get ending(): NodeJS.Signals | undefined {
    return this.#ending;
  }

  /** @throws Stopped when such a signal has come, also one that the event loop has not looked at yet. */
  async throwIfStopped(): Promise<void> {
    // Twice, for the first can still belong to the round of the loop that is under way.
    await setImmediate();
    await setImmediate();
    this.stop.throwIfAborted();
  }

  /** From now on signals go there. */
  passTo(send: (signal: NodeJS.Signals) => void): void {
    this.#send = send;
  }

  [Symbol.dispose](): void {
    for (const signal of PASSED_ON) process.off(signal, this.#receive);
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    if (!this.#send) {
      this.#stop.abort(new Stopped(signal));
      return;
    }
    if (ENDING.has(signal)) this.#ending ??= signal;
    this.#send(signal);
  };
}

/** Sends a signal, unless there is nobody, or nobody who may be sent any. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or is another user's.
  }
}
