// The config of a project: its services and their groups. It names what there is and what is wished for; the ports
// themselves are the registry's.

import type { Transport } from "../core/index.ts";
import { describe } from "../core/expect.ts";
import { CONFIG_FILE, type Place } from "./place.ts";
import { didYouMean } from "./similar.ts";

/** A service, as the config says it or by default. */
export interface Service {
  readonly name: string;
  /** Where its command runs: an absolute path. */
  readonly folder: string;
  /** A line for a shell, or a command and its arguments; `null`: none. */
  readonly command: string | readonly string[] | null;
  /** The port that is tried first for it, once; `null`: the one that its name points at. */
  readonly prefer: number | null;
  /** The variable by which it is told its port. @default "PORT" */
  readonly env: string;
  /** @default ["tcp"] */
  readonly protocol: readonly Transport[];
  /** With references. @default "http://localhost:{port}" */
  readonly url: string;
  /** Whether its command ends and leaves a server behind, as `docker compose up -d` does. @default false */
  readonly detached: boolean;
  /** More variables for its command, with references. */
  readonly vars: Readonly<Record<string, string>>;
}

export interface Config {
  /** The file that says it; `null`: there is none. */
  readonly file: string | null;
  /** What it calls the project; `null`: nothing. */
  readonly name: string | null;
  readonly services: ReadonlyMap<string, Service>;
  /** Services and other groups, by the name of the group. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
}

/** A service of the config, or one of that name as it is where the config does not say. */
export function serviceOf({ services }: Config, name: string, { folder }: Pick<Place, "folder">): Service {
  return services.get(name) ?? defaultService(name, folder);
}

export function defaultService(name: string, folder: string): Service {
  return {
    name,
    folder,
    command: null,
    prefer: null,
    env: "PORT",
    protocol: ["tcp"],
    url: "http://localhost:{port}",
    detached: false,
    vars: {},
  };
}

/**
 * The services of a group, also of the groups in it, each once and in order.
 *
 * @throws RangeError when there is no such group.
 */
export function servicesOf({ groups, file }: Config, group: string): string[] {
  if (!groups.has(group)) {
    const known = [...groups.keys()];
    const expected =
      file === null
        ? `a group, and there is no ${CONFIG_FILE}`
        : known.length === 0
          ? `a group, and ${file} has none`
          : `a group of ${file} (${known.join(", ")})`;
    throw new RangeError(
      `\`group\`: expected ${expected}, received ${describe(group)}${didYouMean(group, known)}`,
    );
  }
  // Each group once: of groups that share groups, the ways down are more than anybody can walk.
  const seen = new Set<string>();
  const left = [group];
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    left.push(...(groups.get(name) ?? []).toReversed());
  }
  return [...seen].filter((name) => !groups.has(name));
}
