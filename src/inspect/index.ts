/**
 * Leases beside listeners: who has what, in which state. Pure: what it goes by is passed in.
 *
 * @module
 */

export {
  inspected,
  inspectLeases,
  type InspectedLease,
  type InspectedReservation,
  inspectReservations,
  type LeasedListener,
  type LeaseState,
  type Sight,
  type Sighting,
  sightings,
} from "./leases.ts";
export { byPort, type Extent, meeting } from "./meeting.ts";
export { type Ownership, ownershipOf } from "./ownership.ts";
export { type Outlook, outlooks, type PortFacts, portFacts } from "./port-facts.ts";
export { type Readiness, readinessOf, readinessOfPort } from "./readiness.ts";
export { type Asker, planStop, type StopPlan } from "./stopping.ts";
