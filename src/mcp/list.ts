// The tool that says what there is.

import type { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { inspected, type InspectedLease, type InspectedReservation } from "../inspect/index.ts";
import { survey } from "../node/inspect.ts";
import { processOf } from "../report/describe.ts";
import { overview, type PlaceGroup } from "../report/overview.ts";
import { placesOf } from "../report/places.ts";
import { urlsByConfig } from "../report/urls.ts";
import { answer } from "./answer.ts";
import { FOLDER } from "./inputs.ts";
import type { Context } from "./server.ts";

const DESCRIPTION = `Show leased and kept ports with who has them: this worktree's services first, then all others of this machine.
States: listening (up), starting, held (leased, nothing listens), kept (nobody runs it, the port stays its own),
taken (somebody else listens there: see who), orphaned (the server outlived its holder), free (over).`;

const INPUT = z.strictObject({ folder: FOLDER });

const OUTPUT = z.object({
  leases: z.array(
    z.object({
      project: z.string().nullable(),
      worktree: z.string().nullable().describe("the branch"),
      folder: z.string().nullable().describe("the folder of the worktree"),
      isCurrent: z.boolean().describe("whether it is of this worktree"),
      service: z.string().nullable(),
      name: z.string().nullable().describe("the full name"),
      ports: z.array(z.number()),
      protocols: z.array(z.string()),
      state: z.string(),
      url: z.string().nullable(),
      pid: z.number().nullable().describe("of the server, while it listens; else of who has the lease"),
      command: z.string().nullable(),
    }),
  ),
});

type Shown = z.infer<typeof OUTPUT>["leases"][number];
type Belonging = Pick<Shown, "project" | "worktree" | "folder" | "isCurrent" | "service" | "url">;

const NOBODYS: Belonging = {
  project: null,
  worktree: null,
  folder: null,
  isCurrent: false,
  service: null,
  url: null,
};

export function addList(server: McpServer, { places }: Context): void {
  server.registerTool(
    "list",
    {
      title: "List leased ports",
      description: DESCRIPTION,
      inputSchema: INPUT,
      outputSchema: OUTPUT,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ folder }, { signal }) =>
      await answer(async () => {
        const project = await places.in(folder);
        const surveyed = await survey(project.registry, { signal });
        const shown = overview(surveyed, {
          current: project.place,
          places: await placesOf(project),
          urlOf: urlsByConfig(),
        });
        return {
          leases: [
            ...shown.groups.flatMap(servicesOf),
            ...shown.leases
              .map((one) => inspected(one, surveyed.sightingOf(one)))
              .filter(({ state, name }) => state !== "free" || name !== null)
              .map((one) => ofLease(one)),
            ...shown.reservations.map((one) => ofReservation(one)),
          ],
        };
      }),
  );
}

function servicesOf({ project, worktree, folder, isCurrent, services }: PlaceGroup): Shown[] {
  return services.flatMap(({ service, url, lease, reservation }) => {
    const whose = { project: project.label, worktree: worktree.label, folder, isCurrent, service, url };
    if (lease) return ofLease(lease, whose);
    return reservation ? ofReservation(reservation, whose) : [];
  });
}

function ofLease(lease: InspectedLease, whose: Belonging = NOBODYS): Shown {
  const { name, ports, protocols, state } = lease;
  const { pid, command } = processOf(lease);
  return { ...whose, name, ports: [...ports], protocols: [...protocols], state, pid, command };
}

function ofReservation(kept: InspectedReservation, whose: Belonging = NOBODYS): Shown {
  const { name, ports, protocols, state } = kept;
  return { ...whose, name, ports: [...ports], protocols: [...protocols], state, pid: null, command: null };
}
