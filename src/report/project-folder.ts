// The project that a process works in.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const MARKS = [".git", "package.json"];

/** The nearest folder from `folder` upward that has a .git or a package.json; `undefined` when there is none. */
export function projectFolder(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (MARKS.some((mark) => existsSync(join(at, mark)))) return at;
    if (dirname(at) === at) return undefined;
  }
}
