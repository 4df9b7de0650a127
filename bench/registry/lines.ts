// The registry's lines: what a lease costs, beside the floor that it stands on, measured in turns.

import { fork, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { open } from "moorage";
import { type FloorLine, median } from "../floor-lines.ts";
import { runClients } from "./clients.ts";
import { newFolder, openBareClaims, openWithoutKernel, removeFolder } from "./parts.ts";

const STOPWATCH = fileURLToPath(new URL("stopwatch.js", import.meta.url));
const CLI = fileURLToPath(new URL("../../../dist/bin/moorage.js", import.meta.url));
const ROUNDS = 9;
const POOL = "20000-29999";

/** Every line in turn; `say` is told its progress. */
export async function measureRegistry(say: (text: string) => void): Promise<FloorLine[]> {
  const lines: FloorLine[] = [];
  for (const measure of [
    onePair,
    wholeRange,
    crowdedPool,
    fourProcesses,
    manyOutstanding,
    commandLine,
    manyLeases,
  ]) {
    const measured = await measure();
    lines.push(...measured);
    say(measured.map(({ id, ours, unit }) => `${id}: ${ours.toPrecision(3)} ${unit}`).join("\n"));
  }
  return lines;
}

async function onePair(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    await using registry = await open({ directory: folder, quarantineMs: 0 });
    const bare = await openBareClaims(folder);
    const pair = async (): Promise<void> => await (await registry.acquire()).release();
    const named = async (): Promise<void> => await (await registry.acquire({ name: "web" })).release();
    const floor = async (): Promise<void> => {
      await bindOnce();
      bare.pair(20_000 + Math.floor(Math.random() * 10_000));
    };
    await repeat(3000, pair);
    await repeat(500, named);
    await repeat(3000, floor);
    const [ours, floors, names] = await inTurns([pair, floor, named], 300);
    bare.close();
    const floorTitle = "bind + bare SQLite claim and release";
    return [
      line(
        "registry/pair",
        "acquire + release, kernel looked at, CPU",
        ours!,
        "µs",
        floors!,
        floorTitle,
        "≤ 150 µs",
        ours! <= 150,
      ),
      line("registry/named", "… under a name, CPU", names!, "µs", floors!, floorTitle, "", true),
    ];
  });
}

async function wholeRange(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    await using registry = await open({ directory: folder, quarantineMs: 0 });
    const times: number[] = [];
    for (let round = 0; round < 4; round++) {
      const began = performance.now();
      const leases = [];
      for (let i = 0; i < 1000; i++) leases.push(await registry.acquire({ ports: "20000-20999" }));
      times.push((performance.now() - began) / 1000);
      await Promise.all(leases.map((lease) => lease.release()));
    }
    const ours = median(times.slice(1));
    return [
      line("registry/range", "1,000 ports out of 1,000, each", ours, "ms", null, "", "≤ 0.2 ms", ours <= 0.2),
    ];
  });
}

async function crowdedPool(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    await using registry = await open({ directory: folder, quarantineMs: 0 });
    const empty = "20000-24999";
    const crowded = "25000-29999";
    const held = await registry.acquire({ ports: crowded, count: 1000 });
    const more = [];
    for (let i = 0; i < 3; i++) more.push(await registry.acquire({ ports: crowded, count: 1000 }));
    more.push(await registry.acquire({ ports: crowded, count: 750 }));
    const pairIn = (ports: string) => async (): Promise<void> =>
      await (await registry.acquire({ ports })).release();
    await repeat(1000, pairIn(empty));
    await repeat(1000, pairIn(crowded));
    const [atNone, atMost] = await inTurns([pairIn(empty), pairIn(crowded)], 200);
    await Promise.all([held, ...more].map((lease) => lease.release()));
    const met = atMost! <= 2 * atNone!;
    return [
      line(
        "registry/crowded",
        "acquire + release, 95 % of 5,000 taken, CPU",
        atMost!,
        "µs",
        atNone!,
        "0 % taken",
        "≤ 2 ×",
        met,
      ),
    ];
  });
}

async function fourProcesses(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    const totals: number[] = [];
    const floors: number[] = [];
    const fairness: number[] = [];
    const longest: number[] = [];
    for (let round = 0; round < 3; round++) {
      const shares = await runClients("registry", folder, { processes: 4, ms: 1500 });
      const bare = await runClients("bare", folder, { processes: 4, ms: 1500 });
      const total = sum(shares.map(({ pairs }) => pairs));
      totals.push(total);
      floors.push(sum(bare.map(({ pairs }) => pairs)));
      fairness.push(Math.min(...shares.map(({ pairs }) => pairs)) / (total / 4));
      longest.push(Math.max(...shares.map((share) => share.longest)));
    }
    const ratio = median(totals.map((total, round) => total / floors[round]!));
    const fair = median(fairness);
    const wait = median(longest);
    const rate = median(totals);
    return [
      line(
        "registry/processes",
        "4 processes, no kernel, together",
        rate,
        "pairs/s",
        median(floors),
        "bare claims of 4",
        "≥ 0.4 ×",
        ratio >= 0.4,
      ),
      line(
        "registry/fairness",
        "… the least share of one, of a fair one",
        fair,
        "×",
        null,
        "",
        "≥ 0.5",
        fair >= 0.5,
      ),
      line("registry/wait", "… the longest wait", wait, "ms", null, "", "≤ 200 ms", wait <= 200),
    ];
  });
}

