// The places that a client works in, each opened once: what is leased stays leased until the server ends.

import { isAbsolute } from "node:path";
import { findPlace, openProject, type Project } from "../project/index.ts";

export interface Places extends AsyncDisposable {
  /**
   * The services of the place that a folder is in.
   *
   * @param folder default: the folder in which the server was started
   * @throws RangeError for what is no absolute path of a folder, and as `openProject`.
   */
  in(folder?: string): Promise<Project>;
}

export function openPlaces(home: string): Places {
  const opened = new Map<string, Promise<Project>>();
  return {
    in(folder = home) {
      if (!isAbsolute(folder)) {
        throw new RangeError(`\`folder\`: expected an absolute path, received ${JSON.stringify(folder)}`);
      }
      const { project, worktree } = findPlace(folder);
      const key = `${project.id}/${worktree.id}`;
      let place = opened.get(key);
      if (!place) {
        place = openProject({ folder });
        opened.set(key, place);
        // Whatever was in the way may be gone the next time.
        place.catch(() => opened.delete(key));
      }
      return place;
    },
    async [Symbol.asyncDispose]() {
      // One that could not be opened has told so already.
      await Promise.allSettled([...opened.values()].map(async (place) => await (await place).close()));
    },
  };
}
