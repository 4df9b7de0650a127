// Leases and kept ports as people think of them: by the place that a service belongs to, the current place first.
//
// Pure: the registry's names say what belongs where (src/project/service-name.ts), and records of the places what they
// are called and where they are. Leases without a place are left in one list as they came: there can be very many.

import { inspected, type InspectedLease, type InspectedReservation } from "../inspect/index.ts";
import type { Survey } from "../node/inspect.ts";
import type { LeaseInfo } from "../registry/index.ts";
import { parseServiceName, type ServiceName } from "../project/index.ts";

/** A service of a place, with its lease, or with the port that it keeps. */
export interface ShownService {
  readonly service: string;
  /** `null` while it has none. */
  readonly lease: InspectedLease | null;
  /** What it keeps; `null`: nothing. */
  readonly reservation: InspectedReservation | null;
  /** Where to find it; `null` when it has no TCP port. */
  readonly url: string | null;
}

/** Where a worktree is, and whether it is there; as `places()` of a project tells. */
export interface ShownPlace {
  readonly project: { readonly id: string; readonly label: string };
  readonly worktree: { readonly id: string; readonly label: string };
  /** `null` when the store does not know. */
  readonly folder: string | null;
  readonly presence: "here" | "deleted" | "missing" | "unmounted";
}

export interface PlaceGroup extends ShownPlace {
  /** Whether it is the place that was asked from. */
  readonly isCurrent: boolean;
  /** In the order of their names. */
  readonly services: readonly ShownService[];
}

export interface Overview {
  /** The current one, the others of its project, then other projects; each in the order of their labels. */
  readonly groups: readonly PlaceGroup[];
  /** What belongs to no place, in the order of ports. */
  readonly leases: Survey["leases"];
  readonly sightingOf: Survey["sightingOf"];
  /** Kept, and not leased now. */
  readonly reservations: readonly InspectedReservation[];
}

export interface OverviewOptions {
  readonly current: { readonly project: { readonly id: string }; readonly worktree: { readonly id: string } };
  readonly places: readonly ShownPlace[];
  /** The URL of a service of a place, by the ports that its services have. */
  readonly urlOf: (place: ShownPlace, service: string, ports: ReadonlyMap<string, number>) => string;
}

export function overview(
  { leases, sightingOf, reservations }: Survey,
  { current, places, urlOf }: OverviewOptions,
): Overview {
  const found = new Map<string, Found>();
  const belongs = (name: string): { readonly group: Found; readonly service: string } | undefined => {
    const parts = parseServiceName(name);
    if (!parts) return undefined;
    const key = `${parts.project}/${parts.worktree}`;
    let group = found.get(key);
    if (!group) found.set(key, (group = { parts, leases: new Map(), reservations: new Map() }));
    return { group, service: parts.service };
  };

  const others: LeaseInfo[] = [];
  for (const lease of leases) {
    const place = lease.name === null ? undefined : belongs(lease.name);
    if (!place) {
      others.push(lease);
      continue;
    }
    const sighting = sightingOf(lease);
    // What a dead holder left may still have the name, on another port.
    if (sighting.state !== "free" || !place.group.leases.has(place.service)) {
      place.group.leases.set(place.service, inspected(lease, sighting));
    }
  }
  const kept: InspectedReservation[] = [];
  for (const reservation of reservations) {
    const place = belongs(reservation.name);
    if (place) place.group.reservations.set(place.service, reservation);
    else if (reservation.state !== "leased") kept.push(reservation);
  }

  const known = new Map(places.map((place) => [keyOf(place), place]));
  const groups = [...found].map(([key, { parts, ...services }]): PlaceGroup => {
    const place = known.get(key) ?? unknownPlace(parts);
    return {
      ...place,
      isCurrent: key === keyOf(current),
      services: toServices(services, (service, ports) => urlOf(place, service, ports)),
    };
  });
  const orderOf = ({ isCurrent, project, worktree }: PlaceGroup): (string | number)[] => {
    const near = isCurrent ? 0 : project.id === current.project.id ? 1 : 2;
    return [near, project.label, project.id, worktree.label, worktree.id];
  };
  return {
    groups: groups.toSorted((a, b) => compareTuples(orderOf(a), orderOf(b))),
    leases: others,
    sightingOf,
    reservations: kept,
  };
}

/** What belongs to a place, by service. */
interface Found {
  readonly parts: ServiceName;
  readonly leases: Map<string, InspectedLease>;
  readonly reservations: Map<string, InspectedReservation>;
}

function toServices(
  { leases, reservations }: Pick<Found, "leases" | "reservations">,
  urlOf: (service: string, ports: ReadonlyMap<string, number>) => string,
): ShownService[] {
  const names = [...new Set([...leases.keys(), ...reservations.keys()])].toSorted(compare);
  const ports = new Map<string, number>();
  for (const name of names) {
    const extent = leases.get(name) ?? reservations.get(name);
    if (extent?.protocols.includes("tcp") === true) ports.set(name, extent.ports[0]!);
  }
  return names.map((service) => {
    const [lease, kept] = [leases.get(service) ?? null, reservations.get(service) ?? null];
    const url = ports.has(service) ? urlOf(service, ports) : null;
    // Over, and its port goes to nobody else.
    if (lease?.state === "free" && kept)
      return { service, lease: null, reservation: { ...kept, state: "kept" }, url };
    return { service, lease, reservation: kept, url };
  });
}

function keyOf({ project, worktree }: OverviewOptions["current"]): string {
  return `${project.id}/${worktree.id}`;
}

/** A place of which nothing but the names of its services is left: "shop" of "shop-1f0c22ab". */
function unknownPlace({ project, worktree }: ServiceName): ShownPlace {
  return {
    project: { id: project, label: project.slice(0, project.lastIndexOf("-")) },
    worktree: { id: worktree, label: worktree },
    folder: null,
    presence: "here",
  };
}

function compareTuples(one: readonly (string | number)[], other: readonly (string | number)[]): number {
  for (let at = 0; at < one.length; at++) {
    const order = compare(one[at]!, other[at]!);
    if (order !== 0) return order;
  }
  return 0;
}

function compare(one: string | number, other: string | number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
