// Who listens: real sockets of real processes, of this user and of others, here and in other namespaces.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, realpathSync } from "node:fs";
import { connect } from "node:net";

import { describe, expect, it, onTestFinished } from "vitest";

import type { Listener } from "../../src/contract/index.ts";
import type { Transport } from "../../src/core/index.ts";
import { openHost } from "../../src/host/index.ts";
import { leasesOf } from "../../src/host/owner.ts";
import { readStat } from "../../src/host/proc.ts";
import { chooseBindTcp } from "../../src/host/sockets.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { askWitness, canRunAsRoot, hasProgram, type Place, start, type Started } from "./processes.ts";
import { freePort, occupy } from "./sockets.ts";

const linux = existsSync("/proc/self/net/tcp");
const hasPython = hasProgram("python3", "--version");

const list = openHost().listeners!;

/** "tcp 127.0.0.1", with the pids of its owners. */
function brief({ protocol, address, owners }: Listener): string {
  return [`${protocol} ${address}`, ...owners.map(({ pid }) => pid)].join(" ");
}

async function briefs(port: number): Promise<string[]> {
  return (await list({ port })).map(brief);
}

/** A program that listens on 127.0.0.1, goes on as it says, prints what it prints and waits. */
async function startListener(port: number, goOn = "print(os.getpid(), flush=True)"): Promise<Started> {
  return await startIn([], port, goOn);
}

async function startIn(place: readonly string[], port: number, goOn: string): Promise<Started> {
  const script = `import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("0.0.0.0", ${port}))
s.listen()
${goOn}
sys.stdin.readline()`;
  const [program, ...parameters] = [...place, "python3", "-c", script];
  return await start(program, ...parameters);
}

describe.skipIf(!linux)("a socket of this process", () => {
  it.each<[Transport, string, string]>([
    ["tcp", "0.0.0.0", "0.0.0.0"],
    ["tcp", "127.0.0.1", "127.0.0.1"],
    ["tcp", "127.0.0.2", "127.0.0.2"],
    ["tcp", "::", "::"],
    ["tcp", "::1", "::1"],
    ["tcp", "::ffff:127.0.0.1", "127.0.0.1"],
    ["tcp", "::ffff:0.0.0.0", "0.0.0.0"],
    ["udp", "0.0.0.0", "0.0.0.0"],
    ["udp", "127.0.0.1", "127.0.0.1"],
    ["udp", "::", "::"],
    ["udp", "::1", "::1"],
  ])("on %s %s listens on %s until it is closed", async (protocol, address, told) => {
    const port = await freePort();
    const socket = await occupy(address, port, protocol);
    const expected = `${protocol} ${told} ${process.pid}`;
    expect(await briefs(port)).toEqual([expected]);
    expect((await list()).filter((listener) => listener.port === port).map(brief)).toEqual([expected]);
    await socket.close();
    expect(await briefs(port)).toEqual([]);
  });

  it("is told with the process, its user, folder, start time and forebears", async () => {
    const port = await freePort();
    await occupy("127.0.0.1", port);
    const [listener] = await list({ port });
    expect(listener).toMatchObject({ protocol: "tcp", port, uid: process.getuid!() });
    const [owner] = listener!.owners;
    const { startTime, boot, namespaces } = openHost().self;
    expect(owner).toMatchObject({ pid: process.pid, startTime, boot, namespaces });
    expect(owner?.folder).toBe(process.cwd());
    expect(owner?.ancestors).toEqual(
      openHost()
        .ancestors()
        .map((forebear) => ({ pid: forebear.pid, startTime: forebear.startTime })),
    );
    // Told from the start of the machine, which is known to a second; a tick is a hundredth of one.
    const startedAt = Date.now() - process.uptime() * 1000;
    expect(Math.abs(owner!.startedAt - startedAt)).toBeLessThan(3000);
  });

  it("that is only bound, or connected, is no listener", async () => {
    const port = await freePort();
    const bound = chooseBindTcp()!({ host: "127.0.0.1", port, v6only: false });
    expect(await briefs(port)).toEqual([]);
    bound.close();
    const server = await occupy("127.0.0.1", port);
    const client = connect({ port, host: "127.0.0.1" });
    await once(client, "connect");
    const { localPort } = client;
    expect([await briefs(port), await briefs(localPort!)]).toEqual([[`tcp 127.0.0.1 ${process.pid}`], []]);
    client.destroy();
    await server.close();
  });

  it("of UDP is a listener until it is connected", async () => {
    const socket = createSocket("udp4").bind(0, "127.0.0.1");
    onTestFinished(() => void socket.close());
    await once(socket, "listening");
    const { port } = socket.address();
    expect(await briefs(port)).toEqual([`udp 127.0.0.1 ${process.pid}`]);
    socket.connect(9, "127.0.0.1");
    await once(socket, "connect");
    expect(await briefs(port)).toEqual([]);
  });
});

