// The parts of `acquireAll`, checked: one request for each, that can all be granted in one commit.

import { describe, expectOptions } from "../core/expect.ts";
import type { AcquireAllOptions, PartOptions } from "./options.ts";
import { checkRequest, expectWithinLimits, type Request } from "./request.ts";
import type { World } from "./world.ts";

/** @throws TypeError, RangeError that name the part or the option. */
export function checkParts<Key extends string>(
  parts: Readonly<Record<Key, PartOptions>>,
  options: AcquireAllOptions,
  world: World,
): { readonly keys: readonly Key[]; readonly requests: readonly Request[] } {
  expectOptions("acquireAll", options, ["wait", "signal"]);
  const keys = expectParts(parts);
  const requests = keys.map((key) => checkRequest("acquireAll", { ...parts[key], ...options }, world));
  expectDifferentNames(requests);
  // Each has a name and a session besides.
  const slots = requests.map(
    ({ count, protocols, hosts }) => count * protocols.length * Math.max(1, hosts.length) + 2,
  );
  expectWithinLimits(
    world,
    slots.reduce((sum, one) => sum + one, 0),
    1,
  );
  return { keys, requests };
}

function expectParts<Key extends string>(parts: Readonly<Record<Key, PartOptions>>): Key[] {
  if (typeof parts !== "object" || parts === null || Array.isArray(parts)) {
    throw new TypeError(`\`parts\`: expected an object of requests by key, received ${describe(parts)}`);
  }
  const keys = Object.keys(parts) as Key[];
  for (const key of keys) {
    const part: unknown = parts[key];
    if (typeof part !== "object" || part === null) {
      throw new TypeError(`\`${key}\`: expected an object, received ${describe(part)}`);
    }
    for (const option of ["wait", "signal"]) {
      if (option in part) throw new TypeError(`\`${key}.${option}\`: belongs to the call, not to one part`);
    }
  }
  return keys;
}

function expectDifferentNames(requests: readonly Request[]): void {
  const seen = new Set<string>();
  for (const { name } of requests) {
    if (name !== null && seen.has(name)) {
      throw new RangeError(
        `\`name\`: expected a name of its own for each part, received ${describe(name)} twice`,
      );
    }
    if (name !== null) seen.add(name);
  }
}
