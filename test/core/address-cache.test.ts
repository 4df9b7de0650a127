// The address cache: the answers of IpAddress.parse, remembered.

import { expect, it } from "vitest";
import { AddressCache } from "../../src/core/address-cache.ts";
import { PortError } from "../../src/core/errors.ts";

it("gives the address that the text says, and the same value again for the same text", () => {
  const cache = new AddressCache();
  const address = cache.get("2001:DB8::1");
  expect(address.text).toBe("2001:db8::1");
  expect(cache.get("2001:DB8::1")).toBe(address);
});

it("throws for text that is not an address, the second time too", () => {
  const cache = new AddressCache();
  expect(() => cache.get("10.0.0")).toThrow(PortError);
  expect(() => cache.get("10.0.0")).toThrow(PortError);
});

it("forgets all when one text more than 4096 comes, and still answers", () => {
  const cache = new AddressCache();
  const first = cache.get("10.0.0.0");
  for (let i = 1; i < 4096; i++) cache.get(`10.0.${i >> 8}.${i & 255}`);
  expect(cache.get("10.0.0.0")).toBe(first);
  cache.get("10.1.0.0");
  const again = cache.get("10.0.0.0");
  expect(again).not.toBe(first);
  expect(again.text).toBe("10.0.0.0");
});
