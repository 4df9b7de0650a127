// moorage free: asks whoever listens on a TCP port to stop.
//
// With SIGTERM and never with more; all that listen there or none; never another user's process, and never this one
// or one that it descends from. Who it is is looked at again right before the signal: while a person thinks, a
// process can end and its pid come round.

import { constants } from "node:os";
import { createInterface } from "node:readline";
import type { Host, Listener, SocketOwner } from "../../contract/index.ts";
import { openHost, userOf } from "../../host/index.ts";
import { type Asker, inspectLeases, planStop, type StopPlan } from "../../inspect/index.ts";
import type { Registry } from "../../node/index.ts";
import { sightOf, viewer } from "../../node/inspect.ts";
import { openProject } from "../../project/index.ts";
import { formatHolder } from "../../registry/index.ts";
import { notAPort } from "../arguments.ts";
import { formatListeners, formatOwner, formatOwners, formatSocket, tenantOf } from "../../report/describe.ts";
import { EXIT } from "../exit-codes.ts";
import { listenersOn } from "../../report/listeners.ts";
import { print, say } from "../output.ts";
import { openTarget, shortNames } from "../target.ts";
import { poll } from "../../report/poll.ts";

/** What to do about a listener that is not asked. */
const ADVICE = {
  unseen: "root can see who it is, by `sudo moorage who`",
  "other-user": "its user can stop it",
  "own-line": "end it from another terminal",
} as const;

export interface FreeFlags {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** Seconds. */
  readonly timeout: number;
}

