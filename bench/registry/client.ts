// A process that acquires and releases one port after the other, for a while.

import { openBareClaims, openWithoutKernel } from "./parts.ts";

const [subject, directory, ms] = process.argv.slice(2) as [string, string, string];
const PORTS = { first: 20_000, last: 29_999 };

const { pair, close } = subject === "bare" ? await bare() : await registry();
// Until the optimiser, which works in other threads, has nothing left to do.
for (let i = 0; i < 15_000; i++) await pair();
process.once("message", () => void run());
process.send!("warm");

async function run(): Promise<void> {
  const began = performance.now();
  let pairs = 0;
  let longest = 0;
  let now = began;
  while (now - began < Number(ms)) {
    await pair();
    pairs++;
    const then = performance.now();
    longest = Math.max(longest, then - now);
    now = then;
  }
  process.send!({ pairs, longest });
  await close();
  process.disconnect();
}

async function registry(): Promise<{ pair: () => Promise<void>; close: () => Promise<void> }> {
  const opened = await openWithoutKernel(directory, `${PORTS.first}-${PORTS.last}`);
  return {
    pair: async () => await (await opened.acquire()).release(),
    close: () => opened.close(),
  };
}

async function bare(): Promise<{ pair: () => Promise<void>; close: () => Promise<void> }> {
  const claims = await openBareClaims(directory);
  return {
    pair: async () => claims.pair(PORTS.first + Math.floor(Math.random() * (PORTS.last - PORTS.first + 1))),
    close: async () => claims.close(),
  };
}
