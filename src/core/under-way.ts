// How many calls are under way: who ends something waits for them.

export class UnderWay {
  #count = 0;
  readonly #idle: (() => void)[] = [];

  begin(): void {
    this.#count++;
  }

  end(): void {
    if (--this.#count === 0) for (const tell of this.#idle.splice(0)) tell();
  }

  /** Settles when none is under way, nor one that began meanwhile. */
  async idle(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}
