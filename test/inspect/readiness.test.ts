// When a server counts as up: where clients knock, and nobody else's.

import { describe, expect, it } from "vitest";
import { readinessOf, readinessOfPort } from "../../src/inspect/index.ts";
import { leaseOf, listenerOn, OWNERS, UNSEEN, VIEWER } from "./scenes.ts";

const LOCAL = ["127.0.0.1", "0.0.0.0", "::1", "::"] as const;
const own = (address: string, port = 3000) => listenerOn(address, [OWNERS.daemon], { port });
const foreign = (address: string, port = 3000) => listenerOn(address, [OWNERS.stranger], { port });

describe("a leased server is up", () => {
  it.each(LOCAL)("when its own listens on %s", (address) => {
    expect(readinessOf(leaseOf(), [own(address)], VIEWER).isReady).toBe(true);
  });

  it("when this user's socket listens that nobody is seen to have", () => {
    expect(readinessOf(leaseOf(), [UNSEEN.ofViewer], VIEWER).isReady).toBe(true);
  });

  it("when somebody else listens only where localhost does not reach", () => {
    expect(readinessOf(leaseOf(), [own("::1"), foreign("192.0.2.1")], VIEWER)).toMatchObject({
      isReady: true,
      foreign: [],
    });
  });

  it("when it listens on the address that was leased, which localhost does not reach", () => {
    const lease = leaseOf({ addresses: ["192.0.2.1"] });
    expect(readinessOf(lease, [own("192.0.2.1")], VIEWER).isReady).toBe(true);
  });

  it("when every port of it is served, by either of its protocols", () => {
    const lease = leaseOf({ ports: [3000, 3001], protocols: ["tcp", "udp"] });
    const second = { ...own("::", 3001), protocol: "udp" } as const;
    expect(readinessOf(lease, [own("::"), second], VIEWER).isReady).toBe(true);
    expect(readinessOf(lease, [own("::")], VIEWER).isReady).toBe(false);
  });
});

describe("a leased server is not up", () => {
  it("when nothing listens", () => {
    expect(readinessOf(leaseOf(), [], VIEWER)).toEqual({ isReady: false, foreign: [], unreached: [] });
  });

  it.each(LOCAL)("when somebody else listens on %s", (address) => {
    const stranger = foreign(address);
    expect(readinessOf(leaseOf(), [stranger], VIEWER)).toMatchObject({ isReady: false, foreign: [stranger] });
  });

  it("when somebody else has the other address of localhost", () => {
    const stranger = foreign("127.0.0.1");
    expect(readinessOf(leaseOf(), [own("::1"), stranger], VIEWER)).toMatchObject({
      isReady: false,
      foreign: [stranger],
    });
  });

  it.each(["192.0.2.1", "127.0.0.2", "fd00::2"])("when it listens on %s alone", (address) => {
    const listener = own(address);
    expect(readinessOf(leaseOf(), [listener], VIEWER)).toEqual({
      isReady: false,
      foreign: [],
      unreached: [listener],
    });
  });

  it("when it listens by a protocol that was not leased", () => {
    expect(readinessOf(leaseOf(), [{ ...own("::"), protocol: "udp" }], VIEWER).isReady).toBe(false);
  });
});

describe("a port that nobody leased", () => {
  it.each(LOCAL)("is served by anybody who listens on %s", (address) => {
    expect(readinessOfPort(3000, [foreign(address)]).isReady).toBe(true);
    expect(readinessOfPort(3000, [{ ...foreign(address), protocol: "udp" }]).isReady).toBe(true);
  });

  it("is not served by who listens on another port, or where localhost does not reach", () => {
    const elsewhere = foreign("192.0.2.1");
    expect(readinessOfPort(3000, [foreign("::", 3001), elsewhere])).toEqual({
      isReady: false,
      foreign: [],
      unreached: [elsewhere],
    });
  });
});
