// A registry whose store writes down its history; or one that loses updates, to show that this is seen.

import { writeSync } from "node:fs";

import { recordHistory } from "../../dist/conformance/index.js";
import { openHost } from "../../dist/host/index.js";
import { newAbortable, systemChance, systemClock } from "../../dist/node/clock.js";
import { bindScope, createRegistry, defaultPool, holdersByHost } from "../../dist/registry/index.js";
import { openSqliteStore } from "../../dist/stores/sqlite/index.js";

/** Commits whatever was asked for: it looks at the revisions when it comes to it, not as the caller saw them. */
function losingUpdates(store) {
  return {
    epoch: store.epoch,
    limits: store.limits,
    read: (...parameters) => store.read(...parameters),
    list: (...parameters) => store.list(...parameters),
    watch: (...parameters) => store.watch(...parameters),
    raiseEpoch: (...parameters) => store.raiseEpoch(...parameters),
    close: () => store.close(),
    async update(scope, keys, decide, options) {
      const changes = decide(await store.read(scope, keys));
      return changes.length === 0 ? undefined : await this.commit(scope, changes, options);
    },
    async commit(scope, changes, options) {
      for (;;) {
        const keys = changes.map(({ key }) => key);
        const slots = await store.read(scope, keys);
        const forced = changes.map((change) => ({
          ...change,
          ifRevision: slots.get(change.key)?.revision ?? 0,
        }));
        const commit = await store.commit(scope, forced, options);
        if (commit.committed) return commit;
      }
    },
  };
}

/** As `open`, with the history of the store in `file`, a descriptor. */
export async function openRecorded({ directory, quarantineMs, file, broken }) {
  const host = openHost();
  const opened = await openSqliteStore({
    directory,
    boot: host.boot,
    clock: systemClock,
    chance: systemChance,
  });
  const store = recordHistory(broken ? losingUpdates(opened) : opened, {
    client: String(process.pid),
    now: () => Number(process.hrtime.bigint()),
    write: (event) => writeSync(file, `${JSON.stringify(event)}\n`),
  });
  const world = {
    store,
    scope: await bindScope(store, host),
    host,
    clock: systemClock,
    chance: systemChance,
    newAbortable,
    defaultPool: defaultPool(host.settings()),
    quarantineMs,
    testRun: () => undefined,
  };
  return createRegistry({ ...world, holders: holdersByHost(world) });
}
