// The URLs of services, as the configs of their worktrees say them.

import { urlOf } from "../project/environment.ts";
import { type Config, findPlace, type Place, readConfig } from "../project/index.ts";
import type { OverviewOptions } from "./overview.ts";

interface Configured {
  readonly config: Config;
  readonly place: Place;
}

/** Reads the config of each place once; where it cannot be read, or is wrong, a service has the usual URL. */
export function urlsByConfig(): OverviewOptions["urlOf"] {
  const configs = new Map<string, Configured | undefined>();
  return ({ folder }, service, ports) => {
    if (folder !== null && !configs.has(folder)) configs.set(folder, configIn(folder));
    const configured = folder === null ? undefined : configs.get(folder);
    return configured ? urlOf({ ...configured, ports }, service) : `http://localhost:${ports.get(service)}`;
  };
}

function configIn(folder: string): Configured | undefined {
  try {
    const place = findPlace(folder);
    return { place, config: readConfig(place) };
  } catch {
    return undefined;
  }
}
