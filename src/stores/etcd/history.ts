// Whether what answers is still what answered before: the same cluster, whose revisions go on from those that it told.

import { unavailable } from "./failure.ts";
import { type Header, revisionOf } from "./messages.ts";

export class History {
  readonly #name: string;
  #cluster: string | undefined;
  #told = 0;
  #isSetBack = false;

  /** @param name of the etcd, as messages have it */
  constructor(name: string) {
    this.#name = name;
  }

  /** The highest revision that was told. */
  get told(): number {
    return this.#told;
  }

  /** Whether an older state was restored since it was first asked. */
  get isSetBack(): boolean {
    return this.#isSetBack;
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
    const revision = revisionOf(header);
    if (revision >= told) {
      this.#told = Math.max(this.#told, revision);
      return;
    }
    // What is asked from now on is of the older state.
    if (!this.#isSetBack) this.#told = revision;
    this.#isSetBack = true;
    throw unavailable(
      this.#name,
      `its revisions went back from ${told} to ${revision}: an older state was restored; open it again`,
    );
  }
}
