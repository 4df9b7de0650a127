// What there is to show at one moment: leases and kept ports by place, and who listens without a lease.

import type { Listener } from "../../contract/index.ts";
import { listeners } from "../../node/index.ts";
import { survey, type Survey } from "../../node/inspect.ts";
import type { Project } from "../../project/index.ts";
import { type Overview, overview } from "../../report/overview.ts";
import { placesOf } from "../../report/places.ts";
import { urlsByConfig } from "../../report/urls.ts";
import { strangersAmong } from "./strangers.ts";

export interface Look {
  readonly survey: Survey;
  readonly overview: Overview;
  /** `null` unless they were asked for. */
  readonly strangers: readonly Listener[] | null;
}

/** @throws PortError `HOST_UNSUPPORTED` for `all` where the system does not tell who listens. */
export async function lookAround(project: Project, { all }: { readonly all: boolean }): Promise<Look> {
  const [surveyed, places] = await Promise.all([survey(project.registry), placesOf(project)]);
  return {
    survey: surveyed,
    overview: overview(surveyed, { current: project.place, places, urlOf: urlsByConfig() }),
    strangers: all ? strangersAmong(await listeners(), surveyed) : null,
  };
}