describe.skipIf(!linux)("all sockets", () => {
  it("are in the order of their ports, TCP before UDP, IPv4 before IPv6", async () => {
    const [one, two] = [await freePort(), await freePort()].toSorted((a, b) => a - b) as [number, number];
    for (const port of [two, one]) {
      await occupy("::1", port, "udp");
      await occupy("127.0.0.2", port, "udp");
      await occupy("::1", port);
      await occupy("127.0.0.2", port);
      await occupy("127.0.0.1", port);
    }
    const all = await list();
    expect(all.map(({ port }) => port)).toEqual(all.map(({ port }) => port).toSorted((a, b) => a - b));
    const ours = all.filter(({ port }) => port === one || port === two);
    const order = ["tcp 127.0.0.1", "tcp 127.0.0.2", "tcp ::1", "udp 127.0.0.2", "udp ::1"];
    expect(ours.map((listener) => brief({ ...listener, owners: [] }))).toEqual([...order, ...order]);
  });

  it("of one port are in the order of their addresses", async () => {
    const port = await freePort();
    const hosts = [9, 100, 10, 2, 11, 1, 200, 20].map((last) => `127.0.0.${last}`);
    for (const host of hosts) await occupy(host, port);
    const told = (await list({ port })).map(({ address }) => address);
    expect(told).toEqual([1, 2, 9, 10, 11, 20, 100, 200].map((last) => `127.0.0.${last}`));
  });

  it("are told while processes come and go", async () => {
    await start("/bin/sh", "-c", "echo ready; while :; do /bin/true; done");
    const { port } = await occupy("127.0.0.1", await freePort());
    for (let round = 0; round < 30; round++) {
      expect(await briefs(port)).toEqual([`tcp 127.0.0.1 ${process.pid}`]);
    }
  });

  it("are not asked for after an abort, and not told after one that comes meanwhile", async () => {
    const reason = new Error("enough");
    await expect(list({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const aborting = new AbortController();
    const listing = list({ port: await freePort(), signal: aborting.signal });
    aborting.abort(reason);
    await expect(listing).rejects.toBe(reason);
  });
});

describe.skipIf(!linux || !hasPython)("a socket of another process (needs python3)", () => {
  it("is told with its command, its folder and the lease in its environment", async () => {
    const [port, folder] = [await freePort(), temporaryFolder()];
    const lease = "b7kQ_x-9Zt0aLr3e";
    const goOn = `os.chdir(${JSON.stringify(folder)}); print("ready", flush=True)`;
    const listener = await startIn(["env", `MOORAGE_LEASE=${lease}`], port, goOn);
    const [told] = await list({ port });
    expect(told?.owners).toMatchObject([
      {
        pid: listener.pid,
        folder: realpathSync(folder),
        leases: [lease],
        startTime: readStat(listener.pid)?.startTime,
      },
    ]);
    expect(told!.owners[0]!.command).toMatch(/^python3.* -c import os, socket, sys s = socket/u);
    expect(told!.owners[0]!.ancestors[0]).toMatchObject({ pid: process.pid });
    await listener.kill();
    expect(await briefs(port)).toEqual([]);
  });

  it("that was inherited has several owners, and the first one's end leaves it to the other", async () => {
    const port = await freePort();
    const goOn = `import signal
child = os.fork()
if child == 0: signal.pause()
print(child, flush=True)`;
    const listener = await startListener(port, goOn);
    const child = Number(listener.line);
    onTestFinished(() => void process.kill(child, "SIGKILL"));
    const pids = [listener.pid, child].toSorted((a, b) => a - b);
    expect(await briefs(port)).toEqual([`tcp 0.0.0.0 ${pids.join(" ")}`]);
    const [told] = await list({ port });
    const ofChild = told!.owners.find(({ pid }) => pid === child);
    expect(ofChild?.ancestors[0]).toEqual({
      pid: listener.pid,
      startTime: readStat(listener.pid)?.startTime,
    });
    await listener.kill();
    expect(await briefs(port)).toEqual([`tcp 0.0.0.0 ${child}`]);
  });

  it("is not a zombie's, though it inherited it", async () => {
    const port = await freePort();
    const goOn = `child = os.fork()
if child == 0: os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print(child, flush=True)`;
    const listener = await startListener(port, goOn);
    expect(readStat(Number(listener.line))?.state).toBe("Z");
    expect(await briefs(port)).toEqual([`tcp 0.0.0.0 ${listener.pid}`]);
  });

  it("is its own when its first thread has ended", async () => {
    const port = await freePort();
    const goOn = `import ctypes, threading
def go_on():
    state = ""
    while state != "Z":
        state = open("/proc/%d/stat" % os.getpid()).read().rpartition(")")[2].split()[0]
    print("ready", flush=True)
    sys.stdin.readline()
threading.Thread(target=go_on).start()
ctypes.CDLL(None).pthread_exit(None)`;
    const listener = await startListener(port, goOn);
    expect(readStat(listener.pid)?.state).toBe("Z");
    expect(await briefs(port)).toEqual([`tcp 0.0.0.0 ${listener.pid}`]);
  });
});

describe.skipIf(!linux || !canRunAsRoot("true"))("for a user who is not root (needs root)", () => {
  it("a socket of root has no owner, one of its own has", async () => {
    const { port } = await occupy("127.0.0.1", await freePort());
    const told = await askWitness(["env"], "listAsNobody", String(port));
    expect(told).toMatchObject({
      others: [{ port, uid: 0, owners: [] }],
      own: [{ uid: 65534, owners: [{ leases: [] }] }],
    });
  });

  it.skipIf(!canRunAsRoot("unshare", "--mount", "true"))(
    "a table that may not be read is HOST_UNSUPPORTED, with what is missing (needs unshare)",
    async () => {
      const mount = 'mount -t tmpfs -o mode=700 none /proc/$$/net && exec "$@"';
      const told = await askWitness(["unshare", "--mount", "sh", "-c", mount, "sh"], "listAsNobody", "80");
      expect(told).toMatchObject({
        others: {
          code: "HOST_UNSUPPORTED",
          // The tables are read at once: any can be the first that is refused.
          missing: expect.stringMatching(/^\/proc\/self\/net\/(?:tcp|udp)6?$/u) as string,
          message: expect.stringMatching(
            /^\/proc\/self\/net\/\w+ cannot be read: this process is not told who listens$/u,
          ) as string,
        },
      });
    },
  );
});

const OWN_NETWORK: Place = ["unshare", "--net"];
describe.skipIf(!linux || !hasPython || !canRunAsRoot(...OWN_NETWORK, "true"))(
  "in another network namespace (needs root, unshare and python3)",
  () => {
    it("sockets are others, on the same port too", async () => {
      const port = await freePort();
      await startIn(OWN_NETWORK, port, 'print("ready", flush=True)');
      expect(await briefs(port)).toEqual([]);
      await occupy("0.0.0.0", port);
      expect(await briefs(port)).toEqual([`tcp 0.0.0.0 ${process.pid}`]);
      const told = (await askWitness(OWN_NETWORK, "listOwn", String(port))) as {
        pid: number;
        all: Listener[];
      };
      expect(told.all.map(brief)).toEqual([`tcp 0.0.0.0 ${told.pid}`]);
    });
  },
);

const OWN_PIDS: Place = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
describe.skipIf(!linux || !hasPython || !canRunAsRoot(...OWN_PIDS, "true"))(
  "between pid namespaces (needs root, unshare and python3)",
  () => {
    it("a socket of an inner one is seen with the pid it has outside", async () => {
      const port = await freePort();
      const listener = await startIn(OWN_PIDS, port, "print(os.getpid(), flush=True)");
      expect(listener.line).toBe("1");
      const [told] = await list({ port });
      expect(told?.owners).toHaveLength(1);
      expect(told?.owners[0]?.ancestors[0]?.pid).toBe(listener.pid);
    });

    it.each([
      ["an outer one is seen without owners", OWN_PIDS],
      ["any is, beside the /proc of another one", ["unshare", "--pid", "--fork"] as Place],
    ])("a socket of %s", async (_, place) => {
      const { port } = await occupy("127.0.0.1", await freePort());
      const told = await askWitness([...place, "sh", "-c", '"$@"; exit $?', "sh"], "list", String(port));
      expect(told).toMatchObject([{ protocol: "tcp", address: "127.0.0.1", port, owners: [] }]);
    });
  },
);

describe("the leases that an environment says", () => {
  it.each<[string, string[]]>([
    ["MOORAGE_LEASE=abc", ["abc"]],
    ["MOORAGE_LEASE=abc\0", ["abc"]],
    ["A=1\0MOORAGE_LEASE=a-b_c\0B=2\0", ["a-b_c"]],
    ["MOORAGE_LEASE=abc,d-e\0", ["abc", "d-e"]],
    ["MOORAGE_LEASE=abc,\0", []],
    ["A=MOORAGE_LEASE=abc\0", []],
    ["NOT_MOORAGE_LEASE=abc\0", []],
    ["MOORAGE_LEASE=\0", []],
    ["MOORAGE_LEASE=not an id\0", []],
    ["MOORAGE_LEASES=abc\0", []],
    ["", []],
  ])("of %j are %j", (environment, leases) => {
    expect(leasesOf(environment)).toEqual(leases);
  });
});

describe("where there is no /proc", () => {
  it.each(["darwin", "win32", "freebsd"] as const)("nobody is told: %s", (platform) => {
    expect(openHost(platform).listeners).toBeUndefined();
  });
});
