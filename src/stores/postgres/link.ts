// One connection: its statements one after the other, each with a time limit.
//
// A connection that has not answered in time is of no use any more: what comes back over it later would be taken
// for the answer to something else. It is ended, and with it all that waits for it.

import { clearTimeout, setTimeout } from "node:timers";
import type { PostgresClient, PostgresNotification } from "./driver.ts";
import { ConnectionLost, isConnectionLost, reason } from "./failure.ts";

/** The columns of a row as text, by position. */
export type Row = readonly (string | null)[];

/** How a connection is let go; `broken`: it is of no use to anybody. */
export type LetGo = (broken: boolean) => void;

export interface LinkOptions {
  readonly letGo: LetGo;
  /** Keeps the process from ending, or does not. */
  readonly keep: (process: "running" | "free to end") => void;
}

/** The part of its time that a statement may wait for its turn, so that its answer comes within it. */
const PATIENCE = 0.8;

export function patience(withinMs: number): number {
  return Math.round(PATIENCE * withinMs);
}

const asText = (text: string): string => text;
// Whatever parsers the caller's own driver was given for whole numbers and times.
const TYPES = { getTypeParser: () => asText };

export class Link {
  readonly #client: PostgresClient;
  readonly #options: LinkOptions;
  readonly #lost = new AbortController();
  readonly #onError = (error: Error): void => void this.#lose(reason(error));
  readonly #onEnd = (): void => void this.#lose("the connection ended");
  readonly #onNotification = ({ channel }: PostgresNotification): void => {
    for (const listener of this.#onNotice) listener(channel);
  };
  readonly #onNotice: ((channel: string) => void)[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #asked = 0;
  #isLetGo = false;

  constructor(client: PostgresClient, options: LinkOptions) {
    this.#client = client;
    this.#options = options;
    client.on("error", this.#onError);
    client.on("end", this.#onEnd);
    options.keep("free to end");
  }

  get isLost(): boolean {
    return this.#lost.signal.aborted;
  }

  /** Calls back once when the connection is lost. */
  onLost(listener: () => void): void {
    this.#lost.signal.addEventListener("abort", listener, { once: true });
  }

  /** Calls back with the channel of each notice. */
  onNotice(listener: (channel: string) => void): void {
    if (this.#onNotice.push(listener) === 1) this.#client.on("notification", this.#onNotification);
  }

  /**
   * @throws ConnectionLost when it ends first, or does not answer within `withinMs`; what else the server answered.
   */
  async query(text: string, values: readonly unknown[], withinMs: number): Promise<readonly Row[]> {
    if (this.#asked++ === 0) this.#options.keep("running");
    const before = this.#turn;
    const answer = this.#query(before, text, values, withinMs);
    this.#turn = answer.catch(() => {});
    try {
      return await answer;
    } finally {
      if (--this.#asked === 0) this.#options.keep("free to end");
    }
  }

  /** Ends the use of the connection; what is asked is answered first, unless it is lost. */
  async close(): Promise<void> {
    await this.#turn;
    this.#letGo(this.isLost);
  }

  async #query(
    before: Promise<unknown>,
    text: string,
    values: readonly unknown[],
    withinMs: number,
  ): Promise<readonly Row[]> {
    const { signal } = this.#lost;
    let end!: () => void;
    const lost = new Promise<never>((_, reject) => {
      end = () => reject(signal.reason);
      if (signal.aborted) end();
      else signal.addEventListener("abort", end);
    });
    const late = setTimeout(() => this.#lose(`no answer within ${Math.round(withinMs)} ms`), withinMs);
    try {
      await Promise.race([before, lost]);
      const query = { text, values: [...values], rowMode: "array" as const, types: TYPES };
      const { rows } = await Promise.race([this.#client.query(query), lost]);
      return rows as readonly Row[];
    } catch (error) {
      if (error === signal.reason || !isConnectionLost(error)) throw error;
      throw this.#lose(reason(error));
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", end);
    }
  }

  #lose(why: string): unknown {
    if (!this.isLost) {
      this.#lost.abort(new ConnectionLost(why));
      this.#letGo(true);
    }
    return this.#lost.signal.reason;
  }

  #letGo(broken: boolean): void {
    if (this.#isLetGo) return;
    this.#isLetGo = true;
    this.#client.removeListener("end", this.#onEnd);
    this.#client.removeListener("notification", this.#onNotification);
    // The error of a connection that is lost can come after its end: an error nobody listens to ends the process.
    if (!broken) this.#client.removeListener("error", this.#onError);
    this.#options.letGo(broken);
  }
}
