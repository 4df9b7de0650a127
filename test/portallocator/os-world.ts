// An OSAllocator over a book of free ports, and what is granted of it until the end of the test.

import { expect, onTestFinished } from "vitest";

import { PortAllocator } from "../../src/portallocator/index.ts";
import { type HostPort, type HostProtocol, OSAllocator } from "../../src/portallocator/os/index.ts";
import { freeRange } from "./free-range.ts";

export const PROTOCOLS: readonly HostProtocol[] = ["tcp", "udp"];
export const BOTH: readonly string[] = ["0.0.0.0", "::"];

export interface World {
  readonly book: PortAllocator;
  readonly begin: number;
  readonly end: number;
  request<Protocol extends HostProtocol = "tcp">(
    ips: readonly string[],
    options?: {
      readonly protocol?: Protocol;
      readonly start?: number;
      readonly end?: number;
      readonly signal?: AbortSignal;
    },
  ): Promise<HostPort<Protocol>>;
  readonly allocator: OSAllocator;
}

/** A book of so many free ports, and what is granted of it until the end of the test. */
export async function world(length: number): Promise<World> {
  const { begin, end } = await freeRange(length);
  const book = new PortAllocator({ begin, end });
  const allocator = new OSAllocator(book);
  return {
    book,
    begin,
    end,
    allocator,
    async request(ips, { protocol, start: first = 0, end: last = first, signal } = {}) {
      type Protocol = NonNullable<typeof protocol>;
      const granted = await allocator.requestPortsInRange(ips, (protocol ?? "tcp") as Protocol, first, last, {
        signal,
      });
      onTestFinished(() => granted.release());
      return granted;
    },
  };
}

/** The ports of the default range that the book has taken on the address. */
export function taken({ book, begin, end }: World, ip: string, protocol: HostProtocol = "tcp"): number[] {
  const ports = Array.from({ length: end - begin + 1 }, (_, at) => begin + at);
  return ports.filter((port) => {
    try {
      book.releasePort(ip, protocol, book.requestPort(ip, protocol, port));
      return false;
    } catch {
      return true;
    }
  });
}

/** The refusal of a port that somebody has on the address. */
export const inUse = (address: string, port: number): unknown =>
  expect.objectContaining({ name: "PortError", code: "PORT_IN_USE", address, port });

/** A connection that says hello, and what it hears. */
