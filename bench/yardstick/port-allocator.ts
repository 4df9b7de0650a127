// The yardstick for PortAllocator: a Map by address, of Maps by protocol, of Sets of ports, and a cursor for
// each range, as the documented package has it.

type Protocol = "tcp" | "udp" | "sctp";

interface Book {
  readonly ports: Set<number>;
  readonly cursors: Map<string, number>;
}

export class YardstickPortAllocator {
  readonly #books = new Map<string, Map<Protocol, Book>>();
  readonly #begin: number;
  readonly #end: number;

  constructor({ begin = 49153, end = 65535 }: { readonly begin?: number; readonly end?: number } = {}) {
    this.#begin = begin;
    this.#end = end;
    this.#book("0.0.0.0", "tcp");
    this.#book("::", "tcp");
  }

  requestPort(ip: string | null, protocol: Protocol, port: number): number {
    return this.requestPortsInRange([ip ?? "0.0.0.0"], protocol, port, port);
  }

  requestPortsInRange(ips: readonly string[], protocol: Protocol, first: number, last: number): number {
    const own = ips.map((ip) => this.#book(ip, protocol));
    const looked = this.#lookedAt(ips, protocol);
    if (first !== 0 && first === last) {
      if (isTaken(looked, first)) throw new Error("port is already allocated");
      for (const book of own) book.ports.add(first);
      return first;
    }
    const begin = first === 0 ? this.#begin : first;
    const end = first === 0 ? this.#end : last;
    const range = `${begin}-${end}`;
    const cursor = own[0]!.cursors.get(range) ?? end;
    for (let i = 0, port = cursor; i <= end - begin; i++) {
      port = port === end ? begin : port + 1;
      if (isTaken(looked, port)) continue;
      for (const book of own) {
        book.ports.add(port);
        book.cursors.set(range, port);
      }
      return port;
    }
    throw new Error("all ports are allocated");
  }

  releasePort(ip: string | null, protocol: Protocol, port: number): void {
    this.#books
      .get(ip ?? "0.0.0.0")
      ?.get(protocol)
      ?.ports.delete(port);
  }

  /** The books that must be free: of the addresses, and of all that a wildcard among them covers. */
  #lookedAt(ips: readonly string[], protocol: Protocol): Book[] {
    const looked = ips.map((ip) => this.#book(ip, protocol));
    for (const [wildcard, isFamily] of WILDCARDS) {
      if (ips.includes(wildcard)) {
        for (const ip of this.#books.keys()) if (isFamily(ip)) looked.push(this.#book(ip, protocol));
      } else if (ips.some(isFamily)) {
        looked.push(this.#book(wildcard, protocol));
      }
    }
    return looked;
  }

  #book(ip: string, protocol: Protocol): Book {
    let byProtocol = this.#books.get(ip);
    if (!byProtocol) {
      byProtocol = new Map();
      this.#books.set(ip, byProtocol);
    }
    let book = byProtocol.get(protocol);
    if (!book) {
      book = { ports: new Set(), cursors: new Map() };
      byProtocol.set(protocol, book);
    }
    return book;
  }
}

const WILDCARDS: readonly (readonly [string, (ip: string) => boolean])[] = [
  ["0.0.0.0", (ip) => !ip.includes(":")],
  ["::", (ip) => ip.includes(":")],
];

function isTaken(books: readonly Book[], port: number): boolean {
  for (const book of books) if (book.ports.has(port)) return true;
  return false;
}
