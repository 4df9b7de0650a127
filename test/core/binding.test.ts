// Bindings: their defaults, what they refuse, and the forms in which the same claim can be said.

import { describe, expect, it } from "vitest";
import { type Binding, bindingOf, type BindingOptions, formatBinding } from "../../src/core/binding.ts";
import { PortError } from "../../src/core/errors.ts";
import { IpAddress } from "../../src/core/ip-address.ts";

describe("a binding", () => {
  it("is on the dual-stack wildcard, shares nothing and does not listen unless it says so", () => {
    const binding = bindingOf({ protocol: "tcp", port: 80 });
    const { address, ...rest } = binding;
    expect(address.text).toBe("::");
    expect(rest).toEqual({
      protocol: "tcp",
      port: 80,
      v6only: false,
      reuseAddress: false,
      reusePort: false,
      device: "",
      user: 0,
      listening: false,
    });
    expect(Object.isFrozen(binding)).toBe(true);
  });

  it("takes undefined for an option that is left out", () => {
    const options = {
      address: undefined,
      v6only: undefined,
      device: undefined,
      user: undefined,
      listening: undefined,
    };
    expect(bindingOf({ protocol: "udp", port: 53, ...options })).toEqual(
      bindingOf({ protocol: "udp", port: 53 }),
    );
  });

  it("never listens when it is UDP", () => {
    expect(bindingOf({ protocol: "udp", port: 53, listening: true }).listening).toBe(false);
  });

  it.each([
    ["127.0.0.1", "127.0.0.1", ""],
    ["::ffff:127.0.0.1", "127.0.0.1", ""],
    ["::ffff:0.0.0.0", "0.0.0.0", ""],
    ["2001:DB8::0:1", "2001:db8::1", ""],
    ["fe80::1%eth0", "fe80::1", "eth0"],
    ["ff02::fb%eth0", "ff02::fb", "eth0"],
    ["::1%eth0", "::1", ""],
    ["fd00::1%eth0", "fd00::1", ""],
    ["ff05::fb%eth0", "ff05::fb", ""],
    ["::%eth0", "::", ""],
    ["::ffff:127.0.0.1%eth0", "127.0.0.1", ""],
  ])("on %s is on %s, device %j", (text, address, device) => {
    for (const given of [text, IpAddress.parse(text)]) {
      const binding = bindingOf({ protocol: "tcp", address: given, port: 80 });
      expect([binding.address.text, binding.device]).toEqual([address, device]);
    }
  });

  it("is on the device it names, which a link-local zone may repeat but not contradict", () => {
    expect(deviceOf("10.0.0.1", "eth1")).toBe("eth1");
    expect(deviceOf("fe80::1%eth1", "eth1")).toBe("eth1");
    expect(deviceOf("::1%eth0", "eth1")).toBe("eth1");
    expect(() => deviceOf("fe80::1%eth0", "eth1")).toThrow(
      new RangeError('`device`: fe80::1%eth0 is on eth0, received the string "eth1"'),
    );
  });

  it.each([
    ["tcp", "127.0.0.1", "tcp 127.0.0.1:80"],
    ["udp", "::ffff:127.0.0.1", "udp 127.0.0.1:80"],
    ["tcp", "::", "tcp [::]:80"],
  ] as const)("%s on %s is written %s", (protocol, address, text) => {
    expect(formatBinding(bindingOf({ protocol, address, port: 80 }))).toBe(text);
  });
});

describe("refused", () => {
  it.each([
    [{ protocol: "sctp" }, { code: "UNKNOWN_PROTOCOL", input: "sctp" }],
    [{ protocol: "TCP" }, { code: "UNKNOWN_PROTOCOL", input: "TCP" }],
    [{ protocol: undefined }, { code: "UNKNOWN_PROTOCOL", input: "undefined" }],
    [{ address: "localhost" }, { code: "INVALID_ADDRESS", input: "localhost", position: 0 }],
    [{ address: "" }, { code: "INVALID_ADDRESS", input: "", position: 0 }],
    [
      { address: "::ffff:10.0.0.1", v6only: true },
      { code: "INVALID_ADDRESS", input: "::ffff:10.0.0.1", position: 0 },
    ],
  ])("with a code: %j", (options, expected) => {
    expect(thrownBy(options)).toMatchObject(expected);
    expect(thrownBy(options)).toBeInstanceOf(PortError);
  });

  it.each([
    [{ port: 0 }, RangeError, "`port`: expected a whole number from 1 to 65535, received 0"],
    [{ port: 65536 }, RangeError, "`port`: expected a whole number from 1 to 65535, received 65536"],
    [{ port: Number.NaN }, RangeError, "`port`: expected a whole number from 1 to 65535, received NaN"],
    [{ port: "80" }, TypeError, '`port`: expected a whole number from 1 to 65535, received the string "80"'],
    [{ port: 80n }, TypeError, "`port`: expected a whole number from 1 to 65535, received the bigint 80"],
    [{ port: undefined }, TypeError, "`port`: expected a whole number from 1 to 65535, received undefined"],
    [{ address: 2130706433 }, TypeError, "`address`: expected a string, received 2130706433"],
    [{ address: {} }, TypeError, "`address`: expected a string, received an object"],
    [{ address: [] }, TypeError, "`address`: expected a string, received an array"],
    [{ v6only: 1 }, TypeError, "`v6only`: expected true or false, received 1"],
    [{ reuseAddress: "yes" }, TypeError, '`reuseAddress`: expected true or false, received the string "yes"'],
    [{ reusePort: () => true }, TypeError, "`reusePort`: expected true or false, received a function"],
    [{ listening: 0 }, TypeError, "`listening`: expected true or false, received 0"],
    [{ device: 2 }, TypeError, "`device`: expected a string, received 2"],
    [{ user: -1 }, RangeError, "`user`: expected a whole number from 0 to 4294967295, received -1"],
    [
      { user: 2 ** 32 },
      RangeError,
      "`user`: expected a whole number from 0 to 4294967295, received 4294967296",
    ],
    [
      { host: "::" },
      TypeError,
      "bindingOf: unknown option `host`; known are protocol, address, port, v6only,",
    ],
  ])("as a misuse: %o", (options, kind, message) => {
    const error = thrownBy(options) as Error;
    expect(error).toBeInstanceOf(kind);
    expect(error.message.startsWith(message)).toBe(true);
  });

  it.each([undefined, null, "tcp"])("as a misuse: %j for the options", (options) => {
    expect(() => bindingOf(options as unknown as BindingOptions)).toThrow(
      /^bindingOf: expected an options object, received /u,
    );
  });
});

function deviceOf(address: string, device: string): string {
  return bindingOf({ protocol: "tcp", port: 80, address, device }).device;
}

function thrownBy(options: object): unknown {
  try {
    return withDefaults(options);
  } catch (error) {
    return error;
  }
}

function withDefaults(options: object): Binding {
  return bindingOf({ protocol: "tcp", port: 80, ...options });
}
