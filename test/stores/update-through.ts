// An update made of a read and a commit, for stores of tests that alter or count those two.

import type { Store } from "../../src/contract/index.ts";

export function updateThrough(store: Pick<Store, "read" | "commit">): Store["update"] {
  return async (scope, keys, decide, options) => {
    for (;;) {
      const changes = decide(await store.read(scope, keys, options));
      if (changes.length === 0) return undefined;
      const commit = await store.commit(scope, changes, options);
      if (commit.committed || commit.changed.some((key) => !keys.includes(key))) return commit;
    }
  };
}
