// Calls to etcd: to the member that answered last, to the next one when it does not answer, until the time is over.
//
// A call can be done more than once that way. Whoever makes it must be content with that, or have something else asked
// after a try that may have been done.

import { type AbortableOptions, type Chance, type Clock, throwIfAborted } from "../../contract/index.ts";
import { adviceOn, isFinal, isTokenOld, isUntouched, Refusal, refusalOf, unavailable } from "./failure.ts";
import { History } from "./history.ts";
import type { Header } from "./messages.ts";
import { Token } from "./token.ts";
import { Endpoint, type HttpCall, NoAnswer, type TlsOptions } from "./transport.ts";

export interface ClientOptions {
  /** As messages name it. */
  readonly name: string;
  readonly endpoints: readonly URL[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly chance: Chance;
}

export interface CallOptions extends AbortableOptions {
  /** Whether it changes nothing, so that it does not matter how often it is done. @default false */
  readonly isRead?: boolean;
  /** What to ask instead, after a try that may have been done and was not answered. @default the same again */
  readonly instead?: object;
}

export interface StreamOptions<Answer> extends AbortableOptions {
  /** For how long a stream is silent before it ends. */
  readonly silenceMs: number;
  /** Reads messages of the usual form without JSON. */
  readonly read: (line: string) => Answer | undefined;
}

export interface Answered<Answer> {
  readonly answer: Answer;
  /** Whether an earlier try may have been done that was not answered. */
  readonly isLater: boolean;
}

/** How each message of a stream begins, and how one that is an error. */
const RESULT = '{"result":';
const ERROR = '{"error":';
/** Where keys are read and written: the word of most members is asked for. Leases are answered by one, which may be behind. */
const KEYS = "/v3/kv/";
/** The least time for a try, however many members there are. */
const LEAST_TRY_MS = 500;
/** Between two rounds over all members: some are in the middle of an election, which takes about a second. */
const PAUSE_MS = 100;

export class Client {
  readonly name: string;
  readonly #options: ClientOptions;
  readonly #endpoints: readonly Endpoint[];
  /** The index of the one that is asked. */
  #current = 0;
  readonly #token: Token;
  readonly #history: History;

  constructor(options: ClientOptions) {
    const { name, endpoints, tls, user, password = "" } = options;
    this.name = name;
    this.#options = options;
    this.#history = new History(name);
    this.#token = new Token(user === undefined ? undefined : { name: user, password });
    this.#endpoints = endpoints.map((url) => new Endpoint(url, tls));
  }

