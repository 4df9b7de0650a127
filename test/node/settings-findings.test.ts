// What the doctor says of the kernel's settings for ports.

import { describe, expect, it } from "vitest";

import { PortSet } from "../../src/core/index.ts";
import type { Finding } from "../../src/node/index.ts";
import { settingsFindings } from "../../src/node/settings-findings.ts";

interface Settings {
  readonly range?: readonly [first: number, last: number];
  readonly reserved?: string;
  readonly start?: number;
}

function findings({ range: [first, last] = [32_768, 60_999], reserved, start = 1024 }: Settings): Finding[] {
  const settings = {
    ephemeral: { first, last },
    reserved: reserved === undefined ? [] : [...PortSet.parse(reserved)],
    unprivilegedStart: start,
  };
  return settingsFindings({ settings: () => settings, listeners: async () => [] });
}

function finding(check: string, settings: Settings): string {
  const { state, message } = findings(settings).find((found) => found.check === check)!;
  return `${state}: ${message}`;
}

function leftOut(count: number): string {
  return `${count} of 20000-29999 are among them, and left out of the default ports`;
}

describe("the ephemeral range", () => {
  const picks = "the kernel picks from these for connect() and bind(0)";
  const exposed = "all default ports are among them: connections can take those that nothing holds";
  it.each<[string, Settings, string]>([
    ["outside", {}, `ok: 32768-60999: ${picks}; no default port is one`],
    ["at the edge", { range: [30_000, 60_999] }, `ok: 30000-60999: ${picks}; no default port is one`],
    ["over the edge", { range: [29_999, 60_999] }, `warning: 29999-60999: ${picks}; ${leftOut(1)}`],
    ["over half", { range: [10_000, 24_999] }, `warning: 10000-24999: ${picks}; ${leftOut(5000)}`],
    ["over all", { range: [1024, 65_535] }, `warning: 1024-65535: ${picks}; ${exposed}`],
    [
      "over all, all reserved",
      { range: [1024, 65_535], reserved: "20000-29999" },
      `ok: 1024-65535: ${picks}; no default port is one`,
    ],
    [
      "over all, half reserved",
      { range: [1024, 65_535], reserved: "20000-24999" },
      `warning: 1024-65535: ${picks}; ${exposed}`,
    ],
    [
      "over half, some of it reserved",
      { range: [10_000, 24_999], reserved: "20000-20999" },
      `warning: 10000-24999: ${picks}; ${leftOut(4000)}`,
    ],
  ])("%s of the default ports", (_, settings, expected) => {
    expect(finding("ephemeral", settings)).toBe(expected);
  });

  it("comes with what to set, which helps", () => {
    const [{ advice }] = findings({ range: [1024, 65_535] }) as [Finding];
    expect(advice).toBe(
      "set net.ipv4.ip_local_port_range to a range outside 20000-29999, " +
        "or net.ipv4.ip_local_reserved_ports to all of 20000-29999",
    );
    const better: readonly Settings[] = [
      { range: [32_768, 60_999] },
      { range: [1024, 65_535], reserved: "20000-29999" },
    ];
    for (const settings of better) {
      const after = findings(settings);
      expect(after.filter(({ state }) => state !== "ok")).toEqual([]);
      expect(after.at(-1)!.message).toBe("9997 default ports");
    }
  });
});

describe("the reserved ports", () => {
  const none = "the kernel picks none of these";
  const long = Array.from({ length: 40 }, (_, at) => 1001 + at * 2).join(",");
  it.each<[string, string | undefined, string]>([
    ["none", undefined, "none: the kernel picks any port of its ephemeral range"],
    ["elsewhere", "8080,30000-32767", `8080,30000-32767: ${none}; no default port is one`],
    ["some of them", "20000-20099", `20000-20099: ${none}; 100 of 20000-29999 are among them, and left out`],
    ["all of them", "20000-29999", `20000-29999: ${none}; all default ports are among them`],
    ["a long list", long, `${long.slice(0, 59)},…: ${none}; no default port is one`],
  ])("are %s", (_, reserved, expected) => {
    expect(finding("reserved", reserved === undefined ? {} : { reserved })).toBe(`ok: ${expected}`);
  });
});

describe("the privileged ports", () => {
  const take = "these take root or CAP_NET_BIND_SERVICE";
  it.each<[number, string]>([
    [1024, `ok: below 1024: ${take}; no default port is one`],
    [20_000, `ok: below 20000: ${take}; no default port is one`],
    [0, "ok: none: every user may have every port"],
    [20_001, `warning: below 20001: ${take}; 1 of 20000-29999 are among them, and refused to others`],
    [65_536, `warning: below 65536: ${take}; 10000 of 20000-29999 are among them, and refused to others`],
  ])("are those below %i", (start, expected) => {
    expect(finding("privileged", { start })).toBe(expected);
  });
});

describe("the default ports", () => {
  it.each<[Settings, string]>([
    [{}, "ok: 9997 default ports"],
    [{ range: [10_000, 29_899] }, "ok: 100 default ports; 9897 are left out"],
    [{ start: 25_000 }, "ok: 9997 default ports"],
  ])("with %j", (settings, expected) => {
    expect(finding("pool", settings)).toBe(expected);
  });
});

describe("where there is no /proc", () => {
  it("the settings are taken for what they mostly are, and said to be", () => {
    const settings = { ephemeral: { first: 49_152, last: 65_535 }, reserved: [], unprivilegedStart: 1024 };
    expect(settingsFindings({ settings: () => settings, listeners: undefined })).toEqual([
      {
        check: "ephemeral",
        state: "ok",
        message: "taken to be 49152-65535: settings are not read on this system",
      },
      { check: "pool", state: "ok", message: "9997 default ports" },
    ]);
  });
});
