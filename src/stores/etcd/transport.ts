// HTTP to one endpoint of etcd's gateway: over Node's own client, whose connections are kept. `fetch` takes four times
// the processor time, and ends a stream that is silent for 300 seconds.

import {
  Agent as HttpAgent,
  type ClientRequest,
  type IncomingMessage,
  request as httpRequest,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { AbortSignalLike } from "../../contract/index.ts";
import { linesOf } from "./lines.ts";

/** Certificates and keys, each as PEM text. */
export interface TlsOptions {
  /** Whom to trust. @default the certificate authorities that Node trusts */
  readonly ca?: string | undefined;
  /** What the client shows of itself, where the server asks for it; with `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface HttpCall {
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignalLike | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/** The connection failed, or no answer came in time. */
export class NoAnswer extends Error {
  /** Whether the server may have had the request. */
  readonly wasSent: boolean;

  constructor(message: string, wasSent: boolean, cause?: unknown) {
    super(message, { cause });
    this.wasSent = wasSent;
  }
}

/** As many requests as are outstanding before the next one waits for a connection. */
const MOST_CONNECTIONS = 64;
/** How long a connection is kept that nobody uses: shorter than what is between may keep it. */
const IDLE_MS = 30_000;
/** A member that has lost its leader says so at once. As a list, headers take Node less to write. */
const BASE_HEADERS = ["content-type", "application/json", "grpc-metadata-hasleader", "true"];

/** How requests to one endpoint are made. */
type MakeRequest = (options: {
  readonly path: string;
  readonly headers: readonly string[];
  readonly isStream: boolean;
}) => ClientRequest;

export class Endpoint {
  /** As messages name it. */
  readonly name: string;
  readonly #agents: readonly [calls: HttpAgent, streams: HttpAgent];
  readonly #host: readonly string[];
  readonly #make: MakeRequest;

  constructor(url: URL, tls: TlsOptions) {
    this.name = url.origin;
    const isTls = url.protocol === "https:";
    // Without the brackets of an IPv6 address.
    const host = url.hostname.replace(/^\[|\]$/gu, "");
    const make = isTls ? httpsRequest : httpRequest;
    const newAgent = (limits: object): HttpAgent =>
      isTls
        ? new HttpsAgent({ keepAlive: true, ...limits, ...tls })
        : new HttpAgent({ keepAlive: true, ...limits });
    const agents = [newAgent({ maxSockets: MOST_CONNECTIONS, timeout: IDLE_MS }), newAgent({})] as const;
    const base = { host, port: url.port || undefined, method: "POST" };
    this.#agents = agents;
    this.#host = ["host", url.host];
    this.#make = ({ path, headers, isStream }) =>
      make({ ...base, path, headers, agent: agents[isStream ? 1 : 0] });
  }

  /** @throws NoAnswer, and the signal's reason. */
  async call(call: HttpCall): Promise<HttpAnswer> {
    return await new Promise((resolve, reject) => {
      const outgoing = this.#send(call, false, reject, (incoming, done) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("end", () => {
          done();
          const [first] = chunks;
          const text = (chunks.length === 1 ? first! : Buffer.concat(chunks)).toString();
          resolve({ status: incoming.statusCode!, text });
        });
      });
      outgoing.end(call.body);
    });
  }

  /**
   * The lines of an answer that goes on, those that came together at once, until the signal; `timeoutMs` is for its
   * beginning. It ends when it was silent for too long. It does not keep the process from ending.
   *
   * @throws NoAnswer when it breaks off, and the signal's reason.
   */
  async *stream(call: HttpCall & { readonly silenceMs: number }): AsyncGenerator<string[], void> {
    const { signal, silenceMs } = call;
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = this.#send(call, true, reject, (begun, done) => {
        done();
        resolve(begun);
      });
      outgoing.end(call.body);
    });
    const end = (): void => void incoming.destroy();
    signal?.addEventListener("abort", end);
    try {
      incoming.socket.unref();
      incoming.setTimeout(silenceMs, end);
      yield* linesOf(incoming);
    } catch (error) {
      if (!signal?.aborted) throw new NoAnswer(`${this.name}: ${messageOf(error)}`, true, error);
    } finally {
      signal?.removeEventListener("abort", end);
      incoming.destroy();
    }
    if (signal?.aborted) throw signal.reason;
  }

  close(): void {
    for (const agent of this.#agents) agent.destroy();
  }

  /** Sends a request; `answered` is told the answer's beginning, and says when the time-out is over. */
  #send(
    { path, body, authorization, timeoutMs, signal }: HttpCall,
    isStream: boolean,
    reject: (error: unknown) => void,
    answered: (incoming: IncomingMessage, done: () => void) => void,
  ): ClientRequest {
    const headers = [...this.#host, ...BASE_HEADERS, "content-length", `${Buffer.byteLength(body)}`];
    if (authorization !== undefined) headers.push("authorization", authorization);
    const outgoing = this.#make({ path, headers, isStream });
    let wasSent = false;
    const fail = (error: unknown): void => {
      done();
      if (signal?.aborted) reject(signal.reason);
      else reject(new NoAnswer(`${this.name}: ${messageOf(error)}`, wasSent, error));
    };
    const timer = setTimeout(() => outgoing.destroy(new Error(`no answer for ${timeoutMs} ms`)), timeoutMs);
    const abort = (): void => void outgoing.destroy(new Error("aborted"));
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    signal?.addEventListener("abort", abort);
    outgoing.on("socket", (socket) => {
      if (!socket.connecting) wasSent = true;
      else socket.once("encrypted" in socket ? "secureConnect" : "connect", () => (wasSent = true));
    });
    outgoing.on("error", fail);
    outgoing.on("response", (incoming) => {
      incoming.on("error", fail);
      answered(incoming, done);
    });
    return outgoing;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
