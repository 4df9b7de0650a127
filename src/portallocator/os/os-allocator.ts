// OSAllocator: ports of the book that have real sockets, so that they are free of other programs too.
//
// A port is claimed in the book first, then bound, and listened on, on every address. What the system refuses
// is given back and the next free port of the book is tried, each once, until none is left. Requests are
// served one after the other: none is told that nothing is free because of a claim that another is still
// trying and may give back.

import { setImmediate as nextTurn } from "node:timers/promises";

import { PortError } from "../../core/errors.ts";
import { describe, expectOptions } from "../../core/expect.ts";
import type { IpAddress } from "../../core/ip-address.ts";
import type { PortAllocator } from "../port-allocator.ts";
import { expectRange, unknownProtocol } from "../request.ts";
import { distinctAddresses } from "./addresses.ts";
import { Claims, type Place } from "./claims.ts";
import { type HostProtocol, type HostSocket, openSockets, type SocketOf } from "./host-sockets.ts";
import { get } from "./process-allocator.ts";
import { exhausted, isPortRefusal, type PortRefusal } from "./refusals.ts";
import { Turns } from "./turns.ts";

export interface HostPortOptions {
  /** Ends the request early: it rejects with the signal's reason; what it had opened and claimed is given back. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = ["signal"] as const satisfies readonly (keyof HostPortOptions)[];

/** A port that is claimed in the book and has a socket on each of its addresses. */
export interface HostPort<Protocol extends HostProtocol = HostProtocol> extends AsyncDisposable {
  readonly protocol: Protocol;
  readonly port: number;
  /** In the order of the addresses: servers that listen, for tcp; bound datagram sockets, for udp. */
  readonly sockets: readonly SocketOf[Protocol][];
  /**
   * Closes the sockets, with the connections that nobody took, and then gives the claim back, all at once.
   * Connections that were taken go on. Idempotent; `await using` does it too.
   */
  release(): Promise<void>;
}

/** What is being looked for. */
interface Search<Protocol extends HostProtocol> {
  readonly addresses: readonly IpAddress[];
  readonly ips: readonly string[];
  readonly protocol: Protocol;
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Gives out ports of a book with the sockets that hold them: a port is free in the book and of other programs.
 *
 * A tcp port comes with servers that listen already. Until there is a listener for their "connection", up to
 * 511 connections wait for it and nothing of them is read. All connections come paused (`pauseOnConnect` of
 * node:net), before and after: `pipe()`, `resume()`, or send them to another process. A udp socket receives at
 * once; what comes before there is a listener for "message" is lost.
 *
 * What Node cannot do: open SCTP sockets, which is refused with `UNKNOWN_PROTOCOL`; keep packets away until
 * the rules of a firewall stand (Docker has a socket filter for that): a connection is made by the kernel, and
 * waits; tell a datagram's destination (IP_PKTINFO).
 *
 * @example
 * const allocator = new OSAllocator();
 * await using web = await allocator.requestPortsInRange(["0.0.0.0", "::"], "tcp", 8080, 8090);
 * for (const server of web.sockets) server.on("connection", (socket) => socket.end("hello\n"));
 * console.log(web.port); //=> 8080
 */
export class OSAllocator {
  readonly #claims: Claims;
  readonly #turns = new Turns();

  /** @param book Where ports are claimed; two allocators of one book can be in each other's way for a moment. */
  constructor(book: PortAllocator = get()) {
    this.#claims = new Claims(book);
  }

