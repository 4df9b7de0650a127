// A process that does nothing but watch a scope in etcd, until it is told one change.

import { systemChance, systemClock } from "../../dist/node/clock.js";
import { etcd } from "../../dist/stores/etcd/index.js";

const [url, prefix, how] = process.argv.slice(2);
const store = await etcd({ endpoints: [url], prefix }).open({ clock: systemClock, chance: systemChance });
const watch = store.watch("s", { background: how === "background" });
await watch.next();
process.send("watching");
// From here on nothing keeps the process but the watch.
process.channel.unref();
void end();

async function end() {
  await watch.next();
  process.send("told");
  await watch.return();
  await store.close();
  process.send("ended");
}
