// The token of a user of etcd: asked for once by name and password, for all members, and again when it is not known any
// more. Members keep the usual kind in memory, and let one end that is not used for five minutes.

import { refusalOf } from "./failure.ts";
import type { Endpoint } from "./transport.ts";

export interface User {
  readonly name: string;
  readonly password: string;
}

export class Token {
  readonly #user: User | undefined;
  #asked: Promise<string> | undefined;
  #value: string | undefined;

  constructor(user: User | undefined) {
    this.#user = user;
  }

  /** Whether there can be another one when this is refused. */
  get isRenewable(): boolean {
    return this.#user !== undefined;
  }

  /** `undefined`: there is no user. */
  async get(endpoint: Endpoint, timeoutMs: number): Promise<string | undefined> {
    if (this.#user === undefined) return undefined;
    const asked = (this.#asked ??= authenticate(this.#user, endpoint, timeoutMs));
    try {
      return (this.#value = await asked);
    } catch (error) {
      if (this.#asked === asked) this.#asked = undefined;
      throw error;
    }
  }

  /** A call with this token was refused for it. Of many at once the first one has it renewed for all. */
  forget(value: string | undefined): void {
    if (value === this.#value) this.#asked = undefined;
  }
}

async function authenticate(user: User, endpoint: Endpoint, timeoutMs: number): Promise<string> {
  const call = { path: "/v3/auth/authenticate", body: JSON.stringify(user), timeoutMs };
  const answer = await endpoint.call({ ...call, authorization: undefined, signal: undefined });
  if (answer.status === 200) return (JSON.parse(answer.text) as { readonly token: string }).token;
  throw refusalOf(answer.status, answer.text);
}
