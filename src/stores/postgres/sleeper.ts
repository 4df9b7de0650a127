// Waiting to be woken, or for a time, again and again: with one timer for many waits, for most of them end soon.

import type { Clock } from "../../contract/index.ts";

interface Alarm {
  /** By the clock's `elapsed`. */
  readonly at: number;
  readonly ending: AbortController;
}

export class Sleeper {
  readonly #clock: Clock;
  #isAwake = false;
  #rouse: (() => void) | undefined;
  #alarm: Alarm | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the wait, or the next one as soon as it begins. */
  readonly wake = (): void => {
    this.#isAwake = true;
    this.#rouse?.();
  };

  /** Who was woken before this is to be woken again. */
  doze(): void {
    this.#isAwake = false;
  }

  /** For so many milliseconds at most; less when the timer of an earlier wait ends first. */
  async sleep(ms: number): Promise<void> {
    if (this.#isAwake) return;
    this.#wakeIn(ms);
    await new Promise<void>((resolve) => {
      this.#rouse = resolve;
    });
    this.#rouse = undefined;
  }

  /** Leaves no timer behind. */
  end(): void {
    this.#alarm?.ending.abort();
    this.#alarm = undefined;
  }

  #wakeIn(ms: number): void {
    const at = this.#clock.elapsed() + ms;
    if (this.#alarm && this.#alarm.at <= at) return;
    this.end();
    const ending = new AbortController();
    this.#alarm = { at, ending };
    const ring = (): void => {
      this.#alarm = undefined;
      this.wake();
    };
    // Who ends it has another one, or does not sleep again.
    this.#clock.sleep(ms, { signal: ending.signal, background: true }).then(ring, () => {});
  }
}
