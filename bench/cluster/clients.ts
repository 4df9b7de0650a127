// Several processes on one engine at once: how many pairs of a claim and a release they make, and at what cost.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLIENT = fileURLToPath(new URL("client.js", import.meta.url));

/**
 * What a process does: `own`: commits to slots that nobody else uses; `any`: any free port of a registry, as others
 * ask for them too; `bare`: writes to slots that nobody else uses, without a store.
 */
export interface Work {
  readonly subject: "own" | "any" | "bare";
  readonly door: string;
  readonly factory: string;
  readonly bare: string;
  readonly options: object;
  readonly scope: string;
  readonly ports: number;
  readonly outstanding: number;
}

/** What one process did, or several together. */
export interface Share {
  readonly pairs: number;
  /** Milliseconds. */
  readonly ms: number;
  /** Microseconds of the processor. */
  readonly cpu: number;
  /** Claims that were decided more than once. */
  readonly retries: number;
}

/** Processes that have their connections, and do nothing until they are told to. */
export interface Clients {
  /** Has them all work for a while, and says what they did together. */
  work(ms: number): Promise<Share>;
  end(): Promise<void>;
}

export async function startClients(work: Work, processes: number): Promise<Clients> {
  const clients = Array.from({ length: processes }, () => fork(CLIENT, [JSON.stringify(work)]));
  const ended = Promise.race(clients.map(endOf));
  // Nobody asks any more when they have been told to end.
  ended.catch(() => {});
  const messages = async (): Promise<unknown[]> =>
    await Promise.race([Promise.all(clients.map(message)), ended]);
  await messages();
  return {
    async work(ms) {
      const shares = messages() as Promise<Share[]>;
      for (const client of clients) client.send(ms);
      const done = await shares;
      const sum = (field: keyof Share): number => done.reduce((total, share) => total + share[field], 0);
      return { pairs: sum("pairs"), ms: sum("ms") / processes, cpu: sum("cpu"), retries: sum("retries") };
    },
    async end() {
      const exits = Promise.all(clients.map((client) => once(client, "exit")));
      for (const client of clients) client.send("end");
      await exits;
    },
  };
}

async function message(client: ChildProcess): Promise<unknown> {
  return ((await once(client, "message")) as [unknown])[0];
}

async function endOf(client: ChildProcess): Promise<never> {
  const [code] = (await once(client, "exit")) as [number | null];
  throw new Error(`a client ended with ${code}`);
}
