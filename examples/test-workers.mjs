import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { open } from "moorage";

if (!process.send) {
  // A test runner starts its workers and tells each its number, as Vitest does.
  const workers = ["1", "2"].map((number) =>
    fork(fileURLToPath(import.meta.url), { env: { ...process.env, VITEST_POOL_ID: number } }),
  );
  const [[one], [two]] = await Promise.all(workers.map((worker) => once(worker, "message")));
  console.log(one.web === two.web, one.db === two.db); //=> false true
  for (const worker of workers) worker.disconnect();
} else {
  const registry = await open();
  const web = await registry.acquire({ name: "web", ports: "14240-14259", per: "worker" });
  const db = await registry.acquire({ name: "db", ports: "14260-14279", per: "run" });
  process.send({ web: web.port, db: db.port });
  await once(process, "disconnect");
  await registry.close();
}
