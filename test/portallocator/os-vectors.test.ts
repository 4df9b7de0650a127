// Replays the recorded cases of the allocator with real sockets, in a network namespace of their own.
//
// Not replayed, by name: what Node cannot express (see INEXPRESSIBLE), and the quirk of ten tries, in place of
// which os-allocator.test.ts has a test.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectNumber, OS_CASES, resolve, type Saved, type Step } from "./vectors.ts";

const IN_A_NAMESPACE = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
const canUnshare = spawnSync("unshare", [...IN_A_NAMESPACE, "true"], { stdio: "ignore" }).status === 0;
const hasSs = spawnSync("ss", ["-V"], { stdio: "ignore" }).status === 0;

/** Node has no SCTP sockets, and no way to attach a socket filter. */
const INEXPRESSIBLE = [
  "an exact port (sctp)",
  "an exact port on four addresses, sockets bound in the order of the addresses (sctp)",
  "an exact port that another program holds, and after it let go (sctp)",
  "a range whose first port another program holds (sctp)",
  "the same allocation again after release and close (sctp)",
  "the listen backlog is net.core.somaxconn (sctp)",
  "no connection is accepted before the filter is detached",
];
const QUIRKS = ["dynamic: ten held ports in a row use up the tries although more are free"];

const replayed = OS_CASES.filter(({ name }) => !INEXPRESSIBLE.includes(name) && !QUIRKS.includes(name));

describe("of the recorded cases", () => {
  it("those that need what Node does not have, and no others, are left out", () => {
    const needing = OS_CASES.filter(({ needs }) => needs !== undefined).map(({ name }) => name);
    expect(needing).toEqual(INEXPRESSIBLE);
  });

  it("one is a quirk: ten tries are not the end while free ports remain", () => {
    expect(OS_CASES.filter(({ quirk }) => quirk === true).map(({ name }) => name)).toEqual(QUIRKS);
  });
});

type Outcome = Readonly<Record<string, unknown>>;

const without = hasSs ? "" : ", without the backlog, which takes ss";

describe.skipIf(!canUnshare)(`with real sockets (needs root, unshare and ip)${without}`, () => {
  let witness: ChildProcess;

  beforeAll(async () => {
    const script = fileURLToPath(new URL("os-witness.mjs", import.meta.url));
    witness = spawn("unshare", [...IN_A_NAMESPACE, process.execPath, script], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    await once(witness, "message");
  });

  afterAll(() => witness.kill("SIGKILL"));

  async function ask(op: string, args: object): Promise<Outcome> {
    const answer = once(witness, "message", { signal: AbortSignal.timeout(20_000) });
    witness.send({ op, args });
    return ((await answer) as [Outcome])[0];
  }

  it.each(replayed.filter(({ name }) => hasSs || !name.includes("backlog")))("$name", async (recorded) => {
    expect.hasAssertions();
    const { begin, end } = recorded.config!;
    await ask("new", { begin, end });
    const opened: unknown[] = [];
    const saved: Saved = new Map();
    for (const step of recorded.steps) {
      const args = Object.entries(step.args ?? {}).map(([key, value]) => [key, resolve(value, saved, 0)]);
      const range = step.op === "count" ? { ip: "127.0.0.1", begin, end } : {};
      const outcome = await ask(step.op, { ...Object.fromEntries(args), ...range });
      if (outcome["handle"] !== undefined) opened.push(outcome["handle"]);
      expectOutcome(outcome, step, saved);
    }
    for (const handle of opened) await ask("put_away", { handle });
  });
});

function expectOutcome(outcome: Outcome, step: Step, saved: Saved): void {
  const { info = [], ...expected } = (step.expect ?? {}) as Outcome & { readonly info?: readonly Outcome[] };
  expectFields(outcome, expected, saved);
  const sockets = outcome["info"] as readonly Outcome[];
  for (const [at, socket] of info.entries()) expectFields(sockets[at]!, socket, saved);
}

function expectFields(actual: Outcome, expected: Outcome, saved: Saved): void {
  for (const [field, value] of Object.entries(expected)) {
    const found = actual[field];
    if (typeof found === "number") expectNumber(found, value, saved, 0);
    else expect({ [field]: found }).toEqual({ [field]: meant(value) });
  }
}

/** What a field that is no number must be. */
function meant(expected: unknown): unknown {
  if (expected === null) return undefined;
  const { has } = expected as { readonly has?: string };
  return has === undefined ? expected : expect.stringContaining(has);
}
