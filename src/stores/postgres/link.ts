// One connection: its statements one after the other, each with a time limit.
//
// A connection that has not answered in time is of no use any more: what comes back over it later would be taken
// for the answer to something else. It is ended, and with it all that waits for it.

import { clearTimeout, setTimeout } from "node:timers";
import type { PostgresAnswer, PostgresClient, PostgresNotification } from "./driver.ts";
import { ConnectionLost, isConnectionLost, reason } from "./failure.ts";

/** The columns of a row as text, by position. */
export type Row = readonly (string | null)[];

/** How a connection is let go; `broken`: it is of no use to anybody. */
type LetGo = (broken: boolean) => void;

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

/** A statement that has no answer yet. */
interface Asked {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
  readonly late: NodeJS.Timeout;
}

export class Link {
  readonly #client: PostgresClient;
  readonly #options: LinkOptions;
  readonly #onError = (error: Error): void => void this.#lose(reason(error));
  readonly #onEnd = (): void => void this.#lose("the connection ended");
  readonly #onNotification = (notice: PostgresNotification): void => {
    for (const listener of this.#onNotice) listener(notice);
  };
  readonly #onNotice: ((notice: PostgresNotification) => void)[] = [];
  readonly #onLost: (() => void)[] = [];
  /** In their order; the first one is under way. */
  readonly #asked = new Set<Asked>();
  readonly #idle: (() => void)[] = [];
  #lost: ConnectionLost | undefined;
  #isLetGo = false;

  constructor(client: PostgresClient, options: LinkOptions) {
    this.#client = client;
    this.#options = options;
    client.on("error", this.#onError);
    client.on("end", this.#onEnd);
    options.keep("free to end");
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** Calls back once when the connection is lost. */
  onLost(listener: () => void): void {
    this.#onLost.push(listener);
  }

  /** Calls back with each notice. */
  onNotice(listener: (notice: PostgresNotification) => void): void {
    if (this.#onNotice.push(listener) === 1) this.#client.on("notification", this.#onNotification);
  }

  /**
   * @throws ConnectionLost when it ends first, or does not answer within `withinMs`; what else the server answered.
   */
  query(text: string, values: readonly unknown[], withinMs: number): Promise<readonly Row[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost) throw this.#lost;
      const late = setTimeout(() => this.#lose(`no answer within ${Math.round(withinMs)} ms`), withinMs);
      this.#asked.add({ text, values, resolve, reject, late });
      if (this.#asked.size > 1) return;
      this.#options.keep("running");
      void this.#askAll();
    });
  }

  /** Ends the use of the connection; what is asked is answered first, unless it is lost. */
  async close(): Promise<void> {
    if (this.#asked.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#letGo(this.isLost);
  }

  async #askAll(): Promise<void> {
    for (const asked of this.#asked) {
      try {
        const rows = await this.#ask(asked);
        this.#settle(asked, () => asked.resolve(rows));
      } catch (error) {
        const told = isConnectionLost(error) ? this.#lose(reason(error)) : error;
        this.#settle(asked, () => asked.reject(told));
      }
    }
  }

  /**
   * With a callback: what the driver's promises were told outlives them until the garbage collector goes through the old
   * generation, and the answers to looks are long.
   */
  async #ask({ text, values }: Asked): Promise<readonly Row[]> {
    const query = { text, values: [...values], rowMode: "array" as const, types: TYPES };
    return await new Promise((resolve, reject) => {
      const tell = ({ rows }: PostgresAnswer): void => resolve(rows as readonly Row[]);
      const promised = this.#client.query(query, (error, answer) => {
        if (error) reject(error);
        else tell(answer);
      });
      // A client of the caller's own that is wrapped by something may pass no callback on.
      if (isPromise(promised)) promised.then(tell, reject);
    });
  }

  #settle(asked: Asked, tell: () => void): void {
    clearTimeout(asked.late);
    this.#asked.delete(asked);
    tell();
    if (this.#asked.size > 0) return;
    this.#options.keep("free to end");
    for (const idle of this.#idle.splice(0)) idle();
  }

  #lose(why: string): ConnectionLost {
    if (this.#lost) return this.#lost;
    const lost = new ConnectionLost(why);
    this.#lost = lost;
    this.#letGo(true);
    for (const asked of this.#asked) this.#settle(asked, () => asked.reject(lost));
    for (const listener of this.#onLost) listener();
    return lost;
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

function isPromise(value: unknown): value is PromiseLike<PostgresAnswer> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
