// The server: its tools, and how long it lives.
//
// It ends with its client: when stdin ends, when stdout cannot be written any more, and at a signal. Then calls that still
// wait are called off, and what was leased to it is given back; killed, its leases end as those of every process.

import type { Readable, Writable } from "node:stream";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { addAcquire } from "./acquire.ts";
import { addList } from "./list.ts";
import { openPlaces, type Places } from "./places.ts";
import { addRelease } from "./release.ts";
import { addWait } from "./wait.ts";
import { addWho } from "./who.ts";

const INSTRUCTIONS = `Moorage leases network ports: each service of each worktree has a port of its own that stays the same.
Never choose port numbers yourself, and never stop a process because it is on a port that you want: acquire one, or ask who has it.`;

/** What tools work with. */
export interface Context {
  readonly places: Places;
  /** Aborts when the server ends. */
  readonly ended: AbortSignal;
}

export interface ServeOptions {
  readonly version: string;
  /** The folder whose services are meant when a call says none. */
  readonly folder: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Serves one client, and returns when that is over and all is given back. */
export async function serve({ version, folder, stdin, stdout, signal }: ServeOptions): Promise<void> {
  await using places = openPlaces(folder);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const over = new Promise((resolve) => ending.signal.addEventListener("abort", resolve));
  for (const event of ["end", "close", "error"]) stdin.once(event, end);
  for (const event of ["close", "error"]) stdout.once(event, end);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });

  const server = new McpServer({ name: "moorage", version }, { instructions: INSTRUCTIONS });
  const context = { places, ended: ending.signal };
  for (const add of [addAcquire, addList, addWho, addWait, addRelease]) add(server, context);
  await server.connect(new StdioServerTransport(stdin, stdout));
  await over;
  await server.close();
}
