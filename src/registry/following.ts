// What the engine's watch tells a registry of its scope, where many machines change it: which ports seem taken, that
// somebody has taken a lease of its own away, and that it is time for those who wait to ask again.
//
// It begins with the second request: who asks once would read the whole scope for nothing.

import {
  type Abortable,
  type AbortSignalLike,
  type ChangedSlot,
  parsePortKey,
  PORT_PREFIX,
  QUEUE_KEY,
  readPort,
  readQueue,
  saysTaken,
  type Slot,
  type SlotChanges,
} from "../contract/index.ts";
import type { Transport } from "../core/index.ts";
import { awakeTime } from "./give-back.ts";
import type { Hints } from "./hints.ts";
import type { World } from "./world.ts";

/** How long to wait before a watch is begun anew that ended with an error. */
const RETRY_MS = 1000;

interface Callbacks {
  /** A port slot has changed. */
  readonly onPort: (slot: ChangedSlot) => void;
}

interface Waiting {
  readonly keys: ReadonlySet<string>;
  readonly wake: () => void;
}

export class Following {
  readonly #world: World;
  readonly #hints: Hints;
  readonly #onPort: Callbacks["onPort"];
  readonly #waiting = new Set<Waiting>();
  /** For each slot that changed while somebody attended: by which count of changes. */
  #changes = new Map<string, number>();
  #attending = 0;
  #count = 0;
  /** How many stand in the queue. */
  #waiters = 0;
  #requests = 0;
  #following: Abortable | undefined;
  #over: Promise<void> | undefined;

  constructor(world: World, hints: Hints, { onPort }: Callbacks) {
    this.#world = world;
    this.#hints = hints;
    this.#onPort = onPort;
  }

  /** Whether changes by others are told here at all. */
  get isTold(): boolean {
    return this.#world.holders.follow !== undefined;
  }

  /** How many changes were told so far. */
  get count(): number {
    return this.#count;
  }

  /** A request is about to be made. */
  noteRequest(): void {
    if (++this.#requests > 1) this.#begin();
  }

  /** Somebody is about to ask what has changed, until what is returned is called: others would have it noted for nothing. */
  attend(): () => void {
    this.#attending++;
    return () => {
      if (--this.#attending === 0) this.#changes = new Map();
    };
  }

  /** Returns when one of these slots has changed since `count`, or at the abort; for who attends. */
  async changed(keys: readonly string[], count: number, signal: AbortSignalLike): Promise<void> {
    this.#begin();
    if (signal.aborted || keys.some((key) => (this.#changes.get(key) ?? 0) > count)) return;
    let waiting!: Waiting;
    await new Promise<void>((resolve) => {
      waiting = { keys: new Set(keys), wake: resolve };
      this.#waiting.add(waiting);
      signal.addEventListener("abort", resolve);
    });
    signal.removeEventListener("abort", waiting.wake);
    this.#waiting.delete(waiting);
  }

  async end(): Promise<void> {
    this.#following?.abort("the registry is closed");
    await this.#over;
  }

  #begin(): void {
    const { holders, scope, newAbortable } = this.#world;
    if (!holders.follow || this.#following) return;
    this.#following = newAbortable();
    this.#over = this.#follow(holders.follow, scope, this.#following.signal);
  }

  async #follow(
    follow: NonNullable<World["holders"]["follow"]>,
    scope: string,
    signal: AbortSignalLike,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const changes of follow(scope, signal)) this.#take(changes);
      } catch {
        // Hints decide nothing: those that there are serve on.
      }
      await this.#world.clock.sleep(RETRY_MS, { signal, background: true }).catch(() => undefined);
    }
  }

  #take({ all, slots }: SlotChanges): void {
    this.#count++;
    if (all) this.#hints.forgetFollowed();
    for (const slot of slots) {
      const { key } = slot;
      if (key === QUEUE_KEY) this.#noteQueue(thereIs(slot) ? slot : undefined);
      if (!key.startsWith(PORT_PREFIX)) continue;
      const isTaken = this.#hint(slot);
      this.#onPort(slot);
      // When all is told, those that somebody has are no news.
      if (this.#attending > 0 && (!all || !isTaken)) this.#changes.set(key, this.#count);
    }
    for (const { keys, wake } of this.#waiting) {
      if ([...keys].some((key) => this.#changes.get(key) === this.#count)) wake();
    }
  }

  /** Who joins is behind all others; when somebody leaves, it can be the next one's turn. */
  #noteQueue(slot: Slot | undefined): void {
    const { length } = readQueue(slot);
    if (length < this.#waiters) this.#changes.set(QUEUE_KEY, this.#count);
    this.#waiters = length;
  }

  /** Notes whether a port is taken. Each change by anybody comes here, so that no more is read than matters. */
  #hint(slot: ChangedSlot): boolean {
    const { protocol, port } = parsePortKey(slot.key);
    const isTaken = thereIs(slot) && saysTaken(slot);
    this.#hints.noteFollowed(protocol, port, isTaken);
    if (!isTaken && thereIs(slot)) this.#hintAtQuarantine(slot, protocol, port);
    return isTaken;
  }

  #hintAtQuarantine(slot: Slot, protocol: Transport, port: number): void {
    const { left } = readPort(slot);
    if (!left) return;
    // It is seen as soon as it is left: its quarantine is counted from now where another machine wrote it.
    const remaining = this.#world.holders.remainingMs(slot.key, left, () => awakeTime(this.#world));
    if (remaining > 0) this.#hints.note([protocol], port, remaining);
  }
}

function thereIs(slot: ChangedSlot): slot is Slot {
  return slot.value !== null;
}
