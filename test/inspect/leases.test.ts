// The state of a lease, by what became of its holder and who listens.

import { describe, expect, it } from "vitest";
import type { Listener } from "../../src/contract/index.ts";
import { inspectLeases, inspectReservations, type LeaseState, type Sight } from "../../src/inspect/index.ts";
import type { LeaseInfo } from "../../src/registry/index.ts";
import { HEIR, HOLDER, leaseOf, listenerOn, livenessBut, OWNERS, UNSEEN, VIEWER } from "./scenes.ts";

const ALIVE = livenessBut();
const HOLDER_DEAD = livenessBut(HOLDER.pid);

/** What became of a lease before anybody looks at listeners. */
const LEASES = {
  held: { lease: leaseOf(), liveness: ALIVE },
  "with a command": { lease: leaseOf({ heir: HEIR }), liveness: ALIVE },
  "whose run was killed": { lease: leaseOf({ heir: HEIR }), liveness: HOLDER_DEAD },
  "whose processes are gone": { lease: leaseOf({ heir: HEIR, state: "abandoned" }), liveness: HOLDER_DEAD },
  "that outlived its holder for its time": { lease: leaseOf({ hasTimeLimit: true }), liveness: HOLDER_DEAD },
  "whose time is over": { lease: leaseOf({ hasTimeLimit: true, state: "abandoned" }), liveness: ALIVE },
} as const;

const NOTHING: readonly Listener[] = [];
const own = listenerOn("::", [OWNERS.daemon]);
const others = listenerOn("127.0.0.1", [OWNERS.stranger]);

const STATES: readonly [keyof typeof LEASES, what: string, readonly Listener[], LeaseState][] = [
  ["held", "nothing", NOTHING, "held"],
  ["held", "its own", [own], "listening"],
  ["held", "a socket of this user's that nobody is seen to have", [UNSEEN.ofViewer], "listening"],
  ["held", "a socket of another user's", [UNSEEN.ofOtherUser], "taken"],
  ["held", "somebody else", [others], "taken"],
  ["held", "its own and somebody else", [own, others], "taken"],
  ["with a command", "nothing", NOTHING, "starting"],
  ["with a command", "its own", [own], "listening"],
  ["with a command", "somebody else", [others], "taken"],
  ["whose run was killed", "nothing", NOTHING, "starting"],
  ["whose run was killed", "its own", [listenerOn("::", [OWNERS.orphan])], "orphaned"],
  ["whose run was killed", "somebody else", [others], "taken"],
  ["whose processes are gone", "nothing", NOTHING, "free"],
  ["whose processes are gone", "a child with its environment", [own], "orphaned"],
  ["whose processes are gone", "somebody else", [others], "taken"],
  ["that outlived its holder for its time", "nothing", NOTHING, "held"],
  ["that outlived its holder for its time", "a child with its environment", [own], "orphaned"],
  ["whose time is over", "nothing", NOTHING, "free"],
  ["whose time is over", "its own", [listenerOn("::", [OWNERS.holder])], "orphaned"],
];

function inspectOne(lease: LeaseInfo, sight: Partial<Sight>): ReturnType<typeof inspectLeases>[number] {
  const whole = { listeners: [], viewer: VIEWER, liveness: ALIVE, ...sight };
  return inspectLeases([lease], whole)[0]!;
}

describe("a lease", () => {
  it.each(STATES)("%s, where %s listens, is %4$s", (which, _, listeners, state) => {
    const { lease, liveness } = LEASES[which];
    expect(inspectOne(lease, { listeners, liveness }).state).toBe(state);
  });

  it.each([
    ["held", "held"],
    ["with a command", "held"],
    ["whose processes are gone", "free"],
  ] as const)("%s is %s where the system does not tell who listens", (which, state) => {
    const { lease, liveness } = LEASES[which];
    expect(inspectOne(lease, { listeners: undefined, liveness })).toMatchObject({ state, listeners: null });
  });

  it("keeps all else that the registry says of it, and says whose each listener is", () => {
    const lease = leaseOf();
    expect(inspectOne(lease, { listeners: [own, others] })).toEqual({
      ...lease,
      state: "taken",
      livesWith: "holder",
      listeners: [
        { ...own, ownership: "own" },
        { ...others, ownership: "foreign" },
      ],
    });
  });

  it.each([
    ["held", "holder", true],
    ["with a command", "holder", true],
    ["whose run was killed", "heir", false],
    ["whose processes are gone", null, false],
    ["whose time is over", null, true],
    ["that outlived its holder for its time", "time", false],
  ] as const)(
    "%s lives with %s, and whether its holder keeps it in the kernel: %s",
    (which, livesWith, held) => {
      const { lease, liveness } = LEASES[which];
      for (const listeners of [undefined, NOTHING, [own]]) {
        const found = inspectOne({ ...lease, isHeldInKernel: true }, { listeners, liveness });
        expect(found).toMatchObject({ livesWith, isHeldInKernel: held });
        expect(inspectOne(lease, { listeners, liveness }).isHeldInKernel).toBe(false);
      }
    },
  );

  it("of several ports is taken as soon as one of them is", () => {
    const lease = leaseOf({ ports: [2999, 3000, 3001] });
    const listeners = [
      { ...own, port: 2999 },
      { ...others, port: 3001 },
    ];
    expect(inspectOne(lease, { listeners }).state).toBe("taken");
    expect(inspectOne(lease, { listeners: listeners.slice(0, 1) }).state).toBe("listening");
  });

  it("does not care who listens on other ports", () => {
    expect(inspectOne(leaseOf(), { listeners: [{ ...others, port: 3001 }] }).state).toBe("held");
  });

  it("of one address stands beside another one on the same port", () => {
    const lease = leaseOf({ addresses: ["127.0.0.2"] });
    expect(inspectOne(lease, { listeners: [others] }).state).toBe("held");
  });
});

describe("what a name keeps", () => {
  const reservation = { name: "web", ports: [3000], protocols: ["tcp"], addresses: ["::"] } as const;

  it.each([
    ["kept", "nobody has it", [], []],
    ["leased", "its name has a lease", ["web"], []],
    ["leased", "its name has a lease and listens", ["web"], [own]],
    ["taken", "somebody listens without a lease", ["api"], [others]],
  ] as const)("is %s when %s", (state, _, names, listeners) => {
    const leases = names.map((name) => ({ name }));
    expect(inspectReservations([reservation], leases, listeners)).toEqual([
      { ...reservation, state, listeners },
    ]);
  });

  it("is kept where the system does not tell who listens", () => {
    expect(inspectReservations([reservation], [], undefined)).toEqual([
      { ...reservation, state: "kept", listeners: null },
    ]);
  });
});
