// The tool that waits until the right server is up.

import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { type Look, lookForNobody, lookForServer } from "../report/looks.ts";
import { poll } from "../report/poll.ts";
import { answer, NotReady } from "./answer.ts";
import { FOLDER, TARGET, targetIn } from "./inputs.ts";
import type { Context } from "./server.ts";

const DESCRIPTION = `Wait until the server of a leased service listens, and that it is this service's own and not somebody else's;
of a port that nobody leased, until anybody listens. With "free", until nobody does. Use this instead of sleeping.`;

const INPUT = z.strictObject({
  target: TARGET,
  folder: FOLDER,
  free: z.boolean().describe("wait until nobody listens").optional(),
  seconds: z.int().min(1).max(600).describe("how long; by default 30").optional(),
});

const OUTPUT = z.object({
  isReady: z.literal(true),
  remark: z.string().describe("what is odd about it, or empty"),
});

const SECONDS = 30;

export function addWait(server: McpServer, { places, ended }: Context): void {
  server.registerTool(
    "wait",
    {
      title: "Wait for a server",
      description: DESCRIPTION,
      inputSchema: INPUT,
      outputSchema: OUTPUT,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ target, folder, free = false, seconds = SECONDS }, { signal }) =>
      await answer(async () => {
        const project = await places.in(folder);
        const resolved = await targetIn(project, target);
        const look = (free ? lookForNobody : lookForServer)(project.registry, resolved);
        let last: Look | undefined;
        const isSo = async (): Promise<boolean> => {
          last = await look();
          return last.isDone;
        };
        if (!(await poll(isSo, { seconds, signal: AbortSignal.any([signal, ended]) }))) {
          throw new NotReady(`after ${seconds} s ${last?.why ?? ""}`);
        }
        return { isReady: true, remark: last?.why ?? "" };
      }),
  );
}
