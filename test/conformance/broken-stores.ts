// Stores that break one promise each, made of one that keeps them all.

import type {
  AbortableOptions,
  Commit,
  CommitOptions,
  Slot,
  SlotChange,
  Store,
} from "../../src/contract/index.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { updateThrough } from "../stores/update-through.ts";

/** Opens clients of one data set, which is new. */
export type Opening = () => Promise<Store>;

type Read = Store["read"];
type Update = Store["update"];
type CommitCall = (scope: string, changes: readonly SlotChange[], options?: CommitOptions) => Promise<Commit>;

interface Alterations {
  readonly read?: Read;
  readonly commit?: CommitCall;
  readonly update?: Update;
}

/** `store` with another way to do some of its calls. */
class Altered implements Store {
  readonly epoch: number;
  readonly limits: Store["limits"];
  readonly #store: Store;
  readonly #read: Read;
  readonly #commit: CommitCall;
  readonly #update: Update;

  constructor(store: Store, { read, commit, update }: Alterations) {
    this.epoch = store.epoch;
    this.limits = store.limits;
    this.#store = store;
    this.#read = read ?? ((...call) => store.read(...call));
    this.#commit = commit ?? ((...call) => store.commit(...call));
    this.#update = update ?? updateThrough(this);
  }

  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    return this.#read(scope, keys, options);
  }

  list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    return this.#store.list(scope, prefix, options);
  }

  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    return this.#commit(scope, changes, options);
  }

  update(...call: Parameters<Update>): ReturnType<Update> {
    return this.#update(...call);
  }

  raiseEpoch(...call: Parameters<Store["raiseEpoch"]>): Promise<void> {
    return this.#store.raiseEpoch(...call);
  }

  watch(...call: Parameters<Store["watch"]>): ReturnType<Store["watch"]> {
    return this.#store.watch(...call);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Writes without looking at the conditions. */
export function lostUpdate(): Opening {
  const shared = memory();
  return async () => {
    const store = await shared.open();
    return new Altered(store, { commit: commitAnyway(store) });
  };
}

/** An update is a read and a write, and whoever writes in between is overwritten. */
export function updateInTwoSteps(): Opening {
  const shared = memory();
  return async () => {
    const store = await shared.open();
    const write = commitAnyway(store);
    return new Altered(store, {
      async update(scope, keys, decide, options) {
        const changes = decide(await store.read(scope, keys, options));
        return changes.length === 0 ? undefined : await write(scope, changes, options);
      },
    });
  };
}

/** Commits on the condition of whatever is there. */
function commitAnyway(store: Store): CommitCall {
  return async (scope, changes, options) => {
    for (;;) {
      const anyway: SlotChange[] = [];
      for (const change of changes) {
        const slots = await store.read(change.scope ?? scope, [change.key]);
        anyway.push({ ...change, ifRevision: slots.get(change.key)?.revision ?? 0 });
      }
      const commit = await store.commit(scope, anyway, options);
      if (commit.committed) return commit;
    }
  };
}

/** Commits of more than one change are done in two pieces, and others can come between them. */
export function tornCommit(): Opening {
  const shared = memory();
  return async () => {
    const store = await shared.open();
    return new Altered(store, {
      async commit(scope, changes, options) {
        const last = await store.commit(scope, changes.slice(0, -1), options);
        if (!last.committed || changes.length < 2)
          return await store.commit(scope, changes.slice(-1), options);
        await new Promise(setImmediate);
        return await store.commit(scope, changes.slice(-1), options);
      },
    });
  };
}

/** Every client remembers what it has read of a slot. */
export function staleRead(): Opening {
  const shared = memory();
  return async () => {
    const store = await shared.open();
    const known = new Map<string, Slot>();
    return new Altered(store, {
      async read(scope, keys, options) {
        for (const [key, slot] of await store.read(scope, keys, options)) {
          if (!known.has(`${scope} ${key}`)) known.set(`${scope} ${key}`, slot);
        }
        return new Map(
          keys.flatMap((key) => {
            const slot = known.get(`${scope} ${key}`);
            return slot ? [[key, slot] as const] : [];
          }),
        );
      },
      // On what it has read, it would be refused for ever.
      update: (...call) => store.update(...call),
    });
  };
}

/** Every tenth commit tells the revision of the one before. */
export function reusedRevision(): Opening {
  const shared = memory();
  let last = 0;
  let commits = 0;
  return async () => {
    const store = await shared.open();
    return new Altered(store, {
      async commit(scope, changes, options) {
        const commit = await store.commit(scope, changes, options);
        if (!commit.committed) return commit;
        const { epoch } = commit.token;
        const revision = ++commits % 10 === 0 ? last : commit.token.revision;
        last = revision;
        return { committed: true, token: { epoch, revision } };
      },
    });
  };
}

/** Every tenth commit is told and not done. */
export function lostCommit(): Opening {
  const shared = memory();
  let commits = 0;
  return async () => {
    const store = await shared.open();
    return new Altered(store, {
      async commit(scope, changes, options) {
        const commit = await store.commit(scope, changes, options);
        if (!commit.committed || ++commits % 10 !== 0) return commit;
        const { revision } = commit.token;
        // As if it had never been: what was made goes, what was changed keeps its new revision with an old value.
        const undo = changes.flatMap(({ key, value }) =>
          value === null ? [] : [{ key, ifRevision: revision, value: null }],
        );
        await store.commit(scope, undo, options);
        return commit;
      },
    });
  };
}

/** Refuses one commit in ten for no reason. */
export function needlessRefusal(): Opening {
  const shared = memory();
  let commits = 0;
  return async () => {
    const store = await shared.open();
    return new Altered(store, {
      async commit(scope, changes, options) {
        if (++commits % 10 === 0) return { committed: false, changed: [changes[0]!.key] };
        return await store.commit(scope, changes, options);
      },
      update: (...call) => store.update(...call),
    });
  };
}