  /**
   * Asks until there is an answer, or the time is over.
   *
   * @throws Refusal, PortError `STORE_UNAVAILABLE`, the signal's reason.
   */
  async call<Answer extends { readonly header: Header }>(
    path: string,
    message: object,
    { signal, isRead = false, instead = message }: CallOptions = {},
  ): Promise<Answered<Answer>> {
    throwIfAborted(signal);
    const { clock, timeoutMs } = this.#options;
    let body = JSON.stringify(message);
    const began = clock.elapsed();
    let isLater = false;
    let renewals = 0;
    for (let tries = 1; ; tries++) {
      const at = this.#current;
      const leftMs = timeoutMs - (clock.elapsed() - began);
      const { told } = this.#history;
      try {
        const answer = await this.#try<Answer>(at, { path, body, signal, timeoutMs: this.#tryMs(leftMs) });
        this.#history.expectSameCluster(answer.header);
        if (path.startsWith(KEYS)) this.#history.expectGoesOn(answer.header, told);
        return { answer, isLater };
      } catch (error) {
        throwIfAborted(signal);
        if (error instanceof Refusal) {
          if (isTokenOld(error) && this.#token.isRenewable && renewals++ < 2) continue;
          // What was asked instead says nothing of what was asked before.
          if (isFinal(error) || isTokenOld(error))
            throw isLater && instead !== message ? this.failure(error) : error;
        } else if (!(error instanceof NoAnswer)) throw error;
        const mayBeDone = error instanceof NoAnswer ? error.wasSent : !isUntouched(error);
        if (mayBeDone && !isLater) body = JSON.stringify(instead);
        isLater ||= mayBeDone;
        this.#leave(at);
        await this.#pause(tries, began, error, { mayBeDone: isLater && !isRead, signal });
      }
    }
  }

  /** What to tell whoever asks, once an older state was restored. */
  get setBack(): Error | undefined {
    return this.#history.setBack;
  }

  /** As `call`, for those who know nothing better to do with a refusal. */
  async ask<Answer extends { readonly header: Header }>(
    path: string,
    message: object,
    options?: CallOptions,
  ): Promise<Answer> {
    try {
      return (await this.call<Answer>(path, message, options)).answer;
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** The messages of a stream from the member that is asked, those that came together at once; it does not ask again. */
  async *stream<Answer>(
    path: string,
    message: object,
    { silenceMs, signal, read }: StreamOptions<Answer>,
  ): AsyncGenerator<Answer[], void> {
    const at = this.#current;
    const endpoint = this.#endpoints[at]!;
    const timeoutMs = this.#tryMs(this.#options.timeoutMs);
    const call = { path, body: JSON.stringify(message), signal, timeoutMs, silenceMs };
    let authorization: string | undefined;
    try {
      authorization = await this.#token.get(endpoint, timeoutMs);
      for await (const lines of endpoint.stream({ ...call, authorization })) {
        yield lines.map((line) => read(line) ?? (messageIn(line) as Answer));
      }
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof Refusal && isTokenOld(error)) this.#token.forget(authorization);
      else this.#leave(at);
      throw error;
    }
  }

  /** A refusal as a PortError, any other error as it is. */
  failure(error: unknown): unknown {
    if (!(error instanceof Refusal)) return error;
    return unavailable(this.name, `it answers "${error.message}"${adviceOn(error)}`, error);
  }

  close(): void {
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #try<Answer>(at: number, call: Omit<HttpCall, "authorization">): Promise<Answer> {
    const endpoint = this.#endpoints[at]!;
    const authorization = await this.#token.get(endpoint, call.timeoutMs);
    const answer = await endpoint.call({ ...call, authorization });
    if (answer.status === 200) return messageIn(answer.text) as Answer;
    const refusal = refusalOf(answer.status, answer.text);
    if (isTokenOld(refusal)) this.#token.forget(authorization);
    throw refusal;
  }

  /** The time for one try: a member that is cut off from the others must leave some for the next one. */
  #tryMs(leftMs: number): number {
    const share = Math.max(LEAST_TRY_MS, this.#options.timeoutMs / this.#endpoints.length);
    return Math.max(1, Math.ceil(Math.min(share, leftMs)));
  }

  /** Goes on to the next member, unless somebody has already. */
  #leave(at: number): void {
    if (this.#current === at) this.#current = (at + 1) % this.#endpoints.length;
  }

  /** @throws PortError `STORE_UNAVAILABLE` when the time is over. */
  async #pause(
    tries: number,
    began: number,
    error: Error,
    { mayBeDone, signal }: AbortableOptions & { readonly mayBeDone: boolean },
  ): Promise<void> {
    const { clock, chance, timeoutMs } = this.#options;
    const pauseMs = tries % this.#endpoints.length === 0 ? PAUSE_MS * (0.5 + chance.random()) : 0;
    const waitedMs = Math.round(clock.elapsed() - began);
    if (waitedMs + pauseMs >= timeoutMs) {
      const done = mayBeDone ? "; whether it has done what it was asked is not known" : "";
      throw unavailable(this.name, `no answer within ${timeoutMs} ms (${error.message})${done}`, error);
    }
    if (pauseMs > 0) await clock.sleep(pauseMs, { signal });
  }
}

/** @throws Refusal */
function messageIn(text: string): unknown {
  if (text.startsWith(ERROR)) throw refusalOf(200, text);
  const message = JSON.parse(text) as { readonly result?: unknown };
  return text.startsWith(RESULT) ? message.result : message;
}
