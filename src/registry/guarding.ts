// What keeps the ports of a registry's own leases outside of its store: the guards, and the sockets that hold ports in
// the kernel. Taken when a lease is granted, let go when it ends.
//
// A guard is one process's. Where two leases of different addresses share a port, the first has the guard and
// the others take it over when it goes; until then they follow it. A knock at a guard asks whether its leases
// are still rightly had.

import {
  type Abortable,
  type AbortSignalLike,
  type Guard,
  type Guards,
  type Hold,
  throwIfAborted,
  type Verdict,
} from "../contract/index.ts";
import type { Binding, Transport } from "../core/index.ts";
import type { World } from "./world.ts";

interface Post {
  /** `undefined`: somebody else's lease of another address has the guard. */
  guard: Guard | undefined;
  readonly leases: Set<string>;
  /** Ends the wait for it. */
  readonly following: Abortable | undefined;
}

/** How long to wait for a former holder to let guards go. */
const HANDOVER_MS = 1000;
/**
 * How long to wait before a guard is followed again: that somebody else was quicker to take, so that a guard
 * that comes and goes keeps nobody busy; that could not be asked for, as when descriptors have run out.
 */
const RETRY_MS = { tooLate: 20, failed: 1000 };

interface Handed {
  readonly protocols: readonly Transport[];
  readonly ports: readonly number[];
}

interface Callbacks {
  /** Somebody asks whether these leases are still rightly had. */
  readonly onKnock: (leases: readonly string[]) => void;
  /** The guard that these leases followed was let go, and somebody else was quicker. */
  readonly onOutrun: (leases: readonly string[], protocol: Transport, port: number) => Promise<void>;
}

export class Guarding {
  readonly #world: World;
  readonly #onKnock: Callbacks["onKnock"];
  readonly #onOutrun: Callbacks["onOutrun"];
  readonly #posts = new Map<string, Post>();
  readonly #holds = new Map<string, Hold>();

  constructor(world: World, { onKnock, onOutrun }: Callbacks) {
    this.#world = world;
    this.#onKnock = onKnock;
    this.#onOutrun = onOutrun;
  }

  /**
   * Takes the guard of a port for a lease; false when a registry that this one knows nothing of has it. `shares`:
   * the store says that another guarded lease stands beside this one.
   */
  take(lease: string, protocol: Transport, port: number, shares: boolean): boolean {
    const { guards } = this.#world.host;
    if (!guards) return true;
    const key = `${protocol}/${port}`;
    const post = this.#posts.get(key);
    if (post) {
      post.guard ??= guards.take(protocol, port, () => this.#onKnock([...post.leases]));
      if (!post.guard && !shares) return false;
      post.leases.add(lease);
      return true;
    }
    const leases = new Set([lease]);
    const guard = guards.take(protocol, port, () => this.#onKnock([...leases]));
    if (!guard && !shares) return false;
    const taken: Post = { guard, leases, following: guard ? undefined : this.#world.newAbortable() };
    this.#posts.set(key, taken);
    if (taken.following) void this.#follow(guards, taken, protocol, port, taken.following.signal);
    return true;
  }

  /** Takes the guards of all ports of a lease, or none. */
  takeAll(lease: string, { protocols, ports }: Handed, shares: boolean): boolean {
    const all = protocols.every((protocol) =>
      ports.every((port) => this.take(lease, protocol, port, shares)),
    );
    if (!all) this.release(lease, protocols, ports);
    return all;
  }

  /** Holds a TCP port for a lease in the kernel; anything but `free` stands in the way. */
  hold(lease: string, port: number, bindings: readonly Binding[]): Verdict {
    const taken = this.#world.host.holds?.take(bindings) ?? "forbidden";
    if (typeof taken === "string") return taken;
    this.#holds.set(holdKey(lease, port), taken);
    return "free";
  }

  /** Has the holds of a lease be another one's, on the same ports. */
  handHolds(from: string, to: string, ports: readonly number[]): void {
    for (const port of ports) {
      const hold = this.#holds.get(holdKey(from, port));
      if (!hold) continue;
      this.#holds.delete(holdKey(from, port));
      this.#holds.set(holdKey(to, port), hold);
    }
  }

  /** Lets go what a lease has, on these ports. */
  release(lease: string, protocols: readonly Transport[], ports: readonly number[]): void {
    this.releaseGuards(lease, protocols, ports);
    if (protocols.includes("tcp")) this.releaseHolds(lease, ports);
  }

  /** Lets go what holds the ports of a lease in the kernel. */
  releaseHolds(lease: string, ports: readonly number[]): void {
    if (this.#holds.size === 0) return;
    for (const port of ports) {
      const key = holdKey(lease, port);
      this.#holds.get(key)?.release();
      this.#holds.delete(key);
    }
  }

  /** Lets the guards go, and holds the ports in the kernel on. */
  releaseGuards(lease: string, protocols: readonly Transport[], ports: readonly number[]): void {
    for (const protocol of protocols) {
      for (const port of ports) {
        const key = `${protocol}/${port}`;
        const post = this.#posts.get(key);
        if (!post?.leases.delete(lease) || post.leases.size > 0) continue;
        this.#posts.delete(key);
        post.following?.abort("the lease is over");
        post.guard?.release();
      }
    }
  }

  /** Asks whoever has the guards of ports that a lease had to look whether it still does, and waits a moment. */
  async handOver({ protocols, ports }: Handed, signal?: AbortSignalLike): Promise<void> {
    const { clock, host, newAbortable } = this.#world;
    const { guards } = host;
    if (!guards) return;
    const over = newAbortable();
    const end = (): void => over.abort("the wait is over");
    signal?.addEventListener("abort", end);
    try {
      throwIfAborted(signal);
      const gone = protocols.flatMap((protocol) =>
        ports.map((port) => guards.gone(protocol, port, { signal: over.signal })),
      );
      await Promise.race([Promise.all(gone), clock.sleep(HANDOVER_MS, { signal: over.signal })]);
    } catch (error) {
      throwIfAborted(signal);
      throw error;
    } finally {
      signal?.removeEventListener("abort", end);
      end();
    }
  }

  async #follow(
    guards: Guards,
    post: Post,
    protocol: Transport,
    port: number,
    signal: AbortSignalLike,
  ): Promise<void> {
    while (!post.guard && !signal.aborted) {
      let pause = RETRY_MS.tooLate;
      try {
        await guards.gone(protocol, port, { signal });
        if (!signal.aborted)
          post.guard ??= guards.take(protocol, port, () => this.#onKnock([...post.leases]));
        if (!signal.aborted && !post.guard) await this.#onOutrun([...post.leases], protocol, port);
      } catch {
        pause = RETRY_MS.failed;
      }
      if (post.guard) return;
      // An abort ends the pause, and then the loop.
      await this.#world.clock.sleep(pause, { signal, background: true }).catch(() => undefined);
    }
  }
}

function holdKey(lease: string, port: number): string {
  return `${lease} ${port}`;
}
