// Random material for the property tests: few addresses, ports, devices and users, so that things collide.

import * as fc from "fast-check";
import { type Binding, bindingOf } from "../../src/core/binding.ts";

/** Both wildcards, a mapped one, two addresses of each family, mapped and with zones that count and do not. */
export const ADDRESSES = [
  "0.0.0.0",
  "127.0.0.1",
  "127.0.0.2",
  "::ffff:127.0.0.1",
  "::ffff:0.0.0.0",
  "::",
  "::1",
  "fd00::2",
  "fe80::1%eth0",
  "fe80::1%eth1",
  "::1%eth1",
] as const;

/** A binding on one of `ports`; half of them plain, as most are. */
export function anyBinding(ports: readonly number[]): fc.Arbitrary<Binding> {
  const plain = {
    protocol: fc.constantFrom("tcp" as const, "tcp" as const, "udp" as const),
    address: fc.constantFrom(...ADDRESSES),
    port: fc.constantFrom(...ports),
    v6only: fc.boolean(),
  };
  const sharing = {
    ...plain,
    reuseAddress: fc.boolean(),
    reusePort: fc.boolean(),
    device: fc.constantFrom("", "", "eth0", "eth1"),
    user: fc.constantFrom(0, 0, 1),
    listening: fc.boolean(),
  };
  return fc.oneof(fc.record(plain), fc.record(sharing)).map((options) => {
    const mapped = options.address.startsWith("::ffff:");
    const zone = /^fe80.*%(.*)/u.exec(options.address)?.[1];
    const device = "device" in options && zone === undefined ? options.device : undefined;
    return bindingOf({ ...options, device, v6only: options.v6only && !mapped });
  });
}

/** Any IPv6 address as eight groups, most with runs of zeros. */
export function anyGroups(): fc.Arbitrary<number[]> {
  const group = fc.oneof(
    fc.constant(0),
    fc.constant(0),
    fc.constant(0xffff),
    fc.integer({ min: 0, max: 0xffff }),
  );
  return fc.array(group, { minLength: 8, maxLength: 8 });
}
