// Opens a state folder as a user who owns nothing, and tells how that went. Started by root.
//
// Everything is loaded before the user is changed: nobody may not be able to read the package.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { systemChance, systemClock } from "../../dist/node/clock.js";
import { openSqliteStore } from "../../dist/stores/sqlite/index.js";

const NOBODY = 65534;

const open = (directory) =>
  openSqliteStore({ directory, boot: "boot-1", clock: systemClock, chance: systemChance });

const trial = mkdtempSync(join(tmpdir(), "moorage-trial-"));
await (await open(trial)).close();
rmSync(trial, { recursive: true });
process.setgroups([]);
process.setgid(NOBODY);
process.setuid(NOBODY);

try {
  const store = await open(process.argv[2]);
  await store.commit("scope", [{ key: "port/tcp/1", ifRevision: 0, value: "mine" }]);
  await store.close();
  process.send({ opened: true });
} catch (error) {
  process.send({ code: error.code, message: error.message, path: error.path });
}
process.disconnect();
