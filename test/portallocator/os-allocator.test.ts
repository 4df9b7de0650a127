// OSAllocator: ports with sockets that listen, beside programs that know nothing of the book.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, expect, it, onTestFinished } from "vitest";

import { get, type HostProtocol, OSAllocator, type SocketOf } from "../../src/portallocator/os/index.ts";
import { hasProgram, start } from "../host/processes.ts";
import { occupy } from "../host/sockets.ts";
import { freeRange } from "./free-range.ts";
import { BOTH, inUse, PROTOCOLS, taken, world } from "./os-world.ts";

describe("a granted port", () => {
  it("has a server that listens on each address, in their order", async () => {
    const here = await world(4);
    const { port, protocol, sockets } = await here.request(["127.0.0.2", "::1", "127.0.0.1"]);
    expect([port, protocol]).toEqual([here.begin, "tcp"]);
    expect(sockets.map((server) => [server.listening, server.address()])).toEqual([
      [true, { address: "127.0.0.2", family: "IPv4", port }],
      [true, { address: "::1", family: "IPv6", port }],
      [true, { address: "127.0.0.1", family: "IPv4", port }],
    ]);
  });

  it("has a datagram socket on each address that receives", async () => {
    const here = await world(4);
    const { port, sockets } = await here.request(["127.0.0.1", "::1"], { protocol: "udp" });
    const [onIPv4, onIPv6] = sockets;
    const client = createSocket("udp6");
    onTestFinished(() => void client.close());
    const received = once(onIPv6!, "message") as Promise<[Buffer]>;
    client.send("hello", port, "::1");
    expect((await received)[0].toString()).toBe("hello");
    expect(onIPv4!.address()).toEqual({ address: "127.0.0.1", family: "IPv4", port });
  });

  it.each(PROTOCOLS)("can be on both wildcards at once, each with its own family (%s)", async (protocol) => {
    const here = await world(4);
    const { sockets } = await here.request(BOTH, { protocol });
    expect(sockets.map((socket) => (socket.address() as { address: string }).address)).toEqual(BOTH);
  });

  it.each(PROTOCOLS)("on one wildcard leaves the other one free (%s)", async (protocol) => {
    const here = await world(4);
    const one = await here.request(["::"], { protocol, start: here.begin });
    const two = await here.request(["0.0.0.0"], { protocol, start: here.begin });
    expect([one.port, two.port]).toEqual([here.begin, here.begin]);
  });

  it("is the IPv4 address where an IPv6 text says one", async () => {
    const here = await world(4);
    const { sockets } = await here.request(["::ffff:127.0.0.1"]);
    expect(sockets[0]!.address()).toMatchObject({ address: "127.0.0.1", family: "IPv4" });
  });

  it("is claimed in the book on its addresses alone", async () => {
    const here = await world(4);
    const { port } = await here.request(["127.0.0.1"]);
    expect([taken(here, "127.0.0.1"), taken(here, "127.0.0.2"), taken(here, "127.0.0.1", "udp")]).toEqual([
      [port],
      [],
      [],
    ]);
  });

  it("comes from the book of the process when the allocator is given none", async () => {
    const { begin } = await freeRange(1);
    await using granted = await new OSAllocator().requestPortsInRange(["127.0.0.1"], "tcp", begin, begin);
    expect(() => get().requestPort("127.0.0.1", "tcp", granted.port)).toThrow("already allocated");
  });

  it("can be had again at once when it was released, and not before", async () => {
    const here = await world(2);
    for (const protocol of PROTOCOLS) {
      const one = await here.request(BOTH, { protocol, start: here.end });
      await expect(here.request(BOTH, { protocol, start: here.end })).rejects.toThrow("already allocated");
      void one.release();
      const two = await here.request(BOTH, { protocol, start: here.end });
      expect(two.port).toBe(here.end);
    }
  });

  it("is released at the end of an `await using`", async () => {
    const here = await world(2);
    {
      await using granted = await here.request(["127.0.0.1"]);
      expect(taken(here, "127.0.0.1")).toEqual([granted.port]);
    }
    expect(taken(here, "127.0.0.1")).toEqual([]);
    await expect(occupy("127.0.0.1", here.begin)).resolves.toBeDefined();
  });

  it.each(PROTOCOLS)("is released once: the port of whoever has it by then stays (%s)", async (protocol) => {
    const here = await world(2);
    const one = await here.request(["127.0.0.1"], { protocol, start: here.begin });
    await one.release();
    await here.request(["127.0.0.1"], { protocol, start: here.begin });
    await one.release();
    await one[Symbol.asyncDispose]();
    expect(taken(here, "127.0.0.1", protocol)).toEqual([here.begin]);
  });

  it.each(PROTOCOLS)("is released although its socket was closed before (%s)", async (protocol) => {
    const here = await world(2);
    const granted = await here.request(["127.0.0.1"], { protocol });
    (granted.sockets[0] as SocketOf[HostProtocol]).close();
    await granted.release();
    expect(taken(here, "127.0.0.1", protocol)).toEqual([]);
  });
});

