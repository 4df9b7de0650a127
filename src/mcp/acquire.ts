// The tool that leases ports: to this server, which is to the client's session, or to a process.

import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { type Project, serviceOf } from "../project/index.ts";
import { answer } from "./answer.ts";
import { FOLDER } from "./inputs.ts";
import type { Context } from "./server.ts";

const DESCRIPTION = `Lease a port before a server is started, so that nobody else gets it: no other worktree, agent or test.
Give the name of the service ("web"): it has the same port each time in this worktree, and another one in every other worktree.
Without a name it is any free port. Start the server with the variables of "env" in its environment, so that it is known as the lease's.
The lease ends with this session, or with the process "pid". For a server that outlives the session use in a shell: moorage run --name web -- COMMAND`;

const INPUT = z.strictObject({
  service: z.string().min(1).describe("the service, as in moorage.json if there is one: web").optional(),
  folder: FOLDER,
  ports: z.string().describe('choose from these only: "20000-20999,!20080"').optional(),
  prefer: z.int().min(1).max(65_535).describe("try this port first").optional(),
  protocol: z
    .array(z.enum(["tcp", "udp"]))
    .min(1)
    .describe('one number in all of these; by default ["tcp"]')
    .optional(),
  count: z.int().min(1).max(100).describe("how many ports; by default 1").optional(),
  hold: z
    .boolean()
    .describe("false for a server that fails with EADDRINUSE because it does not set SO_REUSEADDR")
    .optional(),
  pid: z.int().min(1).describe("the process that shall have the lease; by default this server").optional(),
});

const OUTPUT = z.object({
  id: z.string(),
  name: z.string().nullable().describe("the full name of the service"),
  ports: z.array(z.number()),
  url: z.string().nullable(),
  env: z.record(z.string(), z.string()).describe("what to start the server with"),
});

export function addAcquire(server: McpServer, { places, ended }: Context): void {
  server.registerTool(
    "acquire",
    {
      title: "Lease a port",
      description: DESCRIPTION,
      inputSchema: INPUT,
      outputSchema: OUTPUT,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    async ({ service, folder, pid, ...request }, { signal }) =>
      await answer(async () => {
        const project = await places.in(folder);
        const options = {
          ...request,
          ...(pid !== undefined && { for: pid }),
          signal: AbortSignal.any([signal, ended]),
        };
        const lease =
          service === undefined
            ? await project.registry.acquire(options)
            : await project.acquire(service, options);
        const variable =
          service === undefined ? "PORT" : serviceOf(project.config, service, project.place).env;
        return {
          id: lease.id,
          name: lease.name,
          ports: [...lease.ports],
          url: lease.protocols.includes("tcp") ? await urlOf(project, service, lease.port) : null,
          env: { [variable]: String(lease.port), MOORAGE_LEASE: lease.id },
        };
      }),
  );
}

async function urlOf(project: Project, service: string | undefined, port: number): Promise<string> {
  return service === undefined ? `http://localhost:${port}` : await project.url(service);
}
