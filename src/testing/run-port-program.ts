// The child process of runPort(): leases a port to a run's process and says which, or why not.

import { PortError } from "../core/index.ts";
import { openHost } from "../host/index.ts";
import type { Answer } from "./run-port.ts";
import { openForRun } from "./run-ports.ts";

const [pid, name] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await answer(Number(pid), name!)));

async function answer(runner: number, portName: string): Promise<Answer> {
  try {
    const run = openHost().process(runner);
    if (!run) throw new PortError("PROCESS_NOT_FOUND", `there is no process ${runner}`, { pid: runner });
    await using registry = await openForRun(run);
    const { port } = await registry.acquire({ name: portName, per: "run" });
    return { port };
  } catch (error) {
    const { name: kind, message } = error as Error;
    return { error: { kind, message, details: { ...(error as object) } } };
  }
}
