// Every way to bind a TCP socket, and what a look finds out by it.

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import net from "node:net";
import { networkInterfaces } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import { bindingOf } from "../../src/core/index.ts";
import { createLook } from "../../src/host/look.ts";
import {
  bindingWay,
  type BindTcp,
  chooseBindTcp,
  type NetModule,
  whyNotUnix,
} from "../../src/host/sockets.ts";
import { askWitness, canRunAsRoot, hasProgram, start } from "./processes.ts";
import { occupy, wholePort } from "./sockets.ts";

const { BoundSocket, _createServerHandle } = net as object as NetModule;
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

/** Ports that no other test uses. */
let nextPort = 11_600;

const ways: [string, BindTcp | undefined][] = [
  ...(BoundSocket ? [["net.BoundSocket", chooseBindTcp({ BoundSocket })] as [string, BindTcp]] : []),
  ...(_createServerHandle
    ? [["net._createServerHandle", chooseBindTcp({ _createServerHandle })] as [string, BindTcp]]
    : []),
  ["listening", undefined],
];

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** Binds IPv4 in earnest; what it does for IPv6 is given. */
function refusing(code: string): BindTcp {
  const bind = chooseBindTcp()!;
  return (endpoint) => {
    if (endpoint.host.includes(":")) throw Object.assign(new Error(code), { code });
    return bind(endpoint);
  };
}

/** Binds nothing, and refuses the addresses that are taken and no other, and those that are missing. */
function byAddress(taken: readonly string[], missing: readonly string[] = []): BindTcp {
  return ({ host }) => {
    if (taken.includes(host)) throw Object.assign(new Error(host), { code: "EADDRINUSE" });
    if (missing.includes(host)) throw Object.assign(new Error(host), { code: "EADDRNOTAVAIL" });
    return { close: () => undefined, fd: () => -1 };
  };
}

/** A program that binds a port and does not listen. */
async function bindOnly(port: number, reuseAddress: boolean): Promise<void> {
  const script = `import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, ${reuseAddress ? 1 : 0})
s.bind(("127.0.0.1", ${port}))
print("bound", flush=True)
sys.stdin.readline()`;
  await start("python3", "-c", script);
}

describe.each(ways)("a look by %s", (_, bindTcp) => {
  const look = createLook(bindTcp);
  const lookAt = (address: string, port: number, v6only = false): ReturnType<typeof look> =>
    look(bindingOf({ protocol: "tcp", address, port, v6only }));

  it.each(["0.0.0.0", "127.0.0.1", ...(hasIPv6 ? ["::", "::1"] : [])])(
    "sees who listens on %s, and that it has gone",
    async (address) => {
      const port = nextPort++;
      const stranger = await occupy(address, port);
      expect(await look(wholePort(port))).toBe("stranger");
      expect(await lookAt(address, port)).toBe("stranger");
      await stranger.close();
      expect(await look(wholePort(port))).toBe("free");
      expect(await lookAt(address, port)).toBe("free");
    },
  );

  it.skipIf(!hasProgram("python3", "--version"))(
    "sees who is only bound, but not with SO_REUSEADDR",
    async () => {
      const [plain, reused] = [nextPort++, nextPort++];
      await bindOnly(plain, false);
      await bindOnly(reused, true);
      expect(await look(wholePort(plain))).toBe("stranger");
      expect(await look(wholePort(reused))).toBe("free");
    },
  );

  it.skipIf(!hasIPv6)("of IPv6 alone does not mind IPv4, of one address another one", async () => {
    const port = nextPort++;
    await occupy("0.0.0.0", port);
    expect(await lookAt("::", port, true)).toBe("free");
    expect(await lookAt("::1", port)).toBe("free");
  });

  it("knows the addresses and devices that this machine does not have", async () => {
    for (const address of ["192.0.2.1", "2001:db8::1", "fe80::1%nodevice", "fe80::1"]) {
      expect(await lookAt(address, nextPort)).toBe("no-address");
    }
  });

  it.skipIf(process.platform !== "linux")("leaves no file descriptor behind, whatever it sees", async () => {
    const [free, taken] = [nextPort++, nextPort++];
    await occupy("127.0.0.1", taken);
    const before = countDescriptors();
    for (let time = 0; time < 500; time++) {
      expect(await look(wholePort(free))).toBe("free");
      expect(await look(wholePort(taken))).toBe("stranger");
      expect(await look(wholePort(free, "udp"))).toBe("free");
      expect(await lookAt("192.0.2.1", free)).toBe("no-address");
    }
    expect(countDescriptors()).toBeLessThanOrEqual(before);
  });
});

describe.each(ways.filter((way): way is [string, BindTcp] => way[1] !== undefined))(
  "a socket bound by %s",
  (_, bindTcp) => {
    it("is in no server's way, nor in the way of another look, and frees its port at once", async () => {
      const port = nextPort++;
      const endpoint = { host: "0.0.0.0", port, v6only: false };
      const bound = bindTcp(endpoint);
      bindTcp(endpoint).close();
      await occupy("127.0.0.1", port);
      expect(() => bindTcp(endpoint)).toThrow(expect.objectContaining({ code: "EADDRINUSE" }) as Error);
      bound.close();
    });

    it.skipIf(!hasProgram("python3", "--version"))("is free for everybody once it is closed", async () => {
      const port = nextPort++;
      bindTcp({ host: "0.0.0.0", port, v6only: false }).close();
      await expect(bindOnly(port, false)).resolves.toBeUndefined();
    });
  },
);