async function manyOutstanding(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    const registry = await openWithoutKernel(folder, POOL);
    const bare = await openBareClaims(folder);
    const one = async (): Promise<void> => await (await registry.acquire()).release();
    const sixteen = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 16 }, one));
    };
    const floor = async (): Promise<void> => {
      bare.batch(Array.from({ length: 16 }, () => 20_000 + Math.floor(Math.random() * 10_000)));
    };
    // The optimiser works in other threads, whose time would count.
    await repeat(4000, sixteen);
    await repeat(4000, floor);
    const [ours, floors] = await inTurns([sixteen, floor], 50);
    bare.close();
    await registry.close();
    const [rate, bareRate] = [16e6 / ours!, 16e6 / floors!];
    return [
      line(
        "registry/outstanding",
        "16 outstanding in one process, no kernel",
        rate,
        "pairs/s",
        bareRate,
        "bare, 16 a transaction",
        "≥ 0.3 ×",
        rate >= 0.3 * bareRate,
      ),
    ];
  });
}

async function commandLine(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    const env = { ...process.env, MOORAGE_DIR: folder };
    const get = (): number => wallOf([CLI, "get"], env);
    const nothing = (): number => wallOf(["-e", "0"], env);
    get();
    const rounds = Array.from({ length: 9 }, () => [get(), nothing()] as const);
    const ours = median(rounds.map(([time]) => time));
    const floor = median(rounds.map(([, time]) => time));
    const ratio = median(rounds.map(([time, base]) => time / base));
    return [
      line("registry/get", "moorage get, wall time", ours, "ms", floor, "node -e 0", "≤ 2.5 ×", ratio <= 2.5),
    ];
  });
}

async function manyLeases(): Promise<FloorLine[]> {
  return await withFolder(async (folder) => {
    const stopwatch = fork(STOPWATCH, { env: { ...process.env, MOORAGE_DIR: folder } });
    await once(stopwatch, "message");
    const timeOf = async (...parameters: readonly string[]): Promise<number> => {
      stopwatch.send(parameters);
      const [time] = (await once(stopwatch, "message")) as [number | string];
      if (typeof time === "string") throw new Error(time);
      return time;
    };
    const registry = await openWithoutKernel(folder, "1-65535");
    const pair = async (): Promise<void> => await (await registry.acquire({ protocol: "udp" })).release();
    await repeat(2000, pair);
    const [empty] = await inTurns([pair], 200);
    for (let at = 0; at < 100_000; at += 100) {
      const protocol = at < 60_000 ? "tcp" : "udp";
      const first = (at % 60_000) + 1;
      const ports = Array.from({ length: 100 }, (_, offset) => first + offset);
      await Promise.all(ports.map((port) => registry.acquire({ protocol, ports: port })));
    }
    const [full] = await inTurns([pair], 200);
    const lists: number[] = [];
    for (let round = 0; round < 11; round++) {
      const began = performance.now();
      const leases = await registry.list();
      lists.push(performance.now() - began);
      if (leases.length !== 100_000) throw new Error("leases are missing");
    }
    const [shown, nothing]: [number[], number[]] = [[], []];
    for (let round = 0; round < 9; round++) {
      shown.push(await timeOf(CLI, "ls"));
      nothing.push(await timeOf("-e", "0"));
    }
    stopwatch.disconnect();
    await registry.close();
    const ls = median(shown);
    const list = median(lists);
    return [
      line("registry/list", "list() of 100,000 leases", list, "ms", null, "", "≤ 250 ms", list <= 250),
      line(
        "registry/ls",
        "moorage ls of them, wall time",
        ls,
        "ms",
        median(nothing),
        "node -e 0",
        "≤ 500 ms",
        ls <= 500,
      ),
      line(
        "registry/warm",
        "acquire + release beside them, CPU",
        full!,
        "µs",
        empty!,
        "the registry empty",
        "≤ 2 ×",
        full! <= 2 * empty!,
      ),
    ];
  });
}

function line(
  id: string,
  title: string,
  ours: number,
  unit: string,
  floor: number | null,
  floorTitle: string,
  bar: string,
  met: boolean,
): FloorLine {
  return { id, title, ours, unit, floor, floorTitle, bar, met };
}

/** Microseconds of CPU time of one call of each, the median of rounds that take turns. */
async function inTurns(calls: readonly (() => Promise<void>)[], times: number): Promise<number[]> {
  const rounds: number[][] = calls.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, call] of calls.entries()) {
      const before = process.cpuUsage();
      await repeat(times, call);
      const { user, system } = process.cpuUsage(before);
      rounds[at]!.push((user + system) / times);
    }
  }
  return rounds.map(median);
}

async function repeat(times: number, call: () => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i++) await call();
}

/** A look at the kernel by the public way of Node, as the floor of any check. */
async function bindOnce(): Promise<void> {
  const server = createServer().listen({ port: 0, host: "::", exclusive: true });
  await once(server, "listening");
  server.close();
}

function wallOf(parameters: readonly string[], env: NodeJS.ProcessEnv): number {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, parameters, {
    env,
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status !== 0) throw new Error(`${parameters.join(" ")} failed: ${stderr}`);
  return performance.now() - began;
}

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = newFolder();
  try {
    return await use(folder);
  } finally {
    removeFolder(folder);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
