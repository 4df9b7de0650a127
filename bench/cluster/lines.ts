// The lines of an engine: what a commit costs beside a bare one, and any free port of a pool while many ask for one.

import { type Engine, open, type Registry } from "moorage";
import { type FloorLine, median } from "../floor-lines.ts";
import { type Clients, type Share, startClients, type Work } from "./clients.ts";
import type { BenchedEngine, Running } from "./engine.ts";

/** In turns with the floor, so that both meet the machine as it is. */
const ROUNDS = 9;
const ROUND_MS = 1250;
const PORTS = 10_000;
const OCCUPIED = [0.5, 0.95];
/** Over all processes. */
const OUTSTANDING = 64;
const MOST_RATIO = 1.5;
/** Until the optimiser has seen it all: a registry is opened by what runs for hours. */
const WARM_MS = 8000;
/** Of so many ports each, a share is taken by one commit. */
const BLOCK = 100;

interface Measured extends Share {
  /** Microseconds of the server's processor. */
  readonly server: number;
}

/** Every line of an engine; none where it is not installed. */
export async function measureEngine(
  engine: BenchedEngine,
  say: (text: string) => void,
): Promise<FloorLine[]> {
  const running = await engine.start();
  if (!running) {
    say(`${engine.name} is not installed`);
    return [];
  }
  try {
    const lines: FloorLine[] = [];
    const take = (measured: readonly FloorLine[]): void => {
      lines.push(...measured);
      say(measured.map(({ id, ours, unit }) => `${id}: ${ours.toPrecision(3)} ${unit}`).join("\n"));
    };
    take(await compare(engine, running, "own", 1, 0));
    for (const occupied of OCCUPIED) take(await compare(engine, running, "any", 4, occupied));
    return lines;
  } finally {
    await running.end();
  }
}

async function compare(
  engine: BenchedEngine,
  running: Running,
  subject: "own" | "any",
  processes: number,
  occupied: number,
): Promise<FloorLine[]> {
  const { door, factory, bare, name } = engine;
  const scope = `${subject} ${occupied}`;
  const occupant = occupied > 0 ? await occupy(engine, running, scope, occupied) : undefined;
  const work: Work = {
    subject,
    door,
    factory,
    bare,
    scope,
    options: running.options,
    ports: PORTS,
    outstanding: OUTSTANDING / processes,
  };
  const subjects = [work, { ...work, subject: "bare" }] as const;
  const both = await Promise.all(subjects.map((one) => startClients(one, processes)));
  for (const clients of both) await clients.work(WARM_MS);
  const [ours, floors]: [Measured[], Measured[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    // Each is first in turns: what a server does a moment later is the other one's to bear.
    if (round % 2 === 0) ours.push(await measure(running, both[0]!));
    floors.push(await measure(running, both[1]!));
    if (round % 2 === 1) ours.push(await measure(running, both[0]!));
  }
  await Promise.all(both.map((clients) => clients.end()));
  await occupant?.close();
  const id = `${name}/${subject}${occupied > 0 ? `-${occupied * 100}` : ""}`;
  const title =
    subject === "own"
      ? `${name}: commits of one slot, 64 outstanding`
      : `${name}: any free port of 10,000 at ${occupied * 100} %, 4 × 16 outstanding`;
  const line = (what: string, shown: string, of: (one: Measured) => number, isBarred: boolean): FloorLine => {
    const [mine, floor] = [ours, floors].map((all) => median(all.map(of))) as [number, number];
    return {
      id: `${id}/${what}`,
      title: shown,
      ours: mine,
      unit: "µs",
      floor,
      floorTitle: "bare transactions, as many outstanding",
      bar: isBarred ? `≤ ${MOST_RATIO} ×` : "",
      met: !isBarred || mine <= MOST_RATIO * floor,
    };
  };
  const lines = [
    line("cpu", `${title}, CPU of a pair`, ({ cpu, pairs }) => cpu / pairs, true),
    line("time", "… time between pairs", ({ ms, pairs }) => (ms * 1000) / pairs, true),
    line("server", "… CPU of the server, a pair", ({ server, pairs }) => server / pairs, false),
  ];
  if (subject === "own") return lines;
  const retries = line("retries", "… retries of a grant", (one) => one.retries / one.pairs, false);
  return [...lines, { ...retries, unit: "", floor: null, floorTitle: "" }];
}

async function measure(running: Running, clients: Clients): Promise<Measured> {
  const before = running.cpu();
  const share = await clients.work(ROUND_MS);
  return { ...share, server: running.cpu() - before };
}

/** Has a share of the ports leased, all over the pool, until the registry is closed. */
async function occupy(
  engine: BenchedEngine,
  { options }: Running,
  pool: string,
  share: number,
): Promise<Registry> {
  const door = (await import(`../../../dist/${engine.door}`)) as Record<string, (options: object) => Engine>;
  const store = door[engine.factory]!(options);
  const registry = await open({ store, scope: { pool, ports: `1-${PORTS}` }, quarantineMs: 0 });
  for (let first = 1; first <= PORTS; first += BLOCK) {
    await registry.acquire({ ports: `${first}-${first + BLOCK - 1}`, count: Math.round(BLOCK * share) });
  }
  return registry;
}
