// A client of a store: commits what it is told to, and says with which token and by which clocks.

import { hrtime } from "node:process";

import { systemChance, systemClock } from "../../dist/node/clock.js";
import { openSqliteStore } from "../../dist/stores/sqlite/index.js";

const [directory] = process.argv.slice(2);
const store = await openSqliteStore({ directory, boot: "boot-1", clock: systemClock, chance: systemChance });
process.send({ epoch: store.epoch, hrtimeMs: hrtime()[0] * 1000, sinceBoot: systemClock.sinceBoot() });
process.on("message", ({ changes }) => {
  void store.commit("scope", changes).then((commit) => process.send(commit));
});
