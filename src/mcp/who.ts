// The tool that says whose a port is.

import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { openHost } from "../host/index.ts";
import { formatSocket } from "../report/describe.ts";
import { isAnybodys, type PortReport, portsOf, reportPort } from "../report/port-report.ts";
import { answer } from "./answer.ts";
import { FOLDER, TARGET, targetIn } from "./inputs.ts";
import type { Context } from "./server.ts";

const DESCRIPTION = `Say whose a port is, leased or not: who listens, with pid, command and folder, and who has a lease of it.
Ask this when something fails with EADDRINUSE, or before you believe that a server is yours. Never stop a process that is not yours.`;

const INPUT = z.strictObject({ target: TARGET, folder: FOLDER });

const PROCESS = z.object({
  pid: z.number(),
  command: z.string(),
  folder: z.string().nullable(),
  project: z.string().nullable().describe("the nearest folder with a .git or a package.json"),
  container: z.string().nullable(),
});

const OUTPUT = z.object({
  ports: z.array(
    z.object({
      port: z.number(),
      isAnybodys: z.boolean().describe("false: nobody listens, has leased or keeps it"),
      listeners: z
        .array(z.object({ socket: z.string(), processes: z.array(PROCESS) }))
        .nullable()
        .describe("null: the system does not tell"),
      leases: z.array(
        z.object({
          name: z.string().nullable(),
          state: z.string(),
          holder: z.object({ pid: z.number(), command: z.string() }),
        }),
      ),
      keptFor: z.array(z.string()),
      isLeasedElsewhere: z
        .boolean()
        .describe("by another user, in another state folder, or by a process whose lease is over"),
      leasedElsewhereBy: z.array(z.object({ pid: z.number(), command: z.string() })),
    }),
  ),
});

export function addWho(server: McpServer, { places }: Context): void {
  server.registerTool(
    "who",
    {
      title: "Say whose a port is",
      description: DESCRIPTION,
      inputSchema: INPUT,
      outputSchema: OUTPUT,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ target, folder }) =>
      await answer(async () => {
        const project = await places.in(folder);
        const { registry } = project;
        const ledger = { leases: await registry.list(), reservations: await registry.reservations() };
        const host = openHost();
        const ports = portsOf(await targetIn(project, target), ledger);
        const reports = await Promise.all(ports.map((port) => reportPort(host, port, ledger)));
        return { ports: reports.map(toShown) };
      }),
  );
}

function toShown(report: PortReport): z.infer<typeof OUTPUT>["ports"][number] {
  const { port, listeners, leases, reservations, leasedElsewhere, leasedElsewhereBy } = report;
  return {
    port,
    isAnybodys: isAnybodys(report),
    listeners:
      listeners?.map((one) => ({
        socket: formatSocket(one),
        processes: one.owners.map(({ pid, command, folder, project, container }) => ({
          pid,
          command,
          folder,
          project,
          container,
        })),
      })) ?? null,
    leases: leases.map(({ name, state, holder: { pid, command } }) => ({
      name,
      state,
      holder: { pid, command },
    })),
    keptFor: reservations.map(({ name }) => name),
    isLeasedElsewhere: leasedElsewhere.length > 0,
    leasedElsewhereBy: [...leasedElsewhereBy],
  };
}
