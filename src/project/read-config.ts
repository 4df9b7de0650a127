// Where a config stands: in a moorage.json, or under the `moorage` key of a package.json. Nobody needs to have one.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PortError } from "../core/index.ts";
import { checkConfig, ConfigProblem } from "./check-config.ts";
import type { Config } from "./config.ts";
import { isMark } from "./files.ts";
import { CONFIG_FILE, PACKAGE_FILE, type Place, upward } from "./place.ts";

/**
 * The config of a place: of the nearest folder that has one, from the package's upward to the worktree's.
 *
 * @throws PortError `INVALID_CONFIG`, which names the file, the path in it and what stands there.
 * @example
 * const { services } = readConfig(findPlace("."));
 * console.log([...services.keys()]);
 */
export function readConfig(place: Place): Config {
  for (const folder of upward(place.folder, place.worktree.folder)) {
    const found = readConfigIn(folder);
    if (found) return found;
  }
  return { file: null, name: null, services: new Map(), groups: new Map() };
}

function readConfigIn(folder: string): Config | undefined {
  const [file, manifest] = [join(folder, CONFIG_FILE), join(folder, PACKAGE_FILE)];
  const own = isMark(file) ? parse(file, readJson(file), "") : undefined;
  const packaged = isMark(manifest) ? readJson(manifest, '"moorage"') : undefined;
  const key = (packaged as { readonly moorage?: unknown } | null | undefined)?.moorage;
  if (key === undefined) return own;
  if (own) throw invalidConfig(file, "", `${manifest} has a \`moorage\` key too; keep one of the two`);
  return parse(manifest, key, "moorage");
}

function parse(file: string, value: unknown, at: string): Config {
  try {
    return checkConfig(file, value);
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    throw invalidConfig(file, [at, error.at].filter((part) => part !== "").join("."), error.message);
  }
}

/** The value of a file; `undefined` when it has not `needle` in it. */
function readJson(file: string, needle = ""): unknown {
  let text: string;
  try {
    text = readFileSync(file, "utf8").replace(/^\ufeff/u, "");
  } catch (cause) {
    throw invalidConfig(file, "", `it cannot be read: ${(cause as Error).message}`, cause);
  }
  if (!text.includes(needle)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw invalidConfig(file, "", `it is not JSON: ${whereIn(text, (cause as Error).message)}`, cause);
  }
}

/** What is wrong with a JSON text, by line and column where only its position is told. */
function whereIn(text: string, message: string): string {
  return message.replace(/ at position (\d+)(?: \(line \d+ column \d+\))?/u, (_, position: string) => {
    const before = text.slice(0, Number(position)).split("\n");
    return ` in line ${before.length}, column ${before.at(-1)!.length + 1}`;
  });
}

function invalidConfig(file: string, at: string, why: string, cause?: unknown): PortError<"INVALID_CONFIG"> {
  const message = `${file}: ${at === "" ? "" : `\`${at}\`: `}${why}`;
  return new PortError("INVALID_CONFIG", message, { path: file, at }, { cause });
}
