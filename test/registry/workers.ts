// Workers of tests: processes that hold leases through the built package.

import type { AcquireOptions } from "../../src/registry/index.ts";
import { type Child, startChild } from "../stores/child.ts";

export interface WorkerError {
  readonly code: string;
  readonly message: string;
  readonly holder?: { readonly pid: number };
  readonly refused?: { readonly leased: number; readonly stranger: number };
}

export class Worker {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  /** Starts a process that has opened the registry in `directory`. */
  static async start(directory: string): Promise<Worker> {
    const worker = new Worker(startChild("registry/worker.mjs"));
    await worker.tell("open", { directory });
    return worker;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Rejects with the WorkerError when the action failed. */
  async tell(action: string, parameters: object = {}): Promise<unknown> {
    this.child.send({ action, ...parameters });
    const answer = (await this.child.next()) as { result?: unknown; error?: WorkerError };
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  }

  /** The ports of `times` leases, one after the other. */
  async acquire(options: AcquireOptions, times = 1): Promise<number[]> {
    return (await this.tell("acquire", { options, times })) as number[];
  }

  /** kill -9, and waits until the kernel has taken everything back. */
  async kill(): Promise<void> {
    await this.child.end("SIGKILL");
  }
}
