// The same for a model to read. What others chose, as names and command lines, stands in code spans that it cannot end.

import { onOneLine } from "../show/width.ts";
import type { Context, ContextPlace, ContextService } from "./facts.ts";

const STATES: Readonly<Record<ContextService["state"], string>> = {
  listening: "up",
  starting: "starting, does not listen yet",
  held: "leased, nothing listens",
  kept: "not running; its port is kept for it",
  free: "not running",
  taken: "somebody else listens on its port: see `moorage who`",
  orphaned: "up, but what started it is gone",
  new: "in the config, has never run here",
};

const START =
  "- Start: `moorage run --name web -- COMMAND` sets PORT, has the same port each time, and ends with the command.";

const ADVICE = `\
- Wait until it is up, instead of sleeping: \`moorage wait web\`
- Where it is: \`moorage url web\`, \`moorage port web\`; of all services, \`moorage env\`
- Stop: end the process that you started; \`moorage free PORT\` asks whoever listens, if it is this user's.
- EADDRINUSE, or a page that is not yours: \`moorage who PORT\`
- Everything on this machine: \`moorage ls\`; for a program, \`moorage ls --json\`

## What not to do

- Do not choose port numbers or write them into files: ask for the service by its name.
- Do not stop a process because it is on a port: other worktrees and other agents have servers here too.
- Do not use \`moorage release --force\` unless the user says so.
`;

export function toMarkdown({ here, worktrees, startable, others, problem }: Context): string {
  const { project, worktree, folder, services } = here;
  const where = folder === null ? "" : ` (${code(folder)})`;
  return [
    "# Ports of this worktree",
    "",
    `Project ${code(project)}, worktree ${code(worktree)}${where}. Moorage leases ports here: each service of each worktree has one of its own.`,
    "",
    ...(problem === null ? [] : [`The config is wrong: ${code(problem)}`, ""]),
    ...(services.length === 0 ? ["No service has run here yet."] : services.map(serviceLine)),
    "",
    ...(worktrees.length === 0
      ? []
      : ["## Other worktrees of this project", "", ...worktrees.map(worktreeLine), ""]),
    `Elsewhere on this machine: other projects with services: ${others.projects}; other leases: ${others.leases}.`,
    "",
    "## How to work with them",
    "",
    ...startLines(startable),
    ADVICE,
  ].join("\n");
}

/** "- `web`: up, http://localhost:24310, pid 41240 `next dev`". */
function serviceLine({ service, state, ports, url, pid, command }: ContextService): string {
  const place = url ?? (ports.length === 0 ? undefined : `port ${ports.join(", ")}`);
  const who = pid === null ? undefined : `pid ${pid}${command === null ? "" : ` ${code(command)}`}`;
  return `- ${code(service)}: ${[STATES[state], place && code(place), who].filter((part) => part !== undefined).join(", ")}`;
}

/** What the config has a command for is started by that. */
function startLines([first, ...more]: readonly string[]): string[] {
  if (first === undefined) return [START];
  const all = [first, ...more].map(code).join(", ");
  const one = more.length === 0 ? "" : `; one of them: ${code(`moorage run ${first}`)}`;
  return [
    `- Start what the config has a command for (${all}): \`moorage run\`${one}`,
    START.replace("Start", "Start another command"),
  ];
}

/** "- `main` (`/home/ann/shop`): `web` up on 20817, `api` kept on 20818". */
function worktreeLine({ worktree, folder, presence, services }: ContextPlace): string {
  const gone = presence === "here" ? "" : ` (${presence})`;
  const where = folder === null ? "" : ` (${code(folder)})`;
  const states = services.map(
    ({ service, state, ports }) => `${code(service)} ${state} on ${ports.join(", ")}`,
  );
  return `- ${code(worktree)}${where}${gone}: ${states.join(", ")}`;
}

function code(text: string): string {
  return `\`${onOneLine(text).replaceAll("`", "'")}\``;
}
