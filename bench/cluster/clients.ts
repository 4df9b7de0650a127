// Several processes on one engine at once: how many pairs of a claim and a release they make, and at what cost.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLIENT = fileURLToPath(new URL("client.js", import.meta.url));

/**
 * What a process does: `own`: commits to slots that nobody else uses; `any`: any free port of a registry, as others
 * ask for them too; `bare`: writes to slots that nobody else
 * uses, without a store.
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
  readonly warmMs: number;
  readonly ms: number;
}

/** What one process did. */
export interface Share {
  readonly pairs: number;
  /** Microseconds of the processor. */
  readonly cpu: number;
  /** Claims that were decided more than once. */
  readonly retries: number;
  /** Milliseconds of the longest pair. */
  readonly longest: number;
}

/** Runs a piece of work in several processes at once; the sum of what they did. */
export async function runClients(work: Work, processes: number): Promise<Share> {
  const clients = Array.from({ length: processes }, () => fork(CLIENT, [JSON.stringify(work)]));
  await Promise.all(clients.map(message));
  const shares = Promise.all(clients.map((client) => message(client) as Promise<Share>));
  const exits = Promise.all(clients.map((client) => once(client, "exit")));
  for (const client of clients) client.send("go");
  const done = await shares;
  await exits;
  const sum = (field: keyof Share): number => done.reduce((total, share) => total + share[field], 0);
  return {
    pairs: sum("pairs"),
    cpu: sum("cpu"),
    retries: sum("retries"),
    longest: Math.max(...done.map(({ longest }) => longest)),
  };
}

async function message(client: ChildProcess): Promise<unknown> {
  const ended = once(client, "exit").then(([code]) => {
    throw new Error(`a client ended with ${code}`);
  });
  const said = once(client, "message") as Promise<[unknown]>;
  const [value] = await Promise.race([said, ended]);
  ended.catch(() => {});
  return value;
}
