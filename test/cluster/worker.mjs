// A process with a registry on an engine: it does what it is told over IPC, and answers.

import { open } from "../../dist/node/index.js";
import { etcd } from "../../dist/stores/etcd/index.js";
import { postgres } from "../../dist/stores/postgres/index.js";

let registry;
const leases = new Map();
const lost = [];

function describe({ id, ports, token }) {
  return { id, ports, token };
}

const actions = {
  async open({ engine, options }) {
    const store = engine.etcd ? etcd(engine.etcd) : postgres(engine.postgres);
    registry = await open({ store, ...options });
    return process.pid;
  },
  async acquire({ options, times = 1 }) {
    const granted = await Promise.all(Array.from({ length: times }, () => registry.acquire(options)));
    for (const lease of granted) {
      leases.set(lease.id, lease);
      lease.lost.addEventListener("abort", () => lost.push(lease.lost.reason.reason));
    }
    return granted.map(describe);
  },
  async attempt({ options }) {
    const attempt = await registry.tryAcquire(options);
    if (attempt.granted) leases.set(attempt.lease.id, attempt.lease);
    return attempt.granted ? describe(attempt.lease) : attempt.refusal.code;
  },
  async state({ id }) {
    return { isValid: leases.get(id).isValid(), lost };
  },
  async release({ id }) {
    await leases.get(id).release();
    return "released";
  },
  async list() {
    return (await registry.list()).map(({ id, ports, state }) => ({ id, ports, state }));
  },
  async close() {
    await registry.close();
    return "closed";
  },
};

process.on("message", ({ action, ...parameters }) => {
  actions[action](parameters).then(
    (result) => process.send({ result }),
    ({ code, message }) => process.send({ error: { code, message } }),
  );
});