describe("a look at the whole port", () => {
  it("is one at IPv4 on a machine without IPv6", async () => {
    const look = createLook(refusing("EAFNOSUPPORT"));
    const port = nextPort++;
    expect(await look(wholePort(port))).toBe("free");
    await occupy("127.0.0.1", port);
    expect(await look(wholePort(port))).toBe("stranger");
    expect(await look(bindingOf({ protocol: "tcp", address: "::", port, v6only: true }))).toBe("no-address");
  });

  it.each([
    ["EACCES", "forbidden"],
    ["EPERM", "forbidden"],
    ["EADDRINUSE", "stranger"],
  ])("that is refused with %s is %s", async (code, verdict) => {
    expect(await createLook(refusing(code))(wholePort(nextPort++))).toBe(verdict);
  });

  it("that says nothing of the port is an error", async () => {
    const look = createLook(refusing("EMFILE"))(wholePort(nextPort++));
    await expect(look).rejects.toMatchObject({ code: "EMFILE" });
  });

  it.skipIf(!canRunAsRoot("unshare", "--net", "true")).each(["tcp", "udp"])(
    "is forbidden below the first port that is not root's alone, for %s (needs root and unshare)",
    async (protocol) => {
      const told = await askWitness(["unshare", "--net"], "lookAsNobody", protocol);
      expect(told).toEqual({ below: "forbidden", above: "free" });
    },
  );
});

describe("a look where a wildcard address does not meet the others, as on macOS and Windows", () => {
  it.each<[string, boolean, string[], string]>([
    ["::", false, [], "free"],
    ["::", false, ["::"], "stranger"],
    ["::", false, ["0.0.0.0"], "stranger"],
    ["::", false, ["127.0.0.1"], "stranger"],
    ["::", false, ["::1"], "stranger"],
    ["::", true, ["::1"], "stranger"],
    ["::", true, ["0.0.0.0", "127.0.0.1"], "free"],
    ["0.0.0.0", false, ["127.0.0.1"], "stranger"],
    ["0.0.0.0", false, ["::", "::1"], "free"],
    ["127.0.0.1", false, ["0.0.0.0", "::"], "free"],
    ["127.0.0.1", false, ["127.0.0.1"], "stranger"],
  ])("at %s (IPv6 alone: %s) with %j taken is %s", async (address, v6only, taken, verdict) => {
    const binding = bindingOf({ protocol: "tcp", address, port: 1, v6only });
    expect(await createLook(byAddress(taken), false)(binding)).toBe(verdict);
  });

  it("does not mind addresses that are missing", async () => {
    const withoutIPv6 = ["::", "::1"];
    expect(await createLook(byAddress([], withoutIPv6), false)(wholePort(1))).toBe("free");
    expect(await createLook(byAddress(["127.0.0.1"], withoutIPv6), false)(wholePort(1))).toBe("stranger");
  });

  it("is one bind on Linux, where it does", async () => {
    expect(await createLook(byAddress(["127.0.0.1"]))(wholePort(1))).toBe("free");
  });
});

describe("the way to bind", () => {
  const endpoint = { host: "127.0.0.1", port: 1, v6only: false };

  it("is the public one where there is one", () => {
    const made: object[] = [];
    class Public {
      constructor(options: object) {
        made.push(options);
      }
      close(): void {}
      fd(): number {
        return -1;
      }
    }
    chooseBindTcp({ BoundSocket: Public, _createServerHandle: () => -1 })?.(endpoint).close();
    expect(made).toEqual([{ host: "127.0.0.1", port: 1, ipv6Only: false }]);
  });

  it("is said", () => {
    class Public {
      close(): void {}
      fd(): number {
        return -1;
      }
    }
    const internal = { _createServerHandle: () => -1 };
    expect(bindingWay({ BoundSocket: Public, ...internal })).toBe("net.BoundSocket");
    expect(bindingWay(internal)).toBe("net._createServerHandle");
  });

  it("is none where a runtime can only listen", () => {
    expect(chooseBindTcp({})).toBeUndefined();
    expect(bindingWay({})).toBeUndefined();
    expect(whyNotUnix("\0moorage-test", {})).toBeUndefined();
  });

  it.skipIf(process.platform !== "linux" || !_createServerHandle)(
    "tells why a unix socket cannot be bound, and leaves the path free",
    async () => {
      const path = `\0moorage-test/${nextPort}`;
      for (let time = 0; time < 2; time++) expect(whyNotUnix(path)).toBeUndefined();
      const server = net.createServer().listen({ path });
      expect(whyNotUnix(path)).toMatchObject({ code: "EADDRINUSE", syscall: "bind" });
      server.close();
      expect(whyNotUnix("/no/folder/of/this/name")).toMatchObject({ code: "EACCES" });
    },
  );

  it("makes no runtime warn, not even one that is asked to", async () => {
    const witness = fileURLToPath(new URL("witness.mjs", import.meta.url));
    const parameters = ["--pending-deprecation", witness, "bindEverything", String(nextPort++)];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, parameters);
    expect(JSON.parse(stdout)).toEqual(["free", "free", "free"]);
    expect(stderr).toBe("");
  });
});
