// A process that does what it is told over IPC, with one or more copies of the built package, and answers.
//
// What is made here is known by its number from then on: registries, leases, and the package's copies.

import { once } from "node:events";
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const registries = [];
const leases = [];
const servers = [];
const drivers = [];

function factsOf(lease) {
  const { id, name, ports, protocols, holder, token } = lease;
  return { lease: leases.push(lease) - 1, id, name, ports, protocols, holder, token };
}

async function listen(port) {
  const server = createServer();
  servers.push(server);
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port }, resolve);
  });
}

function writeAll(file, bytes) {
  try {
    while (writeSync(file, bytes) === bytes.length);
  } catch (error) {
    if (error.code !== "ENOSPC" && error.code !== "EFBIG") throw error;
  }
}

async function listenAfter(holdMs, port, failures) {
  await pause(holdMs);
  try {
    await listen(port);
  } catch ({ code }) {
    failures.push(code);
  }
}

const actions = {
  async open({ dist = new URL("../../dist", import.meta.url).pathname, ...options }) {
    const { open } = await import(pathToFileURL(join(dist, "node/index.js")));
    const registry = registries.push(await open(options)) - 1;
    return { registry, pid: process.pid };
  },
  /** Goes on in another state folder, with a log that is new. */
  async reopen({ directory }) {
    await registries.pop().close();
    return await actions.open({ directory });
  },
  /** Goes on as another user. All is loaded before: that user may not be able to read the package. */
  async become({ uid }) {
    const trial = mkdtempSync(join(tmpdir(), "moorage-trial-"));
    await actions.open({ directory: trial });
    await registries.pop().close();
    rmSync(trial, { recursive: true });
    process.setgroups([]);
    process.setgid(uid);
    process.setuid(uid);
    return process.getuid();
  },
  async acquire({ registry = 0, options, times = 1 }) {
    const facts = [];
    for (let time = 0; time < times; time++) facts.push(factsOf(await registries[registry].acquire(options)));
    return facts;
  },
  /** Any call of a registry whose answer is plain data. */
  async call({ registry = 0, method, parameters = [] }) {
    return await registries[registry][method](...parameters);
  },
  async adopt({ registry = 0, name }) {
    return factsOf(await registries[registry].adopt(name));
  },
  async transfer({ lease, pid }) {
    return factsOf(await leases[lease].transfer(pid));
  },
  async release({ lease }) {
    await leases[lease].release();
    return "released";
  },
  async releaseAll() {
    await Promise.all(servers.splice(0).map((server) => once(server.close(), "close")));
    const all = leases.splice(0);
    for (const lease of all) await lease.release();
    return all.length;
  },
  /** The ports of all leases that are valid. */
  async ports() {
    return leases.filter((lease) => lease.isValid()).flatMap(({ ports }) => ports);
  },
  async inspect({ lease }) {
    const { lost } = leases[lease];
    const { code, reason } = lost.reason ?? {};
    return { valid: leases[lease].isValid(), lost: lost.aborted, code, reason };
  },
  /** Answers when `lost` has fired. */
  async lost({ lease }) {
    const { lost } = leases[lease];
    if (!lost.aborted) await once(lost, "abort");
    return lost.reason.reason;
  },
  async listen({ port }) {
    await listen(port);
    return port;
  },
  /** Takes ports in a row; listens on each one a time after its own take. */
  async burst({ options, times, holdMs }) {
    const failures = [];
    const ports = [];
    const listening = [];
    for (let time = 0; time < times; time++) {
      const lease = await registries[0].acquire(options);
      leases.push(lease);
      ports.push(lease.port);
      listening.push(listenAfter(holdMs, lease.port, failures));
    }
    await Promise.all(listening);
    return { ports, failures };
  },
  /** Takes a port, waits, listens on it, and takes the next one. */
  async step({ options, times, holdMs }) {
    const failures = [];
    const ports = [];
    for (let time = 0; time < times; time++) {
      const lease = await registries[0].acquire(options);
      leases.push(lease);
      ports.push(lease.port);
      await listenAfter(holdMs, lease.port, failures);
    }
    return { ports, failures };
  },
  /** Loads another copy of the SQLite driver. */
  async loadDriver({ from }) {
    return drivers.push(createRequire(join(from, "package.json"))("libsql")) - 1;
  },
  /** Opens a database with a copy of the driver, reads in it, and closes it, so many times. */
  async openAndClose({ driver, path, times }) {
    for (let time = 0; time < times; time++) {
      const database = new drivers[driver](path);
      try {
        database.prepare("SELECT count(*) FROM sqlite_master").get();
      } catch (error) {
        // It has no patience with those who write; what matters is that it opens and closes.
        if (error.code !== "SQLITE_BUSY") throw error;
      } finally {
        database.close();
      }
      await pause(0);
    }
    return times;
  },
  /** Leaves so many bytes of the disk free, or nothing less. */
  async fill({ path, leave }) {
    const file = openSync(path, "w");
    try {
      for (let size = 1 << 16; size >= 512; size /= 2) writeAll(file, Buffer.alloc(size, 1));
      ftruncateSync(file, Math.max(0, fstatSync(file).size - leave));
    } finally {
      closeSync(file);
    }
  },
  async empty({ path }) {
    rmSync(path);
  },
  /** Takes one port after the other until that fails, at most so many: what was told, and what it failed with. */
  async acquireUntilRefused({ options, most }) {
    const told = [];
    try {
      while (told.length < most) {
        const lease = await registries[0].acquire(options);
        leases.push(lease);
        told.push(lease.id);
      }
    } catch ({ code, name, message }) {
      return { told, error: { code, name, message } };
    }
    return { told };
  },
  /** Opens a state folder, looks at all of it, and takes a port. */
  async tryOut({ directory, options }) {
    const { open } = await import("../../dist/node/index.js");
    try {
      const registry = await open({ directory });
      try {
        const names = (await registry.reservations()).map(({ name }) => name);
        const listed = (await registry.list()).flatMap(({ ports }) => ports);
        return { names, listed, granted: (await registry.acquire(options)).ports };
      } finally {
        await registry.close();
      }
    } catch (error) {
      return { error: { name: error.name, code: error.code, message: error.message } };
    }
  },
  async close({ registry = 0 }) {
    await registries[registry].close();
    return "closed";
  },
};

process.on("message", ({ action, call, ...parameters }) => {
  actions[action](parameters).then(
    (result) => process.send({ call, result }),
    (error) => process.send({ call, error: { ...error, name: error.name, message: error.message } }),
  );
});
process.on("disconnect", () => process.exit());
process.send({ call: 0, result: process.pid });
