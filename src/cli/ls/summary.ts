// The line under `moorage ls`: how many of what there are, and the one thing to do next, if there is one.

import type { Overview } from "../../report/overview.ts";
import { type ShownState, STATES } from "./states.ts";

/** "3 listening, 1 taken; next: moorage who 24311". */
export function summaryOf(shown: Overview): string {
  const counts = new Map<ShownState, number>();
  /** The first of each state: of the current place, if there is one. */
  const firsts = new Map<ShownState, { readonly port: number; readonly service?: string }>();
  const count = (
    one: { readonly state: ShownState; readonly ports: readonly number[] },
    service?: string,
  ): void => {
    const before = counts.get(one.state) ?? 0;
    if (before === 0)
      firsts.set(one.state, { port: one.ports[0]!, ...(service !== undefined && { service }) });
    counts.set(one.state, before + 1);
  };
  for (const { isCurrent, services } of shown.groups) {
    for (const { service, lease, reservation } of services)
      count(lease ?? reservation!, isCurrent ? service : undefined);
  }
  for (const lease of shown.leases) count({ state: shown.sightingOf(lease).state, ports: lease.ports });
  for (const kept of shown.reservations) count(kept);
  const parts = STATES.filter((state) => counts.has(state)).map((state) => `${counts.get(state)} ${state}`);
  const next = nextCommand(firsts, shown);
  return parts.join(", ") + (next === undefined ? "" : `; next: ${next}`);
}

/** What is wrong is looked at first; then what is gone is tidied away; then what starts is waited for. */
function nextCommand(
  firsts: ReadonlyMap<ShownState, { readonly port: number; readonly service?: string }>,
  { groups }: Overview,
): string | undefined {
  const [taken, orphaned, starting] = (["taken", "orphaned", "starting"] as const).map((state) =>
    firsts.get(state),
  );
  if (taken) return `moorage who ${taken.port}`;
  if (orphaned) return `moorage free ${orphaned.port}`;
  if (groups.some(({ presence }) => presence === "deleted")) return "moorage prune";
  return starting && `moorage wait ${starting.service ?? starting.port}`;
}
