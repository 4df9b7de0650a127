// Processes of the tests of faults: Node programs beside this file that speak over IPC, started anywhere, by
// anybody, and ended with their test by their own pid.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import type { AcquireOptions, LeaseInfo, Reservation } from "../../src/registry/index.ts";

/** A command line that runs another one, given behind it, in a special place. */
export type Place = readonly string[];

export interface LeaseFactsOf {
  /** Its number in the worker. */
  readonly lease: number;
  readonly id: string;
  readonly name: string | null;
  readonly ports: readonly number[];
  readonly protocols: readonly string[];
  readonly holder: { readonly pid: number; readonly startTime: number };
  readonly token: { readonly epoch: number; readonly revision: number };
}

export interface Program {
  /** The pid of what was started: the program's own, unless its place starts it as a child. */
  readonly pid: number;
  readonly process: ChildProcess;
  send(message: object): void;
  /** The next message. Rejects when the program ends without one. */
  next(): Promise<unknown>;
  signal(signal: NodeJS.Signals): void;
  /** Ends it, and waits until the kernel has taken everything back. */
  end(): Promise<void>;
}

/** Starts a script beside this file; `collect` takes its messages in place of `next`. */
export function startProgram(
  script: string,
  parameters: readonly string[] = [],
  options: { readonly place?: Place; readonly collect?: (message: unknown) => void } = {},
): Program {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const [program = "", ...rest] = [...(options.place ?? []), process.execPath, path, ...parameters];
  const child = spawn(program, rest, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    serialization: "json",
  });
  const exited = once(child, "exit");
  const messages: unknown[] = [];
  const waiting: { resolve: (message: unknown) => void; reject: (error: Error) => void }[] = [];
  let ended: Error | undefined;
  const take = (message: unknown): void => {
    const first = waiting.shift();
    if (first) first.resolve(message);
    else messages.push(message);
  };
  child.on("message", options.collect ?? take);
  // A message to a program that was killed a moment ago has nobody to come to.
  child.on("error", () => undefined);
  child.on("exit", (code, signal) => {
    ended = new Error(`${script} ended: ${code ?? signal}`);
    for (const { reject } of waiting) reject(ended);
  });
  const end = async (): Promise<void> => {
    // What a place started as a child of its own ends with the connection.
    if (child.connected) child.disconnect();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGKILL");
    await exited;
  };
  return {
    pid: child.pid!,
    process: child,
    send: (message) => void (child.connected && child.send(message, () => undefined)),
    next: () => {
      if (messages.length > 0) return Promise.resolve(messages.shift());
      if (ended) return Promise.reject(ended);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
    },
    signal: (signal) => void child.kill(signal),
    end,
  };
}

interface Answer {
  /** The number of the call that it answers; 0: the start. */
  readonly call: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A process that does what it is told; see worker.mjs. */
export class Worker {
  readonly program: Program;
  #pid = 0;
  #calls = 0;
  readonly #pending = new Map<number, Pending>();

  private constructor(place: Place) {
    this.program = startProgram("worker.mjs", [], {
      place,
      collect: (message) => this.#settle(message as Answer),
    });
    onTestFinished(() => this.program.end());
    this.program.process.once("exit", (code, signal) => {
      for (const { reject } of this.#pending.values()) reject(new Error(`ended: ${code ?? signal}`));
    });
  }

  /** Its own pid: not that of what was started, where a place starts it as a child. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts a worker that has opened nothing yet. */
  static async start(place: Place = []): Promise<Worker> {
    const worker = new Worker(place);
    worker.#pid = (await worker.#answerTo(0)) as number;
    return worker;
  }

  /** Starts a worker that has opened the registry in `directory`. */
  static async open(directory: string, place: Place = [], options: object = {}): Promise<Worker> {
    const worker = await Worker.start(place);
    await worker.tell("open", { directory, ...options });
    return worker;
  }

  /** Rejects with what the action failed with. Actions that are told at the same time run side by side. */
  async tell(action: string, parameters: object = {}): Promise<unknown> {
    const call = ++this.#calls;
    const answer = this.#answerTo(call);
    this.program.send({ action, call, ...parameters });
    return await answer;
  }

  async acquire(options: AcquireOptions, times = 1, registry = 0): Promise<LeaseFactsOf[]> {
    return (await this.tell("acquire", { options, times, registry })) as LeaseFactsOf[];
  }

  async list(registry = 0): Promise<LeaseInfo[]> {
    return (await this.tell("call", { method: "list", registry })) as LeaseInfo[];
  }

  async reservations(registry = 0): Promise<Reservation[]> {
    return (await this.tell("call", { method: "reservations", registry })) as Reservation[];
  }

  #answerTo(call: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.set(call, { resolve, reject }));
  }

  #settle({ call, result, error }: Answer): void {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    if (error) pending?.reject(Object.assign(new Error(error.message), error));
    else pending?.resolve(result);
  }
}

export function startWorkers(directory: string, count: number): Promise<Worker[]> {
  return Promise.all(Array.from({ length: count }, () => Worker.open(directory)));
}
