// portSync(): the port of a service, for config files, which cannot wait for a promise everywhere.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expectOptions } from "../core/expect.ts";
import { findPlace } from "./place.ts";
import { serviceName } from "./service-name.ts";

/** The variable by which `moorage run` tells what it runs their ports: full names and numbers, as JSON. */
export const PORTS_VARIABLE = "MOORAGE_PORTS";

const COMMAND = fileURLToPath(new URL("../../dist/bin/moorage.js", import.meta.url));

export interface PortSyncOptions {
  /** A folder of the place. @default the folder of this process */
  readonly folder?: string | undefined;
}

/**
 * The port of a service of a place, as `moorage port` prints it: reserved if there is none yet, and the service's from
 * then on. Within `moorage run` it is read from the environment; else a process is started that takes a tenth of a second.
 *
 * @throws TypeError or RangeError for what is no name or folder; an Error with what `moorage port` says.
 * @example
 * import { portSync } from "moorage/project";
 *
 * export default { server: { port: portSync("web"), strictPort: true } };
 */
export function portSync(service: string, options: PortSyncOptions = {}): number {
  expectOptions("portSync", options, ["folder"]);
  const place = findPlace(options.folder ?? process.cwd());
  const told = toldPort(process.env[PORTS_VARIABLE], serviceName(place, service));
  if (told !== undefined) return told;
  const { error, status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, "port", "--", service], {
    cwd: place.here,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (!error && status === 0) return Number(stdout);
  const why = error?.message ?? stderr.trim();
  throw new Error(`no port for ${describe(service)}: ${why}`, { cause: error });
}

/** The value of the variable for these ports, by full names. */
export function tellPorts(ports: Iterable<readonly [name: string, port: number]>): string {
  return JSON.stringify(Object.fromEntries(ports));
}

/** The port that the variable has for a full name. Another place's names, which a nested program inherits, are others. */
function toldPort(value: string | undefined, name: string): number | undefined {
  try {
    const port = (JSON.parse(value ?? "{}") as Readonly<Record<string, unknown>> | null)?.[name];
    return typeof port === "number" ? port : undefined;
  } catch {
    return undefined;
  }
}
