// An update made of a read and a commit, for stores of tests that alter or count those two.

import type { SlotChange, Store } from "../../src/contract/index.ts";

export function updateThrough(store: Pick<Store, "read" | "commit">): Store["update"] {
  return async (scope, keys, decide, options) => {
    for (;;) {
      const slots = await store.read(scope, keys, options);
      const changes = decide(slots);
      if (changes.length === 0) return undefined;
      const commit = await store.commit(scope, changes, options);
      if (commit.committed) return commit;
      const isAsRead = ({ scope: where = scope, key, ifRevision }: SlotChange): boolean =>
        where === scope && keys.includes(key) && ifRevision === (slots.get(key)?.revision ?? 0);
      const { changed } = commit;
      // Decided anew, it would be refused for these once more.
      if (changes.some((change) => changed.includes(change.key) && !isAsRead(change))) return commit;
    }
  };
}
