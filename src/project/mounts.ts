// Which file system a folder is on, and whether that one is there: what tells a folder that was deleted from one whose
// disk is not mounted now.

import { dirname } from "node:path";
import { look, readText } from "./files.ts";
import { upward } from "./place.ts";

/** The mount points of this process; `undefined` where the system does not list them (all but Linux). */
function mountPoints(): ReadonlySet<string> | undefined {
  const table = readText("/proc/self/mountinfo");
  if (table === undefined) return undefined;
  const points = table.split("\n").map((line) => line.split(" ")[4] ?? "");
  return new Set(points.map(decodeOctal));
}

/** The folder on which the file system of a folder is mounted. */
export function mountPointOf(folder: string): string {
  const points = mountPoints();
  const isPoint = (at: string): boolean => points?.has(at) ?? isOtherDevice(at);
  for (const at of upward(folder)) if (isPoint(at)) return at;
  return "/";
}

/** Whether something is mounted there. The root always is. */
export function isMounted(point: string): boolean {
  return dirname(point) === point || (mountPoints()?.has(point) ?? isOtherDevice(point));
}

function isOtherDevice(folder: string): boolean {
  const [own, around] = [look(folder), look(dirname(folder))];
  return own !== undefined && around !== undefined && own.dev !== around.dev;
}

/** proc_pid_mountinfo(5): blanks and backslashes are in octal. */
function decodeOctal(point: string): string {
  return point.replaceAll(/\\(\d{3})/gu, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
}
