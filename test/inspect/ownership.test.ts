// Whose a listener is, seen from a lease.

import { describe, expect, it } from "vitest";
import { ownershipOf } from "../../src/inspect/index.ts";
import { HEIR, leaseOf, listenerOn, ownerOf, OWNERS, processOf, UNSEEN, VIEWER } from "./scenes.ts";

const LEASE = leaseOf({ heir: HEIR });

describe("a listener is the lease's own", () => {
  it.each(["holder", "heir", "grandchild", "orphan", "daemon"] as const)("when the %s has it", (who) => {
    expect(ownershipOf(listenerOn("::", [OWNERS[who]]), LEASE, VIEWER)).toBe("own");
  });

  it("when one of several processes that have it is", () => {
    expect(ownershipOf(listenerOn("::", [OWNERS.stranger, OWNERS.grandchild]), LEASE, VIEWER)).toBe("own");
  });

  it("when its process is in another pid namespace and says the lease's id in its environment", () => {
    const owner = ownerOf(5, [1], { namespaces: "n2", leases: ["lease-1"] });
    expect(ownershipOf(listenerOn("::", [owner]), LEASE, VIEWER)).toBe("own");
  });
});

describe("a listener is somebody else's", () => {
  it.each(["stranger", "successor", "childOfSuccessor", "ofAnotherLease"] as const)(
    "when the %s has it",
    (who) => expect(ownershipOf(listenerOn("::", [OWNERS[who]]), LEASE, VIEWER)).toBe("foreign"),
  );

  it("when it descends from the heir of a lease that has none any more", () => {
    expect(ownershipOf(listenerOn("::", [OWNERS.orphan]), leaseOf(), VIEWER)).toBe("foreign");
  });

  it("when its process has the holder's pid and start time of an earlier boot", () => {
    const lease = leaseOf({ holder: processOf(10, { boot: "b0" }) });
    expect(ownershipOf(listenerOn("::", [OWNERS.holder]), lease, VIEWER)).toBe("foreign");
  });

  it("when nobody is seen who has it, and it is another user's", () => {
    expect(ownershipOf(UNSEEN.ofOtherUser, LEASE, VIEWER)).toBe("foreign");
  });
});

describe("it cannot be told whose a listener is", () => {
  it("when nobody is seen who has it, and it is this user's or nobody's that is known", () => {
    expect(ownershipOf(UNSEEN.ofViewer, LEASE, VIEWER)).toBe("unknown");
    expect(ownershipOf(UNSEEN.ofNobodyKnown, LEASE, VIEWER)).toBe("unknown");
    expect(ownershipOf(UNSEEN.ofOtherUser, LEASE, null)).toBe("unknown");
  });

  it("when the holder's pid counts in another namespace, whatever pids there are", () => {
    const lease = leaseOf({ holder: processOf(10, { namespaces: "n2" }) });
    expect(ownershipOf(listenerOn("::", [OWNERS.stranger]), lease, VIEWER)).toBe("unknown");
    expect(ownershipOf(listenerOn("::", [OWNERS.holder]), lease, VIEWER)).toBe("unknown");
  });
});
