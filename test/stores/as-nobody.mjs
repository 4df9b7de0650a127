// Opens a state folder as a user who owns nothing, and tells how that went. Started by root.
//
// Everything is loaded before the user is changed: nobody may not be able to read the package.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { open } from "../../dist/node/index.js";

const NOBODY = 65534;

const trial = mkdtempSync(join(tmpdir(), "moorage-trial-"));
await (await open({ directory: trial })).close();
rmSync(trial, { recursive: true });
process.setgroups([]);
process.setgid(NOBODY);
process.setuid(NOBODY);

try {
  const registry = await open({ directory: process.argv[2] });
  const lease = await registry.acquire({ ports: "10900-10999" });
  await lease.release();
  await registry.close();
  process.send({ opened: true });
} catch (error) {
  process.send({ code: error.code, message: error.message, path: error.path });
}
process.disconnect();
