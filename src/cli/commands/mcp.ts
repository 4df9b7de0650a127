// moorage mcp: a server of the Model Context Protocol over stdin and stdout, for coding agents.

import { constants } from "node:os";
import { serve } from "../../mcp/index.ts";
import { EXIT } from "../exit-codes.ts";

const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export async function mcp(version: string): Promise<number> {
  const stopped = new AbortController();
  const stop = (signal: NodeJS.Signals): void => stopped.abort(signal);
  for (const signal of STOPS) process.on(signal, stop);
  const { stdin, stdout } = process;
  await serve({ version, folder: process.cwd(), stdin, stdout, signal: stopped.signal });
  const signal = stopped.signal.reason as (typeof STOPS)[number] | undefined;
  return signal === undefined ? EXIT.OK : EXIT.SIGNALLED + constants.signals[signal];
}
