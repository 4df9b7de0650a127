// What is on the disk when a grant is told: a kept one is, a plain one need not be. Seen by the system calls that
// the process makes: a sync to the disk before the answer, or none.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { temporaryFolder } from "../stores/folder.ts";
import { canRun } from "./programs.ts";
import { Worker } from "./workers.ts";

function countSyncs(trace: string): number {
  return readFileSync(trace, "utf8")
    .split("\n")
    .filter((line) => line.includes("sync(")).length;
}

it.skipIf(!canRun("strace", "-o", "/dev/null", "true"))(
  "a kept grant is synced to the disk before it is told, and so is its end; a plain one is not (needs strace)",
  async () => {
    const folder = temporaryFolder();
    const trace = join(folder, "trace");
    const watched = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", trace];
    const worker = await Worker.open(join(folder, "state"), watched);
    const syncs = async (action: string, parameters: object): Promise<number> => {
      const before = countSyncs(trace);
      await worker.tell(action, parameters);
      return countSyncs(trace) - before;
    };
    // The first call of all begins the log.
    await worker.acquire({ ports: 16890 });
    const acquire = (options: object): Promise<number> => syncs("acquire", { options });
    const call = (method: string, name: string): Promise<number> =>
      syncs("call", { method, parameters: [name] });
    expect(await acquire({ ports: 16891 })).toBe(0);
    expect(await acquire({ ports: 16892, name: "web" })).toBe(0);
    expect(await acquire({ ports: 16893, name: "kept", kept: true })).toBeGreaterThanOrEqual(1);
    expect(await call("release", "web")).toBe(0);
    expect(await call("release", "kept")).toBe(0);
    expect(await acquire({ ports: 16892, name: "web" })).toBe(0);
    // Kept from now on.
    expect(await acquire({ ports: 16892, name: "web", kept: true })).toBeGreaterThanOrEqual(1);
    expect(await call("giveUp", "web")).toBeGreaterThanOrEqual(1);
  },
);
