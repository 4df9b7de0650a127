// Variables as other programs read them.

import type { Config } from "./config.ts";
import type { Place } from "./place.ts";

/**
 * `dotenv`: lines for a .env; `compose`: the same for docker compose, with a name for the project that no other worktree
 * has; `export`: for a POSIX shell; `direnv`: for an .envrc; `json`: an object.
 */
export const ENV_FORMATS = ["dotenv", "export", "json", "compose", "direnv"] as const;
export type EnvFormat = (typeof ENV_FORMATS)[number];

type Variables = Readonly<Record<string, string>>;

export interface EnvContext {
  readonly place: Place;
  readonly config: Pick<Config, "file">;
}

/** The variables in a format, with a newline at the end. */
export function formatVariables(variables: Variables, format: EnvFormat, context: EnvContext): string {
  switch (format) {
    case "dotenv":
      return lines(variables, dotenvLine);
    case "compose":
      return lines({ COMPOSE_PROJECT_NAME: composeName(context.place), ...variables }, dotenvLine);
    case "export":
      return lines(variables, exportLine);
    case "direnv":
      return watched(context) + lines(variables, exportLine);
    case "json":
      return `${JSON.stringify(variables, null, 2)}\n`;
    default:
      return format satisfies never;
  }
}

function lines(variables: Variables, toLine: (name: string, value: string) => string): string {
  return Object.entries(variables)
    .map(([name, value]) => `${toLine(name, value)}\n`)
    .join("");
}

function exportLine(name: string, value: string): string {
  return `export ${name}=${inShell(value)}`;
}

/** A word as a POSIX shell reads it back. */
function inShell(text: string): string {
  return /^[\w.:/@%+,=-]+$/u.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A line that dotenv, Node, docker compose and shells read alike: plain where nothing in it means anything to one of
 * them, else in single quotes, in which nothing does.
 */
function dotenvLine(name: string, value: string): string {
  if (/^[\w.:/@%+,=?&~-]*$/u.test(value)) return `${name}=${value}`;
  if (!/['\n\r]/u.test(value)) return `${name}='${value}'`;
  const escaped = value
    .replaceAll(/["\\$`]/gu, String.raw`\$&`)
    .replaceAll("\n", String.raw`\n`)
    .replaceAll("\r", String.raw`\r`);
  return `${name}="${escaped}"`;
}

/** Without its hash, two clones of one name would be one project to docker compose. */
function composeName({ project, worktree }: Place): string {
  const name = worktree.isMain ? project.id : `${project.id}-${worktree.id}`;
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/gu, "-")
    .replaceAll(/^[^a-z0-9]+/gu, "");
}

/** So that direnv asks again when the config changes. */
function watched({ config: { file } }: EnvContext): string {
  return file === null ? "" : `watch_file ${inShell(file)}\n`;
}
