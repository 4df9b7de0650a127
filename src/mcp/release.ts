// The tool that gives leases back: this session's, and those of processes that are gone.

import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { answer } from "./answer.ts";
import { FOLDER, TARGET, targetIn } from "./inputs.ts";
import type { Context } from "./server.ts";

const DESCRIPTION = `Give back a lease by its service or port, when the server that used it has ended. It stops no process,
and takes nothing from another process that is running. A service keeps its port for the next time.`;

const INPUT = z.strictObject({ target: TARGET, folder: FOLDER });

const OUTPUT = z.object({
  released: z.array(z.object({ name: z.string().nullable(), ports: z.array(z.number()) })),
});

export function addRelease(server: McpServer, { places }: Context): void {
  server.registerTool(
    "release",
    {
      title: "Give back a lease",
      description: DESCRIPTION,
      inputSchema: INPUT,
      outputSchema: OUTPUT,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: false,
        openWorldHint: false,
      },
    },
    async ({ target, folder }) =>
      await answer(async () => {
        const project = await places.in(folder);
        const released = await project.registry.release(await targetIn(project, target));
        return { released: released.map(({ name, ports }) => ({ name, ports: [...ports] })) };
      }),
  );
}