export async function free(port: string | number, { yes, dryRun, timeout }: FreeFlags): Promise<number> {
  if (typeof port === "string") throw await noPortFor(port);
  const host = openHost();
  const asker: Asker = { uid: viewer(), line: [host.self, ...host.ancestors()], userOf };
  const plan = planStop(await listenersOn([port]), asker);
  if (plan.kind !== "stop") return await sayWhyNot(port, plan);
  const asks = yes !== true && dryRun !== true;
  if (asks && !(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new RangeError(
      "`--yes`: there is no terminal to ask at; say --yes, or --dry-run to see who listens",
    );
  }
  const project = await openProject();
  await using registry = project.registry;
  const leases = await leaseLines(host, registry, { port, processes: plan.processes });
  const intent = [
    ...plan.processes.map((one) => `port ${port}: SIGTERM for ${formatOwner(one)}`),
    ...leases.map((line) => shortNames(project, line)),
  ];
  if (dryRun === true) {
    await print(intent.map((line) => `${line}\n`).join(""));
    return EXIT.OK;
  }
  for (const line of intent) say(line);
  if (asks) {
    const answer = await confirm();
    if (answer !== "yes") return answer === "no" ? EXIT.ERROR : EXIT.SIGNALLED + constants.signals.SIGINT;
  }

  const now = planStop(await listenersOn([port]), asker);
  if (now.kind !== "stop") return now.kind === "nothing" ? EXIT.OK : await sayWhyNot(port, now);
  if (!isSameAs(plan.processes, now.processes)) {
    say(`moorage: CHANGED: others listen on port ${port} by now, and nobody was asked to stop; try again`);
    return EXIT.ERROR;
  }
  for (const one of now.processes) {
    if (!ask(host, one)) {
      say(`moorage: NOT_YOURS: this user may not stop ${formatOwner(one)}; ask its user to`);
      return EXIT.HELD;
    }
  }
  return await awaitFree(port, timeout);
}

/** Somebody who says a name means its port. */
async function noPortFor(text: string): Promise<RangeError> {
  const { project, target } = await openTarget(text, {});
  await using registry = project.registry;
  const all = [...(await registry.list()), ...(await registry.reservations())];
  const ports = new Set(all.filter(({ name }) => name === target).flatMap((one) => one.ports));
  const [first] = ports;
  const has = first === undefined ? "" : `; ${text} has ${[...ports].join(", ")}: \`moorage free ${first}\``;
  return new RangeError(`\`port\`: ${notAPort(text)}${has}`);
}

async function sayWhyNot(port: number, plan: Exclude<StopPlan, { kind: "stop" }>): Promise<number> {
  if (plan.kind === "nothing") {
    const others = await listenersOn([port]);
    const but =
      others.length === 0 ? "" : `; UDP sockets are left alone: ${formatListeners(others).join("; ")}`;
    say(
      `moorage: NOT_FOUND: nobody listens on TCP port ${port}${but}; \`moorage who ${port}\` shows who has it`,
    );
    return EXIT.NOT_FOUND;
  }
  const { why, listener, owner } = plan;
  const reason = {
    unseen: "who has it cannot be seen from here",
    "other-user": "it is not this user's",
    "own-line": "this command was started by it",
  }[why];
  const who = owner ? formatOwner(owner) : formatOwners(listener);
  say(
    `moorage: NOT_YOURS: ${formatSocket(listener)}: ${reason}: ${who}; nobody was asked to stop; ${ADVICE[why]}`,
  );
  return EXIT.HELD;
}

/** What becomes of the leases of the port when these processes stop. */
async function leaseLines(
  host: Host,
  registry: Registry,
  { port, processes }: { readonly port: number; readonly processes: readonly SocketOwner[] },
): Promise<string[]> {
  const leases = (await registry.list()).filter(({ ports }) => ports.includes(port));
  const kept = (await registry.reservations()).filter(({ ports }) => ports.includes(port));
  const isAsked = (pid: number | undefined): boolean => processes.some((one) => one.pid === pid);
  return [
    ...inspectLeases(leases, sightOf(host, undefined)).map((lease) => {
      const { name, heir, livesWith, hasTimeLimit } = lease;
      const tenant = tenantOf(lease);
      const subject = `port ${port} is leased${name === null ? "" : ` as ${name}`} to ${formatHolder(tenant)}`;
      if (livesWith === null) return `${subject}, ${hasTimeLimit ? "whose time is over" : "which is gone"}`;
      if (livesWith === "time") return `${subject}: the lease stays until its time is over`;
      // `moorage run` ends with its command.
      const ends = isAsked(tenant.pid) || isAsked(heir?.pid);
      return `${subject}: the lease ${ends ? "ends with it" : "stays until its holder ends, or `moorage release`"}`;
    }),
    ...kept.map(({ name }) => `port ${port} stays kept for ${name}`),
  ];
}

type Answer = "yes" | "no" | "interrupted";

/** Asks; the end of the input is a no. */
async function confirm(): Promise<Answer> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<Answer>((resolve) => {
    terminal.once("SIGINT", () => resolve("interrupted"));
    terminal.once("close", () => resolve("no"));
    terminal.question("go on? [y/N] ", (text) => resolve(/^y(?:es)?$/iu.test(text.trim()) ? "yes" : "no"));
  });
  terminal.close();
  return answer;
}

/** False when the kernel does not allow it. A process that is gone needs no signal. */
function ask(host: Host, { pid, startTime }: SocketOwner): boolean {
  if (host.process(pid)?.startTime !== startTime) return true;
  try {
    return process.kill(pid, "SIGTERM");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EPERM";
  }
}

async function awaitFree(port: number, timeout: number): Promise<number> {
  let left: readonly Listener[] = [];
  const look = async (): Promise<boolean> => {
    left = (await listenersOn([port])).filter(({ protocol }) => protocol === "tcp");
    return left.length === 0;
  };
  const isFree = await poll(look, { seconds: timeout });
  if (isFree) {
    say(`port ${port} is free`);
    return EXIT.OK;
  }
  const still = formatListeners(left).join("; ");
  say(
    `moorage: TIMED_OUT: after ${timeout} s there is still ${still}; nothing more is done about it, wait with \`moorage wait --free ${port}\` or end it by its pid`,
  );
  return EXIT.TIMED_OUT;
}

function isSameAs(before: readonly SocketOwner[], now: readonly SocketOwner[]): boolean {
  return (
    before.length === now.length &&
    before.every(({ pid, startTime }, at) => now[at]!.pid === pid && now[at]!.startTime === startTime)
  );
}
