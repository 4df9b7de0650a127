// The service that somebody means who names none.

import { basename, dirname, join, relative, sep } from "node:path";
import type { Config } from "./config.ts";
import { readText } from "./files.ts";
import { PACKAGE_FILE, type Place } from "./place.ts";

/**
 * The service of the config in whose folder this is: the innermost, if it is the only one there. The folder of the
 * config itself is that of a service where there is no other service. `undefined`: none.
 */
export function configuredService({ file, services }: Config, { folder, here }: Place): string | undefined {
  const home = file === null ? "" : dirname(file);
  const around = [...services.values()].filter((service) =>
    service.folder === home ? services.size === 1 && folder === home : isWithin(here, service.folder),
  );
  const innermost = Math.max(...around.map((service) => service.folder.length));
  const [only, ...others] = around.filter((service) => service.folder.length === innermost);
  return others.length === 0 ? only?.name : undefined;
}

/**
 * The service of a place that is meant without a name: that of the config in whose folder this is, else one by the
 * package's name without its scope, or by the folder's.
 */
export function impliedService(config: Config, place: Place): string {
  return (
    configuredService(config, place) ??
    asService(packageName(place.folder) ?? "") ??
    asService(basename(place.folder)) ??
    "service"
  );
}

function isWithin(folder: string, outer: string): boolean {
  const way = relative(outer, folder);
  return way !== ".." && !way.startsWith(`..${sep}`);
}

function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readText(join(folder, PACKAGE_FILE)) ?? "") as { readonly name?: unknown };
    return typeof name === "string" ? name.replace(/^@[^/]*\//u, "") : undefined;
  } catch {
    return undefined;
  }
}

/** A text as the name of a service; `undefined` when nothing of it can be. */
function asService(text: string): string | undefined {
  const name = text
    .replaceAll(/[^A-Za-z0-9._-]+/gu, "-")
    .replaceAll(/^[^A-Za-z0-9]+|-+$/gu, "")
    .slice(0, 64);
  return name === "" || /^\d+$/u.test(name) ? undefined : name;
}
