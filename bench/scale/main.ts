// What the centre has to do for 10,000 hosts of 28,000 ports each, where hosts lease blocks of ports from it and grant
// ports at the edge: `npm run simulate:scale`. Hosts have nothing to do with one another, so some are simulated and the
// sums multiplied; the same seed gives the same figures.
//
// The load swings by half of its mean, as between day and night, in an hour: much faster than a day, which is harder.

import { SimulatedHost } from "./host.ts";

const FLEET = { hosts: 10_000, portsEach: 28_000, grantsEach: 10 };
const SIMULATED = { hosts: 100, warmUpS: 3600, seconds: 3600, swing: 0.5, periodS: 3600 };
const BLOCK_SIZES = [64, 256, 1024] as const;
/** Of the ports of a host, on the average. */
const OCCUPIED = 0.5;

interface Figures {
  readonly blockSize: number;
  readonly centralPerS: number;
  readonly worstSecond: number;
  readonly blocks: number;
  readonly unused: number;
  readonly refused: number;
}

/** Numbers from 0 to below 1, the same each time (Numerical Recipes' generator). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

/** How many of independent events with this mean happen (Knuth's method, in steps that do not underflow). */
function poisson(mean: number, random: () => number): number {
  let [count, left] = [0, mean];
  while (left > 0) {
    const step = Math.min(left, 30);
    const limit = Math.exp(-step);
    for (let product = random(); product > limit; product *= random()) count++;
    left -= step;
  }
  return count;
}

function simulate(blockSize: number): Figures {
  const random = seeded(1);
  const policy = {
    blockSize,
    mostBlocks: Math.floor(FLEET.portsEach / blockSize),
    fewest: blockSize / 4,
    most: blockSize,
  };
  const hosts = Array.from({ length: SIMULATED.hosts }, () => new SimulatedHost(policy));
  // Little's law: as many are granted as come in the time that one is held.
  const heldS = (FLEET.portsEach * OCCUPIED) / FLEET.grantsEach;
  const perSecond: number[] = [];
  let before = 0;
  for (let second = 0; second < SIMULATED.warmUpS + SIMULATED.seconds; second++) {
    const phase = (2 * Math.PI * second) / SIMULATED.periodS;
    const rate = FLEET.grantsEach * (1 + SIMULATED.swing * Math.sin(phase));
    for (const host of hosts) {
      const grants = poisson(rate, random);
      const releases = Math.min(host.granted, poisson(host.granted / heldS, random));
      for (let n = 0; n < grants; n++) host.grant();
      for (let n = 0; n < releases; n++) host.release(Math.floor(random() * host.granted));
    }
    const central = hosts.reduce((sum, host) => sum + host.central, 0);
    if (second >= SIMULATED.warmUpS) perSecond.push(central - before);
    before = central;
  }
  const scale = FLEET.hosts / SIMULATED.hosts;
  const blocks = hosts.reduce((sum, host) => sum + host.blocks, 0);
  const granted = hosts.reduce((sum, host) => sum + host.granted, 0);
  return {
    blockSize,
    centralPerS: (perSecond.reduce((sum, one) => sum + one, 0) / perSecond.length) * scale,
    worstSecond: Math.max(...perSecond) * scale,
    blocks: blocks * scale,
    unused: 1 - granted / (blocks * blockSize),
    refused: hosts.reduce((sum, host) => sum + host.refused, 0) * scale,
  };
}

const { hosts, portsEach, grantsEach } = FLEET;
process.stdout.write(
  `${hosts} hosts of ${portsEach} ports, half of them leased; ${hosts * grantsEach} grants and as many releases a second at the edges\n\n` +
    "| block | operations a second at the centre | in the worst second | blocks leased | of their ports unused | refused |\n" +
    "| ----: | --------------------------------: | ------------------: | ------------: | --------------------: | ------: |\n",
);
for (const blockSize of BLOCK_SIZES) {
  const { centralPerS, worstSecond, blocks, unused, refused } = simulate(blockSize);
  process.stdout.write(
    `| ${blockSize} | ${Math.round(centralPerS)} | ${worstSecond} | ${Math.round(blocks)} | ${(unused * 100).toFixed(0)} % | ${refused} |\n`,
  );
}
