// Who holds a port, written into its slot and read back.

import { describe, expect, it } from "vitest";

import { type Claim, readPort, writePort } from "../../src/contract/index.ts";

const PROCESS = { pid: 42, startTime: 7, boot: "b", namespaces: "n", command: "node server.js" };

describe("the slot of a port says its holder", () => {
  it.each([
    ["of one machine", PROCESS],
    ["of many, with the name of its machine", { ...PROCESS, machine: "web-1" }],
  ])("%s, and reads the same back", (_, holder) => {
    const claim: Claim = {
      lease: "l",
      name: null,
      addresses: ["::"],
      holder,
      grantedAt: 1,
      session: "s",
      guarded: false,
      held: false,
      heir: holder,
    };
    const value = writePort({ claims: [claim], kept: [], left: null })!;
    const { claims } = readPort({ key: "port/tcp/1", revision: 3, value });
    expect(claims).toEqual([{ ...claim, alone: false, revision: 3 }]);
  });
});
