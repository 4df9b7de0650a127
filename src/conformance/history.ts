// The history of a store: what was called when, and what it answered, as lines of JSON from any number of
// processes. The start of a call is written before the call is made: a process that is killed leaves calls
// without an end, which may have been done or not.

import type {
  AbortableOptions,
  Commit,
  CommitOptions,
  Decide,
  Expiry,
  ExpiringSlots,
  Slot,
  SlotChange,
  SlotChanges,
  Store,
} from "../contract/index.ts";

/** What was asked. An update is a read and a commit. */
export type HistoryCall =
  | { readonly op: "read"; readonly scope: string; readonly keys: readonly string[] }
  | { readonly op: "list"; readonly scope: string; readonly prefix: string }
  | HistoryCommit;

interface HistoryCommit {
  readonly op: "commit";
  readonly scope: string;
  readonly changes: readonly SlotChange[];
  /**
   * The slots that an update was decided on. They were there if its commit was done; if not, they may never have been:
   * what another update wrote that shared its transaction and ended with it.
   */
  readonly decidedOn?: readonly Slot[] | undefined;
}

/** What was answered. */
export type HistoryAnswer =
  { readonly slots: readonly Slot[] } | { readonly commit: Commit } | { readonly error: string };

export type HistoryEvent =
  | ({ readonly event: "start"; readonly call: string; readonly at: number } & HistoryCall)
  | ({ readonly event: "end"; readonly call: string; readonly at: number } & HistoryAnswer);

/** Writes the end of a call. */
type Ending = (answer: HistoryAnswer) => void;

export interface RecordOptions {
  /** Tells this client from all others of the history. */
  readonly client: string;
  /** A time that only grows and is the same for all clients, in any unit, such as that of `process.hrtime`. */
  readonly now: () => number;
  /** Takes an event, and has kept it when it returns. */
  readonly write: (event: HistoryEvent) => void;
}

/**
 * The store, with its reads, lists, commits and updates recorded, and slots that expire. Watches are not.
 *
 * @example
 * const events: HistoryEvent[] = [];
 * let tick = 0;
 * const recorded = recordHistory(store, {
 *   client: "one",
 *   now: () => tick++,
 *   write: (event) => events.push(event),
 * });
 * await recorded.commit("scope", [{ key: "port/tcp/3000", ifRevision: 0, value: "mine" }]);
 * checkHistory(events); // { ok: true, commits: 1, reads: 0 }
 */
export function recordHistory(store: Store, options: RecordOptions): Store {
  return new RecordedStore(store, options);
}

class RecordedStore implements Store {
  readonly epoch: number;
  readonly limits: Store["limits"];
  readonly expiring: ExpiringSlots | undefined;
  readonly #store: Store;
  readonly #options: RecordOptions;
  #calls = 0;

  constructor(store: Store, options: RecordOptions) {
    this.epoch = store.epoch;
    this.limits = store.limits;
    this.#store = store;
    this.#options = options;
    const { expiring } = store;
    this.expiring = expiring && {
      ttl: expiring.ttl,
      create: (...call) => this.#create(expiring, ...call),
      keepAlive: (...call) => expiring.keepAlive(...call),
    };
  }

  read(scope: string, keys: readonly string[], options?: AbortableOptions): Promise<Map<string, Slot>> {
    const made = (): Promise<Map<string, Slot>> => this.#store.read(scope, keys, options);
    return this.#record({ op: "read", scope, keys }, made, (slots) => ({ slots: [...slots.values()] }));
  }

  list(scope: string, prefix: string, options?: AbortableOptions): Promise<Slot[]> {
    const made = (): Promise<Slot[]> => this.#store.list(scope, prefix, options);
    return this.#record({ op: "list", scope, prefix }, made, (slots) => ({ slots }));
  }

  commit(scope: string, changes: readonly SlotChange[], options?: CommitOptions): Promise<Commit> {
    const made = (): Promise<Commit> => this.#store.commit(scope, changes, options);
    return this.#record({ op: "commit", scope, changes }, made, (commit) => ({ commit }));
  }

  /**
   * As a read, and a commit that starts when it is decided: what was read of a slot that changes is a condition of
   * its change, and is told with it, as nobody may get an answer. The read ends with the answer: it can have seen what
   * the store has not yet told anybody.
   */
  async update(
    scope: string,
    keys: readonly string[],
    decide: Decide,
    options?: CommitOptions,
  ): Promise<Commit | undefined> {
    const read = this.#start({ op: "read", scope, keys });
    let slots: readonly Slot[] = [];
    let end: Ending | undefined;
    const deciding: Decide = (found) => {
      end?.({ error: "it was decided anew" });
      end = undefined;
      const changes = decide(found);
      slots = [...found.values()];
      if (changes.length > 0) end = this.#start({ op: "commit", scope, changes, decidedOn: slots });
      return changes;
    };
    try {
      const commit = await this.#store.update(scope, keys, deciding, options);
      read({ slots });
      if (commit) end?.({ commit });
      return commit;
    } catch (error) {
      read({ error: String(error) });
      end?.({ error: String(error) });
      throw error;
    }
  }

  watch(scope: string, options?: AbortableOptions): AsyncIterableIterator<SlotChanges> {
    return this.#store.watch(scope, options);
  }

  raiseEpoch(epoch: number, options?: AbortableOptions): Promise<void> {
    return this.#store.raiseEpoch(epoch, options);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** As a commit, and a removal that nobody will have the answer of: the engine's, whenever it comes. */
  async #create(
    expiring: ExpiringSlots,
    ...[scope, key, value, ttlMs, options]: Parameters<ExpiringSlots["create"]>
  ): Promise<Expiry> {
    const asked = { op: "commit", scope, changes: [{ key, ifRevision: 0, value }] } as const;
    const made = (): Promise<Expiry> => expiring.create(scope, key, value, ttlMs, options);
    const expiry = await this.#record(asked, made, ({ token }) => ({ commit: { committed: true, token } }));
    const { revision } = expiry.token;
    this.#start({ op: "commit", scope, changes: [{ key, ifRevision: revision, value: null }] });
    return expiry;
  }

  async #record<Result>(
    asked: HistoryCall,
    made: () => Promise<Result>,
    answer: (result: Result) => HistoryAnswer,
  ): Promise<Result> {
    const end = this.#start(asked);
    try {
      const result = await made();
      end(answer(result));
      return result;
    } catch (error) {
      end({ error: String(error) });
      throw error;
    }
  }

  /** Writes the start of a call. */
  #start(asked: HistoryCall): Ending {
    const { client, now, write } = this.#options;
    const call = `${client}/${++this.#calls}`;
    write({ event: "start", call, at: now(), ...asked });
    return (answer) => write({ event: "end", call, at: now(), ...answer });
  }
}
