// The views of a store: one for each scope that is in use, fed as long as it is.
//
// A view begins with all slots of its scope, which is dear for who asks once. So it begins with the second update, or with
// the first watch; and of many scopes only those of the last updates have one.

import { type AbortSignalLike, type SlotChanges } from "../../contract/index.ts";
import { type LooksOptions, View } from "./view.ts";

/** What an engine tells of a scope: all slots, then their changes, until the signal. It reconnects by itself. */
export type Feed = (scope: string, signal: AbortSignalLike) => AsyncGenerator<SlotChanges, void>;

/** At the second update of a scope there may be more. */
const UPDATES_BEFORE = 1;
/** How many scopes can be in use at once: each costs the engine a watch. */
const MOST_VIEWS = 64;

interface Followed {
  readonly view: View;
  readonly ending: AbortController;
  updates: number;
  /** Settles when the feed has ended. */
  following: Promise<void> | undefined;
}

export class Views {
  readonly #feed: Feed;
  /** In the order in which they were last asked for. */
  readonly #followed = new Map<string, Followed>();
  readonly #ending = new Set<Promise<void>>();

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  /** The view for an update. */
  ask(scope: string): View {
    const followed = this.#of(scope);
    if (followed.updates++ >= UPDATES_BEFORE) this.#begin(scope, followed);
    return followed.view;
  }

  /** The view of a scope in use. */
  find(scope: string): View | undefined {
    return this.#followed.get(scope)?.view;
  }

  async *looks(scope: string, options: LooksOptions): AsyncGenerator<SlotChanges, void> {
    const followed = this.#of(scope);
    this.#begin(scope, followed);
    yield* followed.view.looks(options);
  }

  /** Ends all feeds. */
  async end(): Promise<void> {
    for (const [scope, followed] of this.#followed) this.#end(scope, followed);
    await Promise.all(this.#ending);
  }

  #of(scope: string): Followed {
    const known = this.#followed.get(scope);
    const followed: Followed = known ?? {
      view: new View(),
      ending: new AbortController(),
      updates: 0,
      following: undefined,
    };
    if (known) this.#followed.delete(scope);
    this.#followed.set(scope, followed);
    if (this.#followed.size > MOST_VIEWS) this.#endOldest();
    return followed;
  }

  #endOldest(): void {
    for (const [scope, followed] of this.#followed) {
      if (followed.view.isWatched) continue;
      this.#end(scope, followed);
      return;
    }
  }

  #end(scope: string, followed: Followed): void {
    if (this.#followed.get(scope) === followed) this.#followed.delete(scope);
    followed.ending.abort();
  }

  #begin(scope: string, followed: Followed): void {
    if (followed.following) return;
    const following = this.#follow(scope, followed).finally(() => this.#ending.delete(following));
    followed.following = following;
    this.#ending.add(following);
  }

  async #follow(scope: string, followed: Followed): Promise<void> {
    const { view, ending } = followed;
    try {
      for await (const changes of this.#feed(scope, ending.signal)) view.follow(changes);
    } catch (error) {
      view.fail(error);
    }
    // Whoever asks next begins anew.
    this.#end(scope, followed);
  }
}
