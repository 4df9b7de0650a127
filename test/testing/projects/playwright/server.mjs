import { serve } from "./play.cjs";

const { ppid } = process;
await serve(Number(process.env.PORT));
// Playwright Test starts it in a process group of its own, and whoever kills the runner leaves it behind.
setInterval(() => process.ppid === ppid || process.exit(), 50);
