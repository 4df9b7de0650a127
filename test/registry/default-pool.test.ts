// The ports of a request that names none.

import { describe, expect, it } from "vitest";

import type { PortSettings } from "../../src/contract/index.ts";
import { PortSet } from "../../src/core/index.ts";
import { defaultPool } from "../../src/registry/index.ts";

const USUAL = PortSet.parse("20000-29999,!24678,!25565,!27017");

function settings(first: number, last: number, reserved = ""): PortSettings {
  const ports = reserved === "" ? [] : [...PortSet.parse(reserved)];
  return { ephemeral: { first, last }, reserved: ports, unprivilegedStart: 1024 };
}

describe("the default pool", () => {
  it.each<[string, PortSettings, string]>([
    ["is 20000–29999 without what people like", settings(32768, 60999), String(USUAL)],
    [
      "leaves out the ephemeral range below",
      settings(1024, 20009),
      "20010-24677,24679-25564,25566-27016,27018-29999",
    ],
    ["leaves out the ephemeral range above", settings(20010, 65535), "20000-20009"],
    ["leaves out the ephemeral range inside", settings(20001, 29998), "20000,29999"],
    ["keeps to the edge of the ephemeral range", settings(30000, 65535), String(USUAL)],
    ["keeps to its other edge", settings(1024, 19999), String(USUAL)],
    ["leaves out reserved ports", settings(20004, 65535, "20000-20002,8080,65535"), "20003"],
    ["is whole when the ephemeral range covers it", settings(1024, 65535), String(USUAL)],
    [
      "is whole, without reserved ports, when the ephemeral range covers it",
      settings(20000, 29999, "20003-29999"),
      "20000-20002",
    ],
    ["is whole when every port is reserved", settings(32768, 60999, "20000-29999"), String(USUAL)],
    [
      "is whole when nothing but reserved ports is outside",
      settings(20001, 65535, "20000"),
      "20001-24677,24679-25564,25566-27016,27018-29999",
    ],
  ])("%s", (_, kernel, expected) => {
    expect(String(defaultPool(kernel).ports)).toBe(expected);
  });

  it.each([0, 1024, 25_000, 65_536])(
    "leaves none out for its privilege, which some have: unprivileged from %i on",
    (unprivilegedStart) => {
      expect(String(defaultPool({ ...settings(32768, 60999), unprivilegedStart }).ports)).toBe(String(USUAL));
    },
  );

  it("has no port that vite, minecraft or mongodb is known by", () => {
    for (const port of [24678, 25565, 27017]) {
      expect(defaultPool(settings(32768, 60999)).ports.has(port)).toBe(false);
      expect(defaultPool(settings(1, 65535)).ports.has(port)).toBe(false);
    }
  });
});
