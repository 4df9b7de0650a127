// Opens a state folder and tells how that went.

import { openSqliteStore } from "../../dist/stores/sqlite/index.js";
import { systemChance, systemClock } from "../../dist/node/clock.js";

const [directory] = process.argv.slice(2);
try {
  const store = await openSqliteStore({
    directory,
    boot: "boot-1",
    clock: systemClock,
    chance: systemChance,
  });
  await store.close();
  process.send({ opened: true });
} catch (error) {
  process.send({ code: error.code, message: error.message, path: error.path });
}
process.disconnect();
