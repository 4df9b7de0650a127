// IP addresses beside what Node says of the same texts and values, and the order they stand in.

import { isIPv4, isIPv6 } from "node:net";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IpAddress } from "../../src/core/ip-address.ts";
import { anyGroups } from "./arbitraries.ts";

describe("Node and we", () => {
  it("accept the same IPv4 texts", () => {
    const number = fc.oneof(
      fc.nat({ max: 300 }).map(String),
      fc.constantFrom("00", "01", "", "0x1", "1 ", "+1"),
    );
    const dotted = fc.array(number, { minLength: 1, maxLength: 5 }).map((numbers) => numbers.join("."));
    const text = fc.oneof(fc.ipV4(), fc.ipV4Extended(), dotted);
    fc.assert(
      fc.property(text, (candidate) => {
        expect(IpAddress.tryParse(candidate)?.family === 4).toBe(isIPv4(candidate));
      }),
      { numRuns: 2_000 },
    );
  });

  it("accept the same IPv6 texts, zones apart", () => {
    const piece = fc.constantFrom(
      ":",
      ":",
      ":",
      "::",
      "0",
      "1",
      "ffff",
      "Ab",
      "00001",
      "g",
      "1.2.3.4",
      ".",
      " ",
    );
    const pieces = fc.array(piece, { minLength: 1, maxLength: 17 }).map((parts) => parts.join(""));
    const damaged = fc
      .tuple(fc.ipV6(), fc.nat({ max: 38 }), piece)
      .map(([text, at, part]) => text.slice(0, at) + part + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), pieces, damaged), (candidate) => {
        expect(IpAddress.tryParse(candidate)?.family === 6).toBe(isIPv6(candidate));
      }),
      { numRuns: 5_000 },
    );
  });

  // Node's own answer about a zone depends on its version. A zone is the name of a device, and the kernel
  // lets a name have any character but a blank and a slash, so the ones below are all names it may have.
  it.each(["eth0", "eth_0", "br-1a2b", "vlan@7", "größe", "7"])(
    "differ about zones: we accept %s",
    (zone) => {
      expect(IpAddress.parse(`fe80::1%${zone}`).zone).toBe(zone);
    },
  );

  it("write every IPv6 value as a URL does, but for IPv4-mapped ones, which end in an IPv4 address", () => {
    fc.assert(
      fc.property(anyGroups(), (groups) => {
        const text = groups.map((group) => group.toString(16)).join(":");
        const address = IpAddress.parse(text);
        const inUrl = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        const [high, low] = [groups[6]!, groups[7]!];
        const mapped = `::ffff:${[high >> 8, high & 255, low >> 8, low & 255].join(".")}`;
        expect(address.text).toBe(inUrl.startsWith("::ffff:") && address.isIPv4Mapped ? mapped : inUrl);
        expect(address.isIPv4Mapped).toBe(/^(0:){5}ffff:/u.test(text));
        expect(IpAddress.parse(inUrl).text).toBe(address.text);
        expect(isIPv6(address.text)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("an address and its text", () => {
  const anyAddress = fc
    .oneof(
      fc.ipV4(),
      fc.ipV4().map((text) => `::ffff:${text}`),
      anyGroups().map((groups) => groups.map((group) => group.toString(16)).join(":")),
      fc.constantFrom("fe80::1%a", "fe80::1%b", "fe80::1", "::1%a", "::", "0.0.0.0", "::1", "1::"),
    )
    .map((text) => IpAddress.parse(text));

  it("say each other", () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(IpAddress.parse(address.text).text).toBe(address.text);
        expect(IpAddress.parse(address.text.toUpperCase().replace(/%.*/u, `%${address.zone}`))).toEqual(
          address,
        );
      }),
    );
  });

  it("are equal together, and stand in one total order", () => {
    fc.assert(
      fc.property(anyAddress, anyAddress, anyAddress, (a, b, c) => {
        expect(a.equals(b)).toBe(a.text === b.text);
        expect(a.compare(b) === 0).toBe(a.equals(b));
        expect(Math.sign(a.compare(b))).toBe(0 - Math.sign(b.compare(a)));
        const [low, middle, high] = [a, b, c].toSorted((x, y) => x.compare(y)) as [
          IpAddress,
          IpAddress,
          IpAddress,
        ];
        expect([low.compare(middle), middle.compare(high), low.compare(high)].some((sign) => sign > 0)).toBe(
          false,
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it("sort IPv4 before IPv6, then by number, then by zone", () => {
    const sorted = [
      "9.0.0.0",
      "10.0.0.0",
      "10.0.0.9",
      "10.0.0.10",
      "::",
      "::2",
      "::10",
      "2::",
      "fe80::1",
      "fe80::1%a",
      "fe80::1%b",
    ];
    const shuffled = [7, 2, 10, 0, 9, 4, 1, 6, 3, 8, 5].map((at) => IpAddress.parse(sorted[at]!));
    expect(shuffled.toSorted((a, b) => a.compare(b)).map(String)).toEqual(sorted);
  });
});
