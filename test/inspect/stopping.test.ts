// Whom `free` asks to stop, and whom it leaves alone.

import { describe, expect, it } from "vitest";
import type { Listener } from "../../src/contract/index.ts";
import { type Asker, planStop, type StopPlan } from "../../src/inspect/index.ts";
import { listenerOn, ownerOf, processOf, UNSEEN, VIEWER } from "./scenes.ts";

const ASKER: Asker = { uid: VIEWER, line: [processOf(50), processOf(40)], userOf: () => VIEWER };

const server = ownerOf(20, [19, 1]);
const worker = ownerOf(21, [20, 19, 1]);

/** The pids that would be asked, or why nobody is. */
function outcome(plan: StopPlan): string | number[] {
  if (plan.kind === "stop") return plan.processes.map(({ pid }) => pid);
  return plan.kind === "refused" ? plan.why : plan.kind;
}

const PLANS: readonly [string, readonly Listener[], string | number[]][] = [
  ["nobody listens", [], "nothing"],
  ["there is a UDP socket alone", [listenerOn("::", [server], { protocol: "udp" })], "nothing"],
  ["one process listens", [listenerOn("::", [server])], [20]],
  ["one process listens on two addresses", ["0.0.0.0", "::"].map((at) => listenerOn(at, [server])), [20]],
  ["its workers have the socket too", [listenerOn("::", [server, worker])], [20]],
  [
    "two unrelated processes listen",
    [listenerOn("127.0.0.1", [server]), listenerOn("::1", [ownerOf(30)])],
    [20, 30],
  ],
  ["nobody is seen who has the socket", [UNSEEN.ofViewer], "unseen"],
  ["the socket is another user's", [listenerOn("::", [server], { uid: 0 })], "other-user"],
  ["another user's socket has nobody who is seen", [UNSEEN.ofOtherUser], "other-user"],
  [
    "one of two sockets is another user's",
    [listenerOn("127.0.0.1", [server]), listenerOn("::1", [ownerOf(30)], { uid: 0 })],
    "other-user",
  ],
  ["the asker has the socket itself", [listenerOn("::", [ownerOf(50, [40])])], "own-line"],
  ["an ancestor of the asker has the socket", [listenerOn("::", [ownerOf(40)])], "own-line"],
  [
    "an ancestor of the asker has it beside another process",
    [listenerOn("::", [server, ownerOf(40)])],
    "own-line",
  ],
];

describe("to free a port", () => {
  it.each(PLANS)("where %s: %2$o", (_, listeners, expected) => {
    expect(outcome(planStop(listeners, ASKER))).toEqual(expected);
  });

  it("a process that has an ancestor's pid, which came round, is asked", () => {
    const successor = ownerOf(40, [1], { startTime: 1 });
    expect(outcome(planStop([listenerOn("::", [successor])], ASKER))).toEqual([40]);
  });

  it("a process that became another user's after bind() is left alone", () => {
    const asker: Asker = { ...ASKER, userOf: (pid) => (pid === worker.pid ? 33 : VIEWER) };
    expect(outcome(planStop([listenerOn("::", [server, worker])], asker))).toBe("other-user");
    expect(outcome(planStop([listenerOn("::", [server])], asker))).toEqual([20]);
  });

  it.each([
    [
      "a worker that gave up its privileges",
      [server, worker],
      { userOf: (pid: number) => (pid === 21 ? 33 : VIEWER) },
      21,
    ],
    ["an ancestor of the asker", [server, ownerOf(40)], {}, 40],
  ])("%s is named, and not the first process of the socket", (_, owners, differences, pid) => {
    const plan = planStop([listenerOn("::", owners)], { ...ASKER, ...differences });
    expect(plan).toMatchObject({ kind: "refused", owner: { pid } });
  });

  it("of a socket that is another user's, and its process this user's, the socket is named", () => {
    const plan = planStop([listenerOn("::", [server], { uid: 0 })], ASKER);
    expect(plan).toMatchObject({ kind: "refused", owner: null });
  });

  it("a process that nobody can tell the user of is left alone", () => {
    expect(outcome(planStop([listenerOn("::", [server])], { ...ASKER, userOf: () => undefined }))).toBe(
      "other-user",
    );
  });

  it("root asks only root's own", () => {
    const root: Asker = { ...ASKER, uid: 0, userOf: () => 0 };
    expect(outcome(planStop([listenerOn("::", [server])], root))).toBe("other-user");
    expect(outcome(planStop([listenerOn("::", [server], { uid: 0 })], root))).toEqual([20]);
  });
});
