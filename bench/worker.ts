// One case on one side, in a process of its own: nothing another case taught the optimiser is in the way.

import { CASES } from "./cases.ts";
import type { Side } from "./implementations.ts";
import { measure } from "./measure.ts";
import { measureMemory, MEMORY_CASES } from "./memory.ts";

const [id, side] = process.argv.slice(2) as [string, Side];
const timed = CASES.find((one) => one.id === id);
const memory = MEMORY_CASES.find((one) => one.id === id);
if (timed) console.log(JSON.stringify(measure(timed, side)));
else if (memory) console.log(JSON.stringify({ bytes: measureMemory(side, memory) }));
else throw new Error(`no case ${id}`);
