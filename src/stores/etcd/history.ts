// Whether what answers is still what answered before: the same cluster, whose revisions go on from those that it told.

import { unavailable } from "./failure.ts";
import type { Header } from "./messages.ts";

export class History {
  readonly #name: string;
  #cluster: string | undefined;
  #told = 0;
  #setBack: Error | undefined;

  /** @param name of the etcd, as messages have it */
  constructor(name: string) {
    this.#name = name;
  }

  /** The highest revision that was told. */
  get told(): number {
    return this.#told;
  }

  /** What to tell whoever asks, once an older state was restored. */
  get setBack(): Error | undefined {
    return this.#setBack;
  }

  /** Revisions of another cluster, or of one that was made anew from a backup, are not those that were told. */
  expectSameCluster({ cluster_id: cluster }: Header): void {
    this.#cluster ??= cluster;
    if (cluster === this.#cluster) return;
    throw unavailable(
      this.#name,
      "its endpoints are another cluster than before, or of several; open it again",
    );
  }

  /**
   * Revisions only rise. Where they are lower than what was told before the call, the disks were set back to an older state:
   * what was granted since is not known there, and its tokens would be given again.
   */
  expectGoesOn(header: Header, told: number): void {
    const revision = Number(header.revision ?? 0);
    if (revision >= told) {
      this.#told = Math.max(this.#told, revision);
      return;
    }
    // What is asked from now on is of the older state.
    if (!this.#setBack) this.#told = revision;
    const why = `its revisions went back from ${told} to ${revision}: an older state was restored; open it again`;
    throw (this.#setBack ??= unavailable(this.#name, why));
  }
}
