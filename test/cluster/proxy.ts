// A TCP proxy of the tests' own, between a client and a server: it cuts connections when it is told to.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Proxy {
  readonly #target: number;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>();
  #requestsToLose = 0;
  #answersToLose = 0;
  /** Is done between the loss of an answer and the cut. */
  onLost: (() => Promise<void>) | undefined;
  /** How many connections there were so far. */
  connections = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#connect(client));
  }

  /** A proxy for a port of the loopback address. */
  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await proxy.listen(0);
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes connections again, after `end()`. */
  async listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Cuts all connections there are. */
  cut(): void {
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  /** Cuts the connections of the next requests, before the server gets them. */
  loseRequests(count: number): void {
    this.#requestsToLose = count;
  }

  /** Cuts the connections of the next answers, which the server has given and nobody gets. */
  loseAnswers(count: number): void {
    this.#answersToLose = count;
  }

  /** Cuts all, and takes no connection any more. */
  async end(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server.close(), "close");
    this.cut();
    await closed;
  }

  #connect(client: Socket): void {
    this.connections++;
    const server = connect(this.#target, "127.0.0.1");
    const pair = [client, server] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
    }
    client.on("data", (data) => {
      if (this.#requestsToLose-- > 0) client.destroy();
      else server.write(data);
    });
    server.on("data", (data) => {
      if (this.#answersToLose-- > 0) void this.#loseAnswer(client);
      else client.write(data);
    });
  }

  async #loseAnswer(client: Socket): Promise<void> {
    await this.onLost?.();
    client.destroy();
  }
}
