// Several processes on one registry at once: how many pairs they make, how fair, and the longest wait.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CLIENT = fileURLToPath(new URL("client.js", import.meta.url));

/** What one process did. */
export interface Share {
  readonly pairs: number;
  /** Milliseconds of the longest pair. */
  readonly longest: number;
}

/** Runs a subject in `processes` processes at once, for `ms` each after they are all warm. */
export async function runClients(
  subject: "registry" | "bare",
  directory: string,
  { processes, ms }: { readonly processes: number; readonly ms: number },
): Promise<Share[]> {
  const clients = Array.from({ length: processes }, () => fork(CLIENT, [subject, directory, String(ms)]));
  await Promise.all(clients.map((client) => message(client)));
  const shares = Promise.all(clients.map((client) => message(client) as Promise<Share>));
  const exits = Promise.all(clients.map((client) => once(client, "exit")));
  for (const client of clients) client.send("go");
  const done = await shares;
  await exits;
  return done;
}

async function message(client: ChildProcess): Promise<unknown> {
  const [value] = (await once(client, "message")) as [unknown];
  return value;
}