describe("releasePorts", () => {
  it("gives the claim back and leaves the sockets open", async () => {
    const here = await world(2);
    const { port, sockets } = await here.request(["127.0.0.1", "::1"]);
    here.allocator.releasePorts(["127.0.0.1", "::1"], "tcp", port);
    expect([taken(here, "127.0.0.1"), taken(here, "::1")]).toEqual([[], []]);
    expect(sockets.map(({ listening }) => listening)).toEqual([true, true]);
  });

  it("leaves nothing for the port's own release to take from somebody else", async () => {
    const here = await world(2);
    const one = await here.request(["127.0.0.1"], { start: here.begin });
    here.allocator.releasePorts(["127.0.0.1"], "tcp", here.begin);
    one.sockets[0]!.close();
    await here.request(["127.0.0.1"], { start: here.begin });
    await one.release();
    expect(taken(here, "127.0.0.1")).toEqual([here.begin]);
  });
});

describe("among the ports of strangers", () => {
  it.each(PROTOCOLS)(
    "a search finds the one that is left, however many it is refused (%s)",
    async (protocol) => {
      const here = await world(30);
      const left = here.begin + 23;
      for (let port = here.begin; port <= here.end; port++) {
        // Some are in the way on one family only.
        if (port !== left) await occupy(port % 2 === 0 ? "127.0.0.1" : "::1", port, protocol);
      }
      expect((await here.request(BOTH, { protocol })).port).toBe(left);
      for (const ip of BOTH) expect(taken(here, ip, protocol)).toEqual([left]);
    },
  );

  it("a search begins behind the port found last and goes round", async () => {
    const here = await world(5);
    await here.request(["127.0.0.1"], { start: here.begin, end: here.end });
    await here.request(["127.0.0.1"], { start: here.begin, end: here.end });
    await occupy("0.0.0.0", here.begin + 2);
    await occupy("0.0.0.0", here.begin + 4);
    const range = { start: here.begin, end: here.end };
    expect((await here.request(["127.0.0.1"], range)).port).toBe(here.begin + 3);
    const refusal = here.request(["127.0.0.1"], range);
    await expect(refusal).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      cause: inUse("127.0.0.1", here.begin + 2),
    });
    await expect(refusal).rejects.toThrow("the system refused the 2 that were left");
    expect(taken(here, "127.0.0.1")).toEqual([here.begin, here.begin + 1, here.begin + 3]);
  });

  it("a search of a book without a free port says so", async () => {
    const here = await world(1);
    await here.request(["127.0.0.1"]);
    await expect(here.request(["127.0.0.1"])).rejects.toMatchObject({
      code: "NO_PORT_AVAILABLE",
      message: "all ports are allocated",
    });
  });

  it.each(PROTOCOLS)(
    "a certain port is refused at once, with the address in the way (%s)",
    async (protocol) => {
      const here = await world(2);
      await occupy("::1", here.begin, protocol);
      const refused = here.request(BOTH, { protocol, start: here.begin });
      await expect(refused).rejects.toEqual(inUse("::", here.begin));
      await expect(refused).rejects.toMatchObject({ cause: { code: "EADDRINUSE" } });
      await expect(refused).rejects.toThrow(
        `failed to bind host port [::]:${here.begin}/${protocol}: address already in use`,
      );
      for (const ip of BOTH) expect(taken(here, ip, protocol)).toEqual([]);
      // The socket of the first address is gone too.
      await occupy("0.0.0.0", here.begin, protocol);
    },
  );

  it("a port is in use when two addresses are asked for and the second one has it", async () => {
    const here = await world(2);
    const stranger = await occupy("127.0.0.2", here.begin);
    const ips = ["127.0.0.1", "127.0.0.2"];
    await expect(here.request(ips, { start: here.begin })).rejects.toEqual(inUse("127.0.0.2", here.begin));
    expect(taken(here, "127.0.0.1")).toEqual([]);
    expect((await here.request(["127.0.0.1"], { start: here.begin })).port).toBe(here.begin);
    expect((await here.request(ips)).port).toBe(here.end);
    await stranger.close();
  });

  it.skipIf(!hasProgram("python3", "-V")).each([
    ["bound and not listening", ""],
    ["listening without SO_REUSEADDR", "s.listen()\n"],
  ])("a plain socket, %s, is one (needs python3)", async (_, then) => {
    const here = await world(2);
    // An address on which no other test leaves connections behind (TIME_WAIT), which are in a plain socket's way.
    const program =
      "import socket, sys\ns = socket.socket()\n" +
      `s.bind(("127.0.0.3", ${here.begin}))\n${then}print("there", flush=True)\nsys.stdin.read()`;
    await start("python3", "-c", program);
    await expect(here.request(["0.0.0.0"], { start: here.begin })).rejects.toEqual(
      inUse("0.0.0.0", here.begin),
    );
    expect((await here.request(["0.0.0.0"])).port).toBe(here.end);
  });

  it.skipIf(process.platform !== "linux")(
    "two hundred refusals leave no file descriptor and no claim behind (Linux only)",
    async () => {
      const here = await world(3);
      await occupy("127.0.0.2", here.begin);
      const refuse = async (protocol: HostProtocol): Promise<void> => {
        const request = here.request(["127.0.0.1", "::1", "127.0.0.2"], { protocol, start: here.begin });
        await expect(request).rejects.toEqual(inUse("127.0.0.2", here.begin));
      };
      await occupy("127.0.0.2", here.begin, "udp");
      for (const protocol of PROTOCOLS) await refuse(protocol);
      await nextTurn();
      const before = countDescriptors();
      for (let i = 0; i < 100; i++) for (const protocol of PROTOCOLS) await refuse(protocol);
      await nextTurn();
      expect(countDescriptors()).toBe(before);
      expect([taken(here, "127.0.0.1"), taken(here, "::1")]).toEqual([[], []]);
    },
  );
});

function countDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
