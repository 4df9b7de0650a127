// The kernel's settings for ports, as its files say them, whatever they hold.

import { describe, expect, it } from "vitest";

import { openHost } from "../../src/host/index.ts";
import { parseEphemeral, parseReserved, parseStart } from "../../src/host/settings.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { askWitness, canRunAsRoot } from "./processes.ts";

const DEFAULT = { first: 32768, last: 60999 };

describe("the ephemeral range", () => {
  it.each([
    ["32768\t60999\n", { first: 32768, last: 60999 }],
    ["1\t65535\n", { first: 1, last: 65535 }],
    ["  5000 5000 ", { first: 5000, last: 5000 }],
    ["", DEFAULT],
    ["\n", DEFAULT],
    ["32768", DEFAULT],
    ["60999\t32768\n", DEFAULT],
    ["0\t10\n", DEFAULT],
    ["1024\t65536\n", DEFAULT],
    ["1024\tx\n", DEFAULT],
    ["1024\t2048\t4096\n", DEFAULT],
    ["-1\t10\n", DEFAULT],
  ])("of %j is %j", (text, range) => {
    expect(parseEphemeral(text)).toEqual(range);
  });
});

describe("the reserved ports", () => {
  it.each<[string, readonly number[]]>([
    ["", []],
    ["\n", []],
    ["8080\n", [8080]],
    ["8080,30000-30002\n", [8080, 30000, 30001, 30002]],
    ["3,1-2,2-4", [1, 2, 3, 4]],
    ["0\n", []],
    ["0-0\n", []],
    ["0-3\n", [1, 2, 3]],
    ["0,80,65535\n", [80, 65535]],
    ["80,65536", [80]],
    ["80,65534-65536", [80]],
    ["80,82-81", [80]],
    ["80,90-", [80]],
    ["80,-90", [80]],
    ["80,,81", [80, 81]],
    ["80,x,81", [80, 81]],
    ["nothing like it", []],
    [`80,${"9".repeat(400)}`, [80]],
  ])("of %j are %j", (text, ports) => {
    expect(parseReserved(text)).toEqual(ports);
  });

  it("can be all of them", () => {
    expect(parseReserved("0-65535\n")).toHaveLength(65535);
  });
});

describe("the first port that takes no privilege", () => {
  it.each([
    ["1024\n", 1024],
    ["0\n", 0],
    ["80", 80],
    [" 443 ", 443],
    ["65535\n", 65_535],
    ["65536\n", 65_536],
    ["65537\n", 1024],
    ["-1\n", 1024],
    ["80.5\n", 1024],
    ["0x50\n", 1024],
    ["80 90\n", 1024],
    ["", 1024],
    ["\n", 1024],
    ["x", 1024],
    ["9".repeat(400), 1024],
  ])("of %j is %i", (text, start) => {
    expect(parseStart(text)).toBe(start);
  });
});

describe.skipIf(!canRunAsRoot("unshare", "--net", "true"))(
  "a network namespace (needs root and unshare)",
  () => {
    it("has settings of its own, as they are at the moment, which a registry in it follows", async () => {
      const before = openHost().settings();
      const changes = {
        ip_unprivileged_port_start: "80",
        ip_local_port_range: "10000 29899",
        ip_local_reserved_ports: "8080,29990-29999",
      };
      const told = await askWitness(
        ["unshare", "--net"],
        "changeSettings",
        temporaryFolder(),
        JSON.stringify(changes),
        "90",
      );
      expect(told).toEqual({
        before: { ephemeral: DEFAULT, reserved: [], unprivilegedStart: 1024 },
        after: {
          ephemeral: { first: 10_000, last: 29_899 },
          reserved: [8080, ...Array.from({ length: 10 }, (_, at) => 29_990 + at)],
          unprivilegedStart: 80,
        },
        ports: Array.from({ length: 90 }, (_, at) => 29_900 + at),
      });
      expect(openHost().settings()).toEqual(before);
    });
  },
);
