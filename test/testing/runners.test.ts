// The fixtures and helpers in their real runners: four workers each, and two runs on one machine at the same time.

import { expect, test } from "vitest";

import { open } from "../../src/node/index.ts";
import { kill } from "./project.ts";
import { FILES, type Line, type Runner, Runs } from "./runs.ts";

const JEST = ["node_modules/jest/bin/jest.js", "--cacheDirectory=cache"];
const VITEST = { project: "vitest", tests: "serves.test.mjs", packages: ["vitest"] };
const vitest = (pool: string): Runner => ({
  ...VITEST,
  command: ["node_modules/vitest/vitest.mjs", "run", `--pool=${pool}`],
});

const RUNNERS: readonly [string, Runner][] = [
  ["Vitest, in processes", vitest("forks")],
  ["Vitest, in threads", vitest("threads")],
  [
    "Jest",
    {
      project: "jest",
      tests: "serves.test.mjs",
      packages: ["jest"],
      command: JEST,
      env: { NODE_OPTIONS: "--experimental-vm-modules" },
    },
  ],
  [
    "Jest, without modules",
    {
      project: "jest-commonjs",
      tests: "serves.test.cjs",
      packages: ["jest", "jest-environment-node"],
      command: JEST,
    },
  ],
  [
    "Playwright Test",
    {
      project: "playwright",
      tests: "serves.test.mjs",
      packages: ["@playwright/test"],
      command: ["node_modules/@playwright/test/cli.js", "test"],
    },
  ],
];

/** The ports that all tests of a run share; `undefined` when two of them were told different ones. */
function sharedIn(lines: readonly Line[], run: string): number[] | undefined {
  const told = new Set(lines.filter((line) => line.run === run).map(({ shared }) => JSON.stringify(shared)));
  const [only, another] = told;
  return only === undefined || another !== undefined
    ? undefined
    : Object.values(JSON.parse(only) as Line["shared"]);
}

test.each(RUNNERS)(
  "%s gives no port to two workers, in two runs at once, the ports of a run to all of its own, and all back when killed",
  async (_, runner) => {
    const runs = new Runs(runner, 2);
    await using registry = await open({ directory: runs.directory });
    const held = async (): Promise<Set<number>> => {
      const leases = await registry.list();
      return new Set(leases.filter(({ state }) => state === "held").flatMap(({ ports }) => ports));
    };
    const killed = runs.start("killed", { stays: true });
    const { code, output } = await runs.start("ending").ended;
    expect(output).toSatisfy(() => code === 0);

    // Each test could listen on its ports while the others did on theirs.
    const lines = runs.lines();
    expect(lines).toHaveLength(2 * FILES);
    const own = lines.flatMap((line) => line.own);
    const shared = ["killed", "ending"].map((run) => sharedIn(lines, run));
    expect(shared).toEqual([expect.any(Array), expect.any(Array)]);
    const all = [...own, ...shared[0]!, ...shared[1]!];
    expect(new Set(all).size).toBe(all.length);
    // On the port that a run shares answers the run's own server.
    expect(lines.map(({ answer }) => answer)).toEqual(lines.map(({ run }) => run));

    const left = [...shared[0]!, ...lines.filter(({ run }) => run === "killed").flatMap((line) => line.own)];
    expect(await held()).toEqual(new Set(left));
    kill(killed.process);
    await killed.ended;
    const signal = AbortSignal.timeout(30_000);
    const again = await registry.acquire({ ports: left, count: left.length, wait: true, signal });
    expect(again.ports).toHaveLength(left.length);
  },
);
