// What the host looks like from a special place, told as one line of JSON: `node witness.mjs SCENARIO …`.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";

import { bindingOf } from "../../dist/core/index.js";
import { openHost } from "../../dist/host/index.js";
import { open } from "../../dist/node/index.js";

const NOBODY = 65534;

const scenarios = {
  open: () => attempt(openHost),

  judge: (identity) => judge(openHost(), JSON.parse(identity)),

  /** As `judge`, when no file can be opened any more. */
  judgeWithoutDescriptors: (identity) => {
    const host = openHost();
    const full = attempt(() => {
      for (;;) openSync("/dev/null");
    });
    return { full: full.code, ...judge(host, JSON.parse(identity)) };
  },

  /** What nobody is told of a process of root, while it is there and when it has gone. */
  judgeAsNobody: async () => {
    const host = openHost();
    const sleeper = await startSleeper();
    const identity = host.process(sleeper.pid);
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
    const there = judge(host, identity);
    sleeper.stdin.end();
    await once(sleeper, "exit");
    return { there, gone: judge(host, identity), ancestors: attempt(() => host.ancestors()) };
  },

  /** A process that has ended and the next one that got its pid, in a pid namespace of its own. */
  judgeReusedPid: async () => {
    const host = openHost();
    const former = await startSleeper();
    const identity = host.process(former.pid);
    former.stdin.end();
    await once(former, "exit");
    // Start times are told in steps of a hundredth of a second, as the time since boot is.
    for (const before = readUptime(); readUptime() - before < 0.02;);
    writeFileSync("/proc/sys/kernel/ns_last_pid", String(former.pid - 1));
    const present = await startSleeper();
    const told = {
      pids: [former.pid, present.pid],
      former: host.liveness(identity),
      present: host.liveness(host.process(present.pid)),
    };
    present.stdin.end();
    return told;
  },

  /** As a process of a new pid namespace that has the /proc of the one around it. */
  judgeBesideForeignProc: async () => {
    const host = openHost();
    const sleeper = await startSleeper();
    const identity = { ...host.self, pid: sleeper.pid, startTime: 1 };
    const there = judge(host, identity);
    sleeper.stdin.end();
    await once(sleeper, "exit");
    const text = readFileSync("/proc/self/stat", "utf8");
    return {
      self: host.self,
      startTime: Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]),
      own: host.liveness(host.self),
      there,
      gone: judge(host, identity),
      ancestors: host.ancestors(),
    };
  },

  /** A look as nobody at a port that is root's alone, and at one that is not. */
  lookAsNobody: async (protocol) => {
    const host = openHost();
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
    const look = async (port) => await host.look([bindingOf({ protocol, port })]);
    return { below: await look(1000), above: await look(2000) };
  },

  /** Who listens on a port. */
  list: async (port) => await openHost().listeners({ port: Number(port) }),

  /** All who listen, beside a server of this process. */
  listOwn: async (port) => {
    const server = createServer().listen({ port: Number(port), host: "0.0.0.0" });
    await once(server, "listening");
    const all = await openHost().listeners();
    server.close();
    return { pid: process.pid, all };
  },

  /** What nobody is told of a port of root's, and of one of its own. */
  listAsNobody: async (others) => {
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
    const server = createServer().listen({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    const told = { others: await listOn(Number(others)), own: await listOn(server.address().port) };
    server.close();
    return told;
  },

  /** The settings of a network namespace, before and after they are changed, and the ports leased by default then. */
  changeSettings: async (directory, changes, count) => {
    const host = openHost();
    const before = host.settings();
    for (const [name, value] of Object.entries(JSON.parse(changes))) {
      writeFileSync(`/proc/sys/net/ipv4/${name}`, value);
    }
    const after = host.settings();
    const registry = await open({ directory });
    const { ports } = await registry.acquire({ count: Number(count) });
    await registry.close();
    return { before, after, ports: ports.toSorted((a, b) => a - b) };
  },

  /** Each kind of socket that there is. */
  bindEverything: async (text) => {
    const port = Number(text);
    const host = openHost();
    const guard = host.guards?.take("tcp", port);
    host.guards?.take("tcp", port);
    await host.guards?.isHeld("tcp", port);
    guard?.release();
    await host.guards?.gone("tcp", port);
    const bindings = [
      { protocol: "tcp", port },
      { protocol: "udp", port },
      { protocol: "tcp", port, address: "127.0.0.1" },
    ];
    return await Promise.all(bindings.map((binding) => host.look([bindingOf(binding)])));
  },

  /** What nobody can do with a guard. */
  guardAsNobody: async (port) => {
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
    return await useGuard(Number(port));
  },

  useGuard: async (port) => await useGuard(Number(port)),

  /** Has a guard with a visitor and waits for another one, and does not stay for either. */
  leaveGuards: async (own, other) => {
    const { guards } = openHost();
    let guard;
    const knock = new Promise((resolve) => (guard = guards.take("tcp", Number(own), resolve)));
    if (!guard) return { taken: false };
    void guards.gone("tcp", Number(other));
    void guards.gone("tcp", Number(own));
    const awake = setInterval(() => {}, 1000);
    await knock;
    clearInterval(awake);
    return { taken: true };
  },

  /** What is said of guards when no file can be opened any more. */
  guardWithoutDescriptors: async (port) => {
    const { guards } = openHost();
    const full = attempt(() => {
      for (;;) openSync("/dev/null");
    });
    return {
      full: full.code,
      taken: attempt(() => guards.take("tcp", Number(port))),
      gone: await guards.gone("tcp", Number(port)).catch(codeOf),
      held: await guards.isHeld("tcp", Number(port)).catch(codeOf),
    };
  },

  ancestors: (shell) => ({ shell: Number(shell), ancestors: openHost().ancestors() }),

  /** A look at the whole port where "::" means IPv6 alone: with a stranger on IPv4, and without. */
  lookBesideIPv4: async (protocol) => {
    writeFileSync("/proc/sys/net/ipv6/bindv6only", "1");
    const host = openHost();
    const socket =
      protocol === "udp" ? createSocket("udp4").bind(0, "0.0.0.0") : createServer().listen(0, "0.0.0.0");
    await once(socket, "listening");
    const binding = bindingOf({ protocol, address: "::", port: socket.address().port });
    const taken = await host.look([binding]);
    socket.close();
    await once(socket, "close");
    return { taken, left: await host.look([binding]) };
  },
};

async function startSleeper() {
  const sleeper = spawn("/bin/sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore"] });
  await once(sleeper, "spawn");
  return sleeper;
}

/** In seconds. */
function readUptime() {
  return Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
}

function codeOf({ code }) {
  return { code };
}

async function useGuard(port) {
  const { guards } = openHost();
  const held = await guards.isHeld("tcp", port);
  return { held, taken: guards.take("tcp", port) !== undefined };
}

async function listOn(port) {
  return await openHost().listeners({ port }).catch(describe);
}

function judge(host, identity) {
  const found = attempt(() => host.process(identity.pid) ?? null);
  return { liveness: host.liveness(identity), process: found };
}

/** What `action` returned, or what its error says. */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    return describe(error);
  }
}

function describe(error) {
  return { ...error, message: error.message };
}

const [scenario, ...parameters] = process.argv.slice(2);
// Written at once: where no descriptor is left, a stream could not be opened.
writeSync(1, JSON.stringify(await scenarios[scenario](...parameters)));
