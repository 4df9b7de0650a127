// What the host looks like from a special place, told as one line of JSON: `node witness.mjs SCENARIO …`.

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";

import { bindingOf } from "../../dist/core/index.js";
import { openHost } from "../../dist/host/index.js";

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
    const sleeper = spawn("/bin/sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(sleeper, "spawn");
    const identity = host.process(sleeper.pid);
    process.setgroups([]);
    process.setgid(NOBODY);
    process.setuid(NOBODY);
    const there = judge(host, identity);
    sleeper.stdin.end();
    await once(sleeper, "exit");
    return { there, gone: judge(host, identity), ancestors: attempt(() => host.ancestors()) };
  },

  /** As a process of a new pid namespace that has the /proc of the one around it. */
  judgeBesideForeignProc: async () => {
    const host = openHost();
    const sleeper = spawn("/bin/sh", ["-c", "read line"], { stdio: ["pipe", "ignore", "ignore"] });
    await once(sleeper, "spawn");
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

function judge(host, identity) {
  const found = attempt(() => host.process(identity.pid) ?? null);
  return { liveness: host.liveness(identity), process: found };
}

/** What `action` returned, or what its error says. */
function attempt(action) {
  try {
    return action();
  } catch (error) {
    return { ...error, message: error.message };
  }
}

const [scenario, ...parameters] = process.argv.slice(2);
// Written at once: where no descriptor is left, a stream could not be opened.
writeSync(1, JSON.stringify(await scenarios[scenario](...parameters)));
