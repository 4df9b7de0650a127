// Child processes of tests: real Node processes that speak in lines, ended with their test by their pid.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

export interface Child {
  readonly pid: number;
  /** The child's next message. Rejects when it exits without one. */
  next(): Promise<unknown>;
  send(message: unknown): void;
  /** Sends a signal and waits until the child is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
  readonly process: ChildProcess;
}

/** Starts `script`, a path beside this folder's parent, as "stores/lock-keeper.mjs". */
export function startChild(script: string, ...parameters: readonly string[]): Child {
  return startChildIn([], script, ...parameters);
}

/** The same in a special place: by a command line that runs another one, given behind it. */
export function startChildIn(
  place: readonly string[],
  script: string,
  ...parameters: readonly string[]
): Child {
  const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
  const [execPath, ...execArgv] = [...place, process.execPath];
  const child = fork(path, parameters, { execPath, execArgv, serialization: "json" });
  const messages: unknown[] = [];
  const waiting: { resolve: (message: unknown) => void; reject: (error: Error) => void }[] = [];
  const exited = once(child, "exit");
  child.on("message", (message) => {
    const first = waiting.shift();
    if (first) first.resolve(message);
    else messages.push(message);
  });
  let ended: Error | undefined;
  child.on("exit", (code, signal) => {
    ended = new Error(`${script} ended: ${code ?? signal}`);
    for (const { reject } of waiting) reject(ended);
  });
  const end = async (signal: NodeJS.Signals = "SIGKILL"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await exited;
  };
  onTestFinished(() => end());
  return {
    pid: child.pid!,
    process: child,
    next: () => {
      if (messages.length > 0) return Promise.resolve(messages.shift());
      if (ended) return Promise.reject(ended);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    send: (message) => void child.send(message as object),
    end,
  };
}
