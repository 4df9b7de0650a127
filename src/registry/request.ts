// What a caller may ask for, checked: an AcquireOptions becomes a Request, or an error that names the option.

import { type AbortableOptions, expectSignal, type Host, type ProcessIdentity } from "../contract/index.ts";
import { type Binding, bindingOf, IpAddress, PortError, PortSet, type Transport } from "../core/index.ts";
import { expectTransport } from "../core/binding.ts";
import { describe, expectInteger, expectOptions, expectPort, expectString } from "../core/expect.ts";

/** What a lease is asked for with; everything can be left out. */
export interface AcquireOptions extends AbortableOptions {
  /**
   * A name for the lease. While it lives, the same process gets the same lease again, and anybody else is
   * told who holds it. A name is one line of at most 200 characters and not a number.
   */
  readonly name?: string | undefined;
  /**
   * The ports to choose from, strictly: a port, "3000-3999,!3306", or port numbers.
   *
   * @default 20000–29999 without ports that others like, outside the kernel's ephemeral range
   */
  readonly ports?: string | number | PortSet | Iterable<number> | undefined;
  /** One port to try first, whether or not it is one of `ports`; others of a `count` come from `ports`. */
  readonly prefer?: number | undefined;
  /** The protocol of the ports. @default "tcp" */
  readonly protocol?: Transport | undefined;
  /** The address to lease the port on. @default the whole port, on every address of both families */
  readonly address?: string | undefined;
  /** How many ports, 1 to 1000; all or none. @default 1 */
  readonly count?: number | undefined;
  /** The pid of the process that shall hold the lease. @default this process */
  readonly for?: number | undefined;
}

const OPTIONS = ["name", "ports", "prefer", "protocol", "address", "count", "for", "signal"] as const;

/** A checked request. */
export interface Request extends AbortableOptions {
  readonly name: string | null;
  readonly pool: PortSet;
  readonly prefer: number | null;
  readonly protocol: Transport;
  readonly address: IpAddress;
  readonly count: number;
  readonly holder: ProcessIdentity;
  /** What is leased of each port. */
  bindingAt(port: number): Binding;
}

/** How long a name may be: it is shown in tables and kept in keys. */
const LONGEST_NAME = 200;
const MOST_PORTS = 1000;

/**
 * @throws TypeError or RangeError for a misuse; PortError `INVALID_ADDRESS`, `INVALID_PORT`,
 * `INVALID_PORT_RANGE`, `UNKNOWN_PROTOCOL`, `PROCESS_NOT_FOUND`.
 */
export function checkRequest(options: AcquireOptions, host: Host, defaultPool: PortSet): Request {
  expectOptions("acquire", options, OPTIONS);
  expectSignal(options.signal);
  const pool = options.ports === undefined ? defaultPool : checkPorts(options.ports);
  const prefer = options.prefer === undefined ? null : expectPort("prefer", options.prefer);
  const count = expectInteger("count", options.count ?? 1, 1, MOST_PORTS);
  const choices = pool.size + (prefer === null || pool.has(prefer) ? 0 : 1);
  if (count > choices) {
    throw new RangeError(`\`count\`: ${count} ports cannot come out of the ${choices} in \`ports\``);
  }
  const protocol = expectTransport(options.protocol ?? "tcp");
  const address = bound(IpAddress.parse(expectString("address", options.address ?? "::")));
  return {
    name: options.name === undefined ? null : expectName("name", options.name),
    pool,
    prefer,
    protocol,
    address,
    count,
    holder: options.for === undefined ? host.self : findProcess(options.for, host),
    signal: options.signal,
    bindingAt: (port) => bindingOf({ protocol, address, port }),
  };
}

export function expectName(option: string, value: unknown): string {
  const name = expectString(option, value);
  const received = `received ${describe(value)}`;
  if (name === "" || name !== name.trim() || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(name)) {
    throw new RangeError(`\`${option}\`: expected one line of text without blanks around it, ${received}`);
  }
  if (name.length > LONGEST_NAME) {
    throw new RangeError(
      `\`${option}\`: expected at most ${LONGEST_NAME} characters, received ${name.length}`,
    );
  }
  if (/^\d+$/u.test(name)) {
    throw new RangeError(`\`${option}\`: expected a name that cannot be taken for a port, ${received}`);
  }
  return name;
}

/** The address as the kernel has it, so that two spellings of one are one lease. */
function bound(address: IpAddress): IpAddress {
  return (address.isLinkLocal ? address : address.withoutZone()).unmap();
}

function checkPorts(ports: NonNullable<AcquireOptions["ports"]>): PortSet {
  if (ports instanceof PortSet) return ports;
  if (typeof ports === "string") return PortSet.parse(ports);
  if (typeof ports === "number") return PortSet.of([expectPort("ports", ports)]);
  if (typeof ports === "object" && ports !== null && Symbol.iterator in ports) return PortSet.of(ports);
  throw new TypeError(
    `\`ports\`: expected a port, text as in "3000-3999,!3306" or port numbers, received ${describe(ports)}`,
  );
}

function findProcess(pid: number, host: Host): ProcessIdentity {
  expectInteger("for", pid, 1, 2 ** 31 - 1);
  const found = host.process(pid);
  if (!found) throw new PortError("PROCESS_NOT_FOUND", `\`for\`: there is no process ${pid}`, { pid });
  return found;
}
