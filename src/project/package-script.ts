// The scripts of the package that a folder is in.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE_FILE, upward } from "./place.ts";

export interface PackageScript {
  /** A line for a shell. */
  readonly line: string;
  /** The package's folder, where it runs. */
  readonly folder: string;
}

/** A script of the nearest package.json, upward; `undefined`: there is none of that name. */
export function scriptOf(from: string, name: string): PackageScript | undefined {
  for (const folder of upward(from)) {
    const text = read(join(folder, PACKAGE_FILE));
    if (text === undefined) continue;
    const line = scriptsIn(text)[name];
    return typeof line === "string" ? { line, folder } : undefined;
  }
  return undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function scriptsIn(manifest: string): Readonly<Record<string, unknown>> {
  try {
    const { scripts } = JSON.parse(manifest) as { readonly scripts?: unknown };
    return Object(scripts) as Readonly<Record<string, unknown>>;
  } catch {
    // The package manager will say so.
    return {};
  }
}
