// moorage get: prints ports, one a line, leased to the process that called.

import { openHost } from "../../host/index.ts";
import { open } from "../../node/index.ts";
import type { RequestFlags } from "../arguments.ts";
import { findCaller } from "../caller.ts";
import { EXIT } from "../exit-codes.ts";
import { print } from "../output.ts";

export interface GetFlags extends RequestFlags {
  readonly for?: number;
}

export async function get(count: number, { for: pid, ...request }: GetFlags): Promise<number> {
  const holder = pid ?? findCaller(openHost().ancestors())?.pid ?? process.ppid;
  await using registry = await open();
  const { ports } = await registry.acquire({ ...request, count, for: holder });
  await print(ports.map((port) => `${port}\n`).join(""));
  return EXIT.OK;
}
