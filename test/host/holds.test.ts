// Holds: sockets that keep a port from the kernel's choices and from plain binds, and let servers in.

import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";

import type { Hold, Verdict } from "../../src/contract/index.ts";
import { type Binding, bindingOf } from "../../src/core/index.ts";
import { openHolds } from "../../src/host/holds.ts";
import { openHost } from "../../src/host/index.ts";
import { chooseBindTcp } from "../../src/host/sockets.ts";
import { freePort, occupy } from "./sockets.ts";

const holds = openHost().holds!;

function on(port: number, ...addresses: readonly string[]): Binding[] {
  return addresses.map((address) => bindingOf({ protocol: "tcp", address, port }));
}

function held(bindings: readonly Binding[]): Hold {
  const taken = holds.take(bindings);
  if (typeof taken === "string") throw new Error(`not held: ${taken}`);
  return taken;
}

/** What a bind without SO_REUSEADDR says, of a program that is not Node. */
function plainBind(address: string, port: number): string {
  const family = address.includes(":") ? "AF_INET6" : "AF_INET";
  const program =
    `import socket, sys, errno\ns = socket.socket(socket.${family})\n` +
    `try:\n s.bind((${JSON.stringify(address)}, ${port}))\n print("ok")\n` +
    "except OSError as e:\n print(errno.errorcode[e.errno])";
  return spawnSync("python3", ["-c", program], { encoding: "utf8" }).stdout.trim();
}

async function answers(port: number, host: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ port, host });
    socket.on("connect", () => resolve(true));
    socket.on("error", () => resolve(false));
    socket.on("close", () => socket.destroy());
    socket.on("connect", () => socket.destroy());
  });
}

describe("a hold of the whole port", () => {
  it("refuses it to plain binds on both families, until it is let go", async () => {
    const port = await freePort();
    const hold = held(on(port, "::"));
    expect([plainBind("127.0.0.1", port), plainBind("::1", port), plainBind("0.0.0.0", port)]).toEqual([
      "EADDRINUSE",
      "EADDRINUSE",
      "EADDRINUSE",
    ]);
    hold.release();
    hold.release();
    expect(plainBind("0.0.0.0", port)).toBe("ok");
  });

  it.each(["::", "0.0.0.0", "127.0.0.1", "::1"])(
    "lets a server listen on %s, and stands when it stops",
    async (host) => {
      const port = await freePort();
      const hold = held(on(port, "::"));
      const server = await occupy(host, port);
      expect(await answers(port, host === "::1" ? "::1" : "127.0.0.1")).toBe(true);
      await server.close();
      expect(plainBind("127.0.0.1", port)).toBe("EADDRINUSE");
      hold.release();
    },
  );

  it("does not keep its process from ending", () => {
    const script =
      'const { openHost } = await import("./dist/host/index.js");' +
      'const { bindingOf } = await import("./dist/core/index.js");' +
      'console.log(typeof openHost().holds.take([bindingOf({ protocol: "tcp", address: "::", port: 0 + process.argv[1] * 1 })]));';
    const { stdout, status } = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", script, String(20_000 + Math.floor(Math.random() * 9000))],
      { encoding: "utf8", timeout: 20_000 },
    );
    expect([stdout.trim(), status]).toEqual(["object", 0]);
  });
});

describe("a hold of certain addresses", () => {
  it("covers these and no other", async () => {
    const port = await freePort();
    const hold = held(on(port, "127.0.0.1", "::1"));
    expect([plainBind("127.0.0.1", port), plainBind("::1", port), plainBind("127.0.0.2", port)]).toEqual([
      "EADDRINUSE",
      "EADDRINUSE",
      "ok",
    ]);
    hold.release();
  });

  it("is all or nothing", async () => {
    const port = await freePort();
    await occupy("127.0.0.2", port);
    expect(holds.take(on(port, "127.0.0.1", "127.0.0.2"))).toBe("stranger");
    expect(plainBind("127.0.0.1", port)).toBe("ok");
  });
});

describe("what stands in the way of a hold", () => {
  it("is a server that listens", async () => {
    const port = await freePort();
    await occupy("::", port);
    expect(holds.take(on(port, "::"))).toBe("stranger");
  });

  it("is an address that this machine does not have", async () => {
    expect(holds.take(on(await freePort(), "192.0.2.77"))).toBe("no-address");
  });
});

describe("on a machine without IPv6", () => {
  it("the whole port is held on IPv4", async () => {
    const port = await freePort();
    const bind = chooseBindTcp()!;
    const withoutIPv6 = openHolds((endpoint) => {
      if (!endpoint.host.includes(":")) return bind(endpoint);
      throw Object.assign(new Error("bind EAFNOSUPPORT"), { code: "EAFNOSUPPORT" });
    });
    const hold = withoutIPv6.take(on(port, "::")) as Hold;
    expect(plainBind("127.0.0.1", port)).toBe("EADDRINUSE");
    hold.release();
  });

  it.each<[string, Verdict]>([["::1", "no-address"]])("%s is not to be had", async (address, verdict) => {
    const withoutIPv6 = openHolds(() => {
      throw Object.assign(new Error("bind EAFNOSUPPORT"), { code: "EAFNOSUPPORT" });
    });
    expect(withoutIPv6.take(on(await freePort(), address))).toBe(verdict);
  });
});

describe("where a bound socket keeps servers out", () => {
  it.each(["darwin", "win32", "freebsd"] as const)("nothing is held: %s", (platform) => {
    expect(openHost(platform).holds).toBeUndefined();
  });
});
