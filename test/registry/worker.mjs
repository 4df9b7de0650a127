// A process that holds leases: it does what it is told over IPC, and answers.

import { createServer } from "node:net";

import { open } from "../../dist/node/index.js";

let registry;
const leases = [];
const servers = [];

const actions = {
  async open({ directory }) {
    registry = await open({ directory });
    return process.pid;
  },
  async acquire({ options, times = 1 }) {
    const ports = [];
    for (let time = 0; time < times; time++) {
      const lease = await registry.acquire(options);
      leases.push(lease);
      ports.push(...lease.ports);
    }
    return ports;
  },
  async listen({ port, host }) {
    const server = createServer();
    servers.push(server);
    await new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, host }, resolve);
    });
    return port;
  },
  async releaseAll() {
    for (const lease of leases.splice(0)) await lease.release();
    return "released";
  },
  async release({ target }) {
    return (await registry.release(target)).flatMap(({ ports }) => ports);
  },
  async close() {
    await registry.close();
    return "closed";
  },
};

process.on("message", ({ action, ...parameters }) => {
  actions[action](parameters).then(
    (result) => process.send({ result }),
    ({ code, message, holder, refused }) => process.send({ error: { code, message, holder, refused } }),
  );
});
