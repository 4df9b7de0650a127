// A small process that times commands: one is begun slower from a process with a large heap, whose pages are copied.

import { spawnSync } from "node:child_process";

process.on("message", (parameters: readonly string[]) => {
  const began = performance.now();
  const { status, stderr } = spawnSync(process.execPath, parameters, {
    encoding: "utf8",
    stdio: ["ignore", "ignore", "pipe"],
  });
  process.send!(status === 0 ? performance.now() - began : `${parameters.join(" ")} failed: ${stderr}`);
});
process.send!("ready");