  /**
   * Takes one number on all the addresses, or nothing: the next of the range from `portStart` to `portEnd`
   * that is free in the book and that the system gives; 0, 0 is the book's default range. It is not over
   * before each free port was tried. A range of one port is that certain port, tried once. Requests are served
   * in the order they came.
   *
   * @param ips At least one, without a zone, and none that another one covers. An IPv6 socket leaves IPv4
   * alone: 0.0.0.0 and :: together are the whole port.
   * @throws PortError `PORT_IN_USE` for a range of one port, with the `address` where it is taken, in the book
   * or by another program; `PORT_FORBIDDEN` alike; `NO_PORT_AVAILABLE`, whose `cause` is the last refusal of
   * the system, if there was one; `INVALID_ADDRESS`, also for one that this machine does not have;
   * `INVALID_PORT_RANGE`; `UNKNOWN_PROTOCOL`. RangeError for addresses that cover one another. The system's own
   * error when it cannot open sockets at all (`EMFILE`).
   * @example
   * const dns = await allocator.requestPortsInRange(["127.0.0.1", "::1"], "udp", 0, 0);
   * await dns.release();
   */
  async requestPortsInRange<Protocol extends HostProtocol>(
    ips: readonly string[],
    protocol: Protocol,
    portStart: number,
    portEnd: number,
    options: HostPortOptions = {},
  ): Promise<HostPort<Protocol>> {
    expectProtocol(protocol);
    expectRange(portStart, portEnd);
    const addresses = distinctAddresses(ips);
    expectOptions("requestPortsInRange", options, OPTIONS);
    const { signal } = options;
    expectSignal(signal);
    const search = {
      addresses,
      ips: addresses.map(({ text }) => text),
      protocol,
      start: portStart,
      end: portEnd,
      signal,
    };
    return await this.#turns.take(signal, () => this.#find(search));
  }

  /**
   * Gives a claim back in the book and leaves the sockets alone: for those that were handed to another process
   * and are closed here. A claim that its `HostPort` gave back already, or that was never made, stays so.
   *
   * @throws as `requestPortsInRange` does for these arguments.
   * @example
   * allocator.releasePorts(["0.0.0.0", "::"], "tcp", 8080);
   */
  releasePorts(ips: readonly string[], protocol: HostProtocol, port: number): void {
    expectProtocol(protocol);
    const addresses = distinctAddresses(ips);
    this.#claims.giveBack({ ips: addresses.map(({ text }) => text), protocol, port });
  }

  async #find<Protocol extends HostProtocol>(search: Search<Protocol>): Promise<HostPort<Protocol>> {
    const { addresses, ips, protocol, start, end, signal } = search;
    const tried = new Set<number>();
    let latest: PortRefusal | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const port = this.#claim(search, tried, latest);
      const place: Place = { ips, protocol, port };
      try {
        const sockets = await openSockets(addresses, protocol, port, signal);
        return this.#grant(place, protocol, sockets);
      } catch (error) {
        this.#claims.giveBack(place);
        if (!isPortRefusal(error) || (start === end && start !== 0)) throw error;
        latest = error;
        tried.add(port);
      }
      // Timers and connections have their turn, and with them whoever aborts.
      await nextTurn();
    }
  }

  /** @throws PortError `NO_PORT_AVAILABLE` with what the system said, when the book has no port left to try. */
  #claim(search: Search<HostProtocol>, tried: ReadonlySet<number>, latest: PortRefusal | undefined): number {
    try {
      return this.#claims.take(search, search.start, search.end, tried);
    } catch (error) {
      const isOver = latest && PortError.is(error) && error.code === "NO_PORT_AVAILABLE";
      throw isOver ? exhausted(tried.size, latest) : error;
    }
  }

  #grant<Protocol extends HostProtocol>(
    place: Place,
    protocol: Protocol,
    opened: HostSocket<SocketOf[Protocol]>[],
  ): HostPort<Protocol> {
    const release = async (): Promise<void> => {
      // The sockets first: whoever claims the port next finds it free.
      for (const one of opened.splice(0)) one.close();
      this.#claims.giveBack(place, granted);
    };
    const granted: HostPort<Protocol> = Object.freeze({
      protocol,
      port: place.port,
      sockets: Object.freeze(opened.map(({ socket }) => socket)),
      release,
      [Symbol.asyncDispose]: release,
    });
    this.#claims.own(place, granted);
    return granted;
  }
}

function expectProtocol(protocol: unknown): void {
  if (protocol === "tcp" || protocol === "udp") return;
  if (protocol !== "sctp") throw unknownProtocol(protocol);
  const message = "unknown protocol: Node opens no SCTP sockets; PortAllocator books sctp ports without one";
  throw new PortError("UNKNOWN_PROTOCOL", message, { input: protocol });
}

/** @throws TypeError for what is neither an AbortSignal nor left out. */
function expectSignal(value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new TypeError(`\`signal\`: expected an AbortSignal, received ${describe(value)}`);
}
