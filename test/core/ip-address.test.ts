// What is an IP address and what is not: tables of texts, their canonical form or the place they go wrong.

import { describe, expect, it } from "vitest";
import { PortError } from "../../src/core/errors.ts";
import { IpAddress } from "../../src/core/ip-address.ts";

describe("the canonical text", () => {
  it.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["127.0.0.1", "127.0.0.1"],
    ["::", "::"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["::1", "::1"],
    ["0000:0000::0001", "::1"],
    ["2001:DB8:0:0::1", "2001:db8::1"],
    ["2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["1::", "1::"],
    ["0:0:0:0:0:1:0:0", "::1:0:0"],
    ["ABCD:EF01::", "abcd:ef01::"],
    ["::FFFF:10.0.0.1", "::ffff:10.0.0.1"],
    ["::ffff:a00:1", "::ffff:10.0.0.1"],
    ["0:0:0:0:0:ffff:255.255.255.255", "::ffff:255.255.255.255"],
    ["::10.0.0.1", "::a00:1"],
    ["::fffe:10.0.0.1", "::fffe:a00:1"],
    ["1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["FE80::1%eth0", "fe80::1%eth0"],
    ["fe80::1%3", "fe80::1%3"],
    ["fe80::1%Eth_0.7:1", "fe80::1%Eth_0.7:1"],
    ["fe80::%a", "fe80::%a"],
    ["::ffff:1.2.3.4%a", "::ffff:1.2.3.4%a"],
  ])("of %s is %s", (text, canonical) => {
    const address = IpAddress.parse(text);
    expect(address.text).toBe(canonical);
    expect(String(address)).toBe(canonical);
    expect(JSON.stringify({ address })).toBe(JSON.stringify({ address: canonical }));
    expect(address.equals(IpAddress.parse(canonical))).toBe(true);
  });
});

describe("refused, with the place and the reason", () => {
  it.each([
    ["", 0, "it ends too early"],
    ["1", 1, "an IPv4 address has four numbers"],
    ["0x7f.1", 1, "expected a dot"],
    ["010.0.0.1", 0, '"010" has a leading zero'],
    ["10.0.0.01", 7, '"01" has a leading zero'],
    ["1.2.3.4.", 7, "nothing may follow the fourth number"],
    ["1.2.3.4.5", 7, "nothing may follow the fourth number"],
    ["1.2.3", 5, "an IPv4 address has four numbers"],
    ["1.2.3.", 6, "it ends too early"],
    ["1..2.3", 2, "expected a digit"],
    [".1.2.3", 0, "expected a digit"],
    ["256.0.0.1", 0, '"256" is larger than 255'],
    ["1.2.3.1000", 6, '"1000" is larger than 255'],
    ["1.2.3.4/24", 7, "nothing may follow the fourth number"],
    ["1.2.3.4%eth0", 7, "nothing may follow the fourth number"],
    ["1.2.3.4:80", 7, "nothing may follow the fourth number"],
    ["-1.2.3.4", 0, "expected a digit"],
    [" 1.2.3.4", 0, "expected a digit"],
    ["1.2.3.4\n", 7, "nothing may follow the fourth number"],
    ["１.2.3.4", 0, "expected a digit"],
    ["localhost", 0, "expected a digit"],
    ["*", 0, "expected a digit"],
    [":", 0, "expected a hexadecimal digit"],
    [":::", 2, "expected a hexadecimal digit"],
    ["1:::2", 3, "expected a hexadecimal digit"],
    ["1::2::3", 4, "only one :: is allowed"],
    ["::1::", 3, "only one :: is allowed"],
    [":1:2:3:4:5:6:7", 0, "expected a hexadecimal digit"],
    ["1:2:3:4:5:6:7:", 13, "it ends with a colon"],
    ["1:", 1, "it ends with a colon"],
    ["1:2:3:4:5:6:7", 13, "fewer than eight groups"],
    ["1:2:3:4:5:6:7:8:9", 16, "more than eight groups"],
    ["1:2:3:4::5:6:7:8", 16, "the :: stands for nothing"],
    ["::1:2:3:4:5:6:7:8", 17, "the :: stands for nothing"],
    ["12345::", 0, "a group has at most four digits"],
    ["::00001", 2, "a group has at most four digits"],
    ["::g", 2, "expected a hexadecimal digit"],
    ["::1 ", 3, "expected a colon"],
    [" ::1", 0, "expected a hexadecimal digit"],
    ["::1/128", 3, "expected a colon"],
    ["[::1]", 0, "expected a hexadecimal digit"],
    ["::1.2.3", 7, "an IPv4 address has four numbers"],
    ["::1.2.3.256", 8, '"256" is larger than 255'],
    ["::1.2.3.4:5", 9, "nothing may follow the fourth number"],
    ["::01.2.3.4", 2, '"01" has a leading zero'],
    ["1:2:3:4:5:6:7:1.2.3.4", 14, "no room for an IPv4 address here"],
    ["1:2:3:4:5:1.2.3.4", 17, "fewer than eight groups"],
    ["fe80::1%", 7, "the zone after % is empty"],
    ["fe80::1%a b", 9, "a zone has no blanks and no second %"],
    ["fe80::1%a%b", 9, "a zone has no blanks and no second %"],
    ["fe80:%eth0", 4, "it ends with a colon"],
    ["%eth0:", 0, "fewer than eight groups"],
  ])("%j", (input, position, reason) => {
    const error = refusalOf(input);
    expect(error).toMatchObject({ code: "INVALID_ADDRESS", input, position });
    expect(error?.message).toBe(
      `invalid IP address ${JSON.stringify(input)}: ${reason} (at position ${position})`,
    );
    expect(IpAddress.tryParse(input)).toBeUndefined();
  });

  it.each([undefined, null, 2130706433, ["127.0.0.1"]])("as a misuse: %j", (value) => {
    const expected = /^`address`: expected a string, received /u;
    expect(() => IpAddress.parse(value as unknown as string)).toThrow(TypeError);
    expect(() => IpAddress.tryParse(value as unknown as string)).toThrow(expected);
  });
});

describe("what an address is", () => {
  it.each([
    [
      "0.0.0.0",
      { family: 4, isUnspecified: true, isLoopback: false, isIPv4Mapped: false, isLinkLocal: false },
    ],
    ["::", { family: 6, isUnspecified: true, isLoopback: false, isIPv4Mapped: false, isLinkLocal: false }],
    [
      "::%lo",
      { family: 6, isUnspecified: false, isLoopback: false, isIPv4Mapped: false, isLinkLocal: false },
    ],
    [
      "127.9.8.7",
      { family: 4, isUnspecified: false, isLoopback: true, isIPv4Mapped: false, isLinkLocal: false },
    ],
    ["126.0.0.1", { family: 4, isUnspecified: false, isLoopback: false, isIPv4Mapped: false }],
    ["::1", { family: 6, isUnspecified: false, isLoopback: true, isIPv4Mapped: false, isLinkLocal: false }],
    ["::2", { isUnspecified: false, isLoopback: false }],
    ["1::1", { isUnspecified: false, isLoopback: false }],
    ["::ffff:0.0.0.0", { family: 6, isUnspecified: false, isIPv4Mapped: true }],
    ["::fffe:1.2.3.4", { family: 6, isIPv4Mapped: false }],
    ["1::ffff:1.2.3.4", { family: 6, isIPv4Mapped: false }],
    ["fe80::1", { isLinkLocal: true, zone: "" }],
    ["febf::1%eth0", { isLinkLocal: true, zone: "eth0" }],
    ["fec0::1", { isLinkLocal: false }],
    ["ff01::1", { isLinkLocal: true }],
    ["ff02::fb", { isLinkLocal: true }],
    ["ff12::1", { isLinkLocal: true }],
    ["ff05::1", { isLinkLocal: false }],
    ["ff0e::1", { isLinkLocal: false }],
    ["fd00::2", { isLinkLocal: false }],
    ["169.254.0.1", { isLinkLocal: false }],
  ])("%s", (text, properties) => {
    expect(IpAddress.parse(text)).toMatchObject(properties);
  });

  it("is without its zone the same address, and itself when it has none", () => {
    expect(IpAddress.parse("fe80::1%eth0").withoutZone().text).toBe("fe80::1");
    const bare = IpAddress.parse("fe80::1");
    expect(bare.withoutZone()).toBe(bare);
  });

  it("unmaps to the IPv4 address behind it, and to itself when there is none", () => {
    expect(IpAddress.parse("::ffff:203.0.113.254").unmap()).toMatchObject({
      family: 4,
      text: "203.0.113.254",
    });
    expect(IpAddress.parse("::ffff:0.0.0.0").unmap().isUnspecified).toBe(true);
    for (const text of ["::203.0.113.254", "203.0.113.254", "::"]) {
      const address = IpAddress.parse(text);
      expect(address.unmap()).toBe(address);
    }
  });
});

function refusalOf(text: string): PortError | undefined {
  try {
    IpAddress.parse(text);
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
  return undefined;
}
