// The host's lines: what it takes to know who listens, beside the programs that are asked for it elsewhere.

import { type ChildProcess, fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type FloorLine, median } from "../floor-lines.ts";
import type { Call } from "./call.ts";

const ROUNDS = 9;
/** Ports that a process of the crowd may look at to find those that it wants. */
const STRIDE = 6000;
const FIRST_PORT = 2000;

const SCRIPT = { crowd: scriptAt("crowd.js"), call: scriptAt("call.js") };
const LSOF = ["lsof", "-nP", "-iTCP", "-sTCP:LISTEN"] as const;
const SS = ["ss", "-Hltnp"] as const;

interface Crowd {
  readonly processes: number;
  readonly sockets: number;
}

/** Every line in turn; `say` is told its progress. */
export async function measureHost(say: (text: string) => void): Promise<FloorLine[]> {
  const lines: FloorLine[] = [];
  for (const [crowd, bar] of [
    [{ processes: 1, sockets: 10 }, 40],
    [{ processes: 10, sockets: 2000 }, 400],
  ] as const satisfies readonly [Crowd, number][]) {
    const measured = await measureBeside(crowd, bar);
    lines.push(...measured);
    say(measured.map(({ id, ours, unit }) => `${id}: ${ours.toPrecision(3)} ${unit}`).join("\n"));
  }
  return lines;
}

/** Lines for a machine on which that many listen. Each round asks everybody once, us in a new process. */
async function measureBeside({ processes, sockets }: Crowd, bar: number): Promise<FloorLine[]> {
  const crowd = Array.from({ length: processes }, (_, at) =>
    fork(SCRIPT.crowd, [FIRST_PORT + at * STRIDE, sockets].map(String)),
  );
  await Promise.all(crowd.map((child) => message(child)));
  try {
    const programs = [LSOF, SS].filter(([name]) => spawnSync(name, ["-v"]).error === undefined);
    const [all, one]: [Call[], Call[]] = [[], []];
    const others: number[][] = programs.map(() => []);
    for (let round = 0; round < ROUNDS; round++) {
      all.push(expectAll(await callOnce(), processes * sockets));
      one.push(expectAll(await callOnce(FIRST_PORT), 1));
      for (const [at, program] of programs.entries()) others[at]!.push(wallOf(program));
    }
    const total = (processes * sockets).toLocaleString("en");
    const [id, title] = [`host/listeners-${processes * sockets}`, `listeners() of ${total}`];
    const cpu = median(all.map((call) => call.cpu));
    const wall = median(all.map((call) => call.wall));
    const line = (part: string, text: string, ours: number): FloorLine => ({
      id: `${id}/${part}`,
      title: text,
      ours,
      unit: "ms",
      floor: null,
      floorTitle: "",
      bar: "",
      met: true,
    });
    return [
      { ...line("cpu", `${title}, CPU`, cpu), bar: `≤ ${bar} ms`, met: cpu <= bar },
      ...programs.map((program, at) => ({
        ...line(program[0], "… wall time", wall),
        floor: median(others[at]!),
        floorTitle: program.join(" "),
      })),
      line("port", "… of one port, CPU", median(one.map((call) => call.cpu))),
    ];
  } finally {
    for (const child of crowd) child.disconnect();
    await Promise.all(crowd.map((child) => once(child, "exit")));
  }
}

async function callOnce(...parameters: readonly number[]): Promise<Call> {
  const child = fork(SCRIPT.call, parameters.map(String));
  const exit = once(child, "exit");
  const call = (await message(child)) as Call;
  await exit;
  return call;
}

/** On a machine where others listen too, there are more. */
function expectAll(call: Call, least: number): Call {
  if (call.owned < least) throw new Error(`${call.owned} of ${call.sockets} are owned, not ${least}`);
  return call;
}

function wallOf([program, ...parameters]: typeof LSOF | typeof SS): number {
  const began = performance.now();
  const { status } = spawnSync(program, parameters, { stdio: "ignore" });
  if (status !== 0) throw new Error(`${program} failed`);
  return performance.now() - began;
}

async function message(child: ChildProcess): Promise<unknown> {
  const [value] = (await once(child, "message")) as [unknown];
  return value;
}

function scriptAt(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
