// Holds that listen: they keep everybody out, and what connects waits for whoever the socket is handed to.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { describe, expect, it, onTestFinished } from "vitest";

import type { ListeningHold } from "../../src/contract/index.ts";
import { bindingOf } from "../../src/core/index.ts";
import { openHost } from "../../src/host/index.ts";
import { holdListening, listenInPlace } from "../../src/host/listening-hold.ts";
import { type BindTcp, chooseBindTcp } from "../../src/host/sockets.ts";
import { freePort, occupy, wholePort } from "./sockets.ts";

const ACCEPT = fileURLToPath(new URL("accept.mjs", import.meta.url));
const FAMILIES = ["127.0.0.1", "::1"];

const thisHost = openHost();
const listen = thisHost.listen!;

async function listening(port: number): Promise<ListeningHold> {
  const hold = await listen(wholePort(port));
  if (typeof hold === "string") throw new Error(`not held: ${hold}`);
  onTestFinished(() => hold.release());
  return hold;
}

/** Connects; `answer` is all that the server says. */
async function client(port: number, host: string): Promise<{ answer: Promise<string> }> {
  const socket = connect({ port, host });
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return { answer: text(socket) };
}

/** Runs a server on the socket of a hold until it has answered `count` connections. */
async function serve({ fd }: ListeningHold, name: string, count: number): Promise<void> {
  const child = spawn(process.execPath, [ACCEPT, name, String(count)], {
    stdio: ["ignore", "inherit", "inherit", fd],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  expect(await once(child, "exit")).toEqual([0, null]);
}

const bindWithoutIPv6: BindTcp = (endpoint) => {
  if (!endpoint.host.includes(":")) return chooseBindTcp()!(endpoint);
  throw Object.assign(new Error("bind EAFNOSUPPORT"), { code: "EAFNOSUPPORT" });
};

describe("a hold that listens", () => {
  it("has connections wait for the next server that it is handed to, on both families", async () => {
    const port = await freePort();
    const hold = await listening(port);
    for (const name of ["one", "two"]) {
      const clients = await Promise.all(FAMILIES.map((host) => client(port, host)));
      await serve(hold, name, clients.length);
      expect(await Promise.all(clients.map(({ answer }) => answer))).toEqual([name, name]);
    }
  });

  it("is not accepted from by the process that holds it", async () => {
    const port = await freePort();
    const hold = await listening(port);
    const { answer } = await client(port, "127.0.0.1");
    // A whole process starts and ends meanwhile: the event loop has turned many times.
    await listening(await freePort());
    await serve(hold, "the child", 1);
    expect(await answer).toBe("the child");
  });

  it.each(["::", "0.0.0.0", "127.0.0.1", "127.0.0.2", "::1"])(
    "lets nobody listen on %s, not even with SO_REUSEADDR, until it is let go",
    async (host) => {
      const port = await freePort();
      const hold = await listening(port);
      await expect(occupy(host, port)).rejects.toMatchObject({ code: "EADDRINUSE" });
      hold.release();
      hold.release();
      await occupy(host, port);
    },
  );

  it("stands beside a hold that does not listen, and in the way of one that comes later", async () => {
    const port = await freePort();
    const quiet = thisHost.holds!.take([wholePort(port)]);
    expect(quiet).toBeTypeOf("object");
    const hold = await listening(port);
    expect(thisHost.holds!.take([wholePort(port)])).toBe("stranger");
    if (typeof quiet === "object") quiet.release();
    hold.release();
  });

  it("leaves no file descriptor behind, whether it could be had or not", async () => {
    const [free, taken] = [await freePort(), await freePort()];
    await occupy("127.0.0.1", taken);
    const before = readdirSync("/proc/self/fd").length;
    for (let time = 0; time < 3; time++) {
      (await listening(free)).release();
      expect(await listen(wholePort(taken))).toBe("stranger");
    }
    expect(readdirSync("/proc/self/fd").length).toBeLessThanOrEqual(before);
  });

  it("does not keep its process from ending", () => {
    const script =
      'const { openHost } = await import("./dist/host/index.js");' +
      'const { bindingOf } = await import("./dist/core/index.js");' +
      'const binding = bindingOf({ protocol: "tcp", address: "::", port: 11950 });' +
      "console.log(typeof (await openHost().listen(binding)));";
    const parameters = ["--input-type=module", "-e", script];
    const { stdout, status } = spawnSync(process.execPath, parameters, { encoding: "utf8", timeout: 20_000 });
    expect([stdout.trim(), status]).toEqual(["object", 0]);
  });
});

describe("what stands in the way of a hold that listens", () => {
  it.each(["::", "127.0.0.1"])("is a server on %s", async (host) => {
    const port = await freePort();
    await occupy(host, port);
    expect(await listen(wholePort(port))).toBe("stranger");
  });

  it("is a server that listened after the socket was bound", async () => {
    const port = await freePort();
    const bound = chooseBindTcp()!({ host: "::", port, v6only: false });
    onTestFinished(() => bound.close());
    await occupy("127.0.0.1", port);
    expect(await listenInPlace(bound.fd())).toMatchObject({ code: "EADDRINUSE", syscall: "listen" });
  });

  it("is an address that this machine does not have", async () => {
    const binding = bindingOf({ protocol: "tcp", address: "192.0.2.77", port: await freePort() });
    expect(await listen(binding)).toBe("no-address");
  });
});

describe("where something is missing", () => {
  it("a machine without IPv6 listens on IPv4", async () => {
    const port = await freePort();
    const hold = await holdListening(bindWithoutIPv6, wholePort(port));
    await expect(occupy("127.0.0.1", port)).rejects.toMatchObject({ code: "EADDRINUSE" });
    await occupy("::1", port);
    if (typeof hold === "object") hold.release();
  });

  it.each([
    ["/no/such/runtime", "ENOENT"],
    ["/bin/false", "the process that calls listen() ended with exit code 1"],
  ])("a runtime at %s is an error, and the port is let go", async (path, message) => {
    const { execPath } = process;
    onTestFinished(() => void (process.execPath = execPath));
    process.execPath = path;
    const port = await freePort();
    await expect(listen(wholePort(port))).rejects.toThrow(message);
    await occupy("::", port);
  });

  it("Windows, which hands over no socket by its number, has none", () => {
    expect(openHost("win32").listen).toBeUndefined();
  });
});
