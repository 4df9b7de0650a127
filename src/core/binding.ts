// A binding: what one socket claims, and the addresses it covers.
//
// Bindings are plain frozen values of one network namespace. An IPv4-mapped address is the IPv4 address it
// maps to, and a link-local address with a zone is bound to that device; any other address loses its zone,
// as the kernel has it.

import { PortError } from "./errors.ts";
import { describe, expectBoolean, expectInteger, expectOptions, expectPort, expectString } from "./expect.ts";
import { IpAddress } from "./ip-address.ts";
import { WILDCARD } from "./interned-address.ts";

/** The protocols a binding can have, as a list. */
export const TRANSPORTS = ["tcp", "udp"] as const;
/** The protocols a binding can have. */
export type Transport = (typeof TRANSPORTS)[number];

/** What one socket claims. Made by `bindingOf`. */
export interface Binding {
  readonly protocol: Transport;
  /** IPv4-mapped addresses as IPv4, without a zone. */
  readonly address: IpAddress;
  /** 1 to 65535. */
  readonly port: number;
  /** Whether an IPv6 wildcard leaves IPv4 alone (IPV6_V6ONLY). */
  readonly v6only: boolean;
  /** SO_REUSEADDR. */
  readonly reuseAddress: boolean;
  /** SO_REUSEPORT. */
  readonly reusePort: boolean;
  /** The device it is bound to (SO_BINDTODEVICE), or "" for none. */
  readonly device: string;
  /** The user id of the socket's owner: SO_REUSEPORT shares with the same user only. */
  readonly user: number;
  /** Whether a TCP socket listens. UDP sockets never do. */
  readonly listening: boolean;
}

/** What `bindingOf` takes. */
export interface BindingOptions {
  readonly protocol: Transport;
  /** Default: "::", which covers both families unless `v6only`. */
  readonly address?: string | IpAddress | undefined;
  /** 1 to 65535. */
  readonly port: number;
  /** IPV6_V6ONLY: an IPv6 wildcard leaves IPv4 alone. @default false */
  readonly v6only?: boolean | undefined;
  /** SO_REUSEADDR. @default false */
  readonly reuseAddress?: boolean | undefined;
  /** SO_REUSEPORT. @default false */
  readonly reusePort?: boolean | undefined;
  /** SO_BINDTODEVICE: the name of the device. @default "", every device */
  readonly device?: string | undefined;
  /** The user id of the owner. @default 0 */
  readonly user?: number | undefined;
  /** Whether it listens already; a UDP socket never does. @default false */
  readonly listening?: boolean | undefined;
}

const OPTIONS = [
  "protocol",
  "address",
  "port",
  "v6only",
  "reuseAddress",
  "reusePort",
  "device",
  "user",
  "listening",
] as const satisfies readonly (keyof BindingOptions)[];

/**
 * A binding, checked and with its defaults filled in.
 *
 * @throws PortError `UNKNOWN_PROTOCOL`, `INVALID_ADDRESS` (also for an IPv4-mapped address with `v6only`,
 * which the kernel refuses with EINVAL).
 * @example
 * bindingOf({ protocol: "tcp", address: "127.0.0.1", port: 8080, reuseAddress: true, listening: true });
 */
export function bindingOf(options: BindingOptions): Binding {
  expectOptions("bindingOf", options, OPTIONS);
  const protocol = expectTransport(options.protocol);
  const v6only = expectBoolean("v6only", options.v6only ?? false);
  const given = options.address ?? "::";
  const address = given instanceof IpAddress ? given : IpAddress.parse(given);
  if (v6only && address.isIPv4Mapped) {
    const message = `invalid IP address "${address.text}": an IPv4-mapped address cannot be v6only`;
    throw new PortError("INVALID_ADDRESS", message, { input: address.text, position: 0 });
  }
  const listening = expectBoolean("listening", options.listening ?? false);
  const device = expectString("device", options.device ?? "");
  const zone = address.isLinkLocal ? address.zone : "";
  if (zone !== "" && device !== "" && zone !== device) {
    throw new RangeError(`\`device\`: ${address.text} is on ${zone}, received ${describe(device)}`);
  }
  return Object.freeze({
    protocol,
    address: address.withoutZone().unmap(),
    port: expectPort("port", options.port),
    v6only,
    reuseAddress: expectBoolean("reuseAddress", options.reuseAddress ?? false),
    reusePort: expectBoolean("reusePort", options.reusePort ?? false),
    device: device === "" ? zone : device,
    user: expectInteger("user", options.user ?? 0, 0, 0xffff_ffff),
    listening: listening && protocol === "tcp",
  });
}

export function expectTransport(value: unknown): Transport {
  const known = TRANSPORTS.find((transport) => transport === value);
  if (known) return known;
  const message = `unknown protocol: expected tcp or udp, received ${describe(value)}`;
  throw new PortError("UNKNOWN_PROTOCOL", message, {
    input: typeof value === "string" ? value : describe(value),
  });
}

/** The index key of what a binding covers in IPv4: an address, the wildcard, or nothing. */
export function coverV4(binding: Binding): string | undefined {
  const { address } = binding;
  if (address.family === 4) return address.isUnspecified ? WILDCARD : address.text;
  return address.isUnspecified && !binding.v6only ? WILDCARD : undefined;
}

/** The index key of what a binding covers in IPv6. */
export function coverV6(binding: Binding): string | undefined {
  const { address } = binding;
  if (address.family === 4) return undefined;
  return address.isUnspecified ? WILDCARD : address.text;
}

/** Whether a binding can share its port with another one at all: it has a reuse flag or a device. */
export function canShare(binding: Binding): boolean {
  return binding.reuseAddress || binding.reusePort || binding.device !== "";
}

/** Whether two bindings are alike in everything, so that one can stand for the other. */
export function sameBinding(a: Binding, b: Binding): boolean {
  return (
    a.protocol === b.protocol &&
    a.port === b.port &&
    a.address.equals(b.address) &&
    a.reuseAddress === b.reuseAddress &&
    a.reusePort === b.reusePort &&
    a.device === b.device &&
    a.user === b.user &&
    a.listening === b.listening &&
    coverV4(a) === coverV4(b)
  );
}

/** A binding for a message: "tcp 127.0.0.1:80", "tcp [::]:80". */
export function formatBinding(binding: Binding): string {
  return `${binding.protocol} ${formatEndpoint(binding.address, binding.port)}`;
}

/** An endpoint as a URL writes it: "127.0.0.1:80", "[::1]:80". */
export function formatEndpoint(address: IpAddress, port: number): string {
  return address.family === 4 ? `${address.text}:${port}` : `[${address.text}]:${port}`;
}
