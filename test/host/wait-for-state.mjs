// Tells when a process has reached a state, by looking again and again; the kernel sends nobody word of it.

import { readFileSync } from "node:fs";

const [pid, wanted] = process.argv.slice(2);
let state;
do {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  state = text.slice(text.lastIndexOf(")") + 2)[0];
} while (state !== wanted);
process.send(state, () => process.disconnect());
