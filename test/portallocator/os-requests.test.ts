// Requests to an OSAllocator: many at once, ended early, and those that can never be granted.

import { spawnSync } from "node:child_process";
import { nextTick } from "node:process";
import { setImmediate as nextTurn } from "node:timers/promises";

import { describe, expect, it } from "vitest";

import { PortAllocator } from "../../src/portallocator/index.ts";
import { OSAllocator } from "../../src/portallocator/os/index.ts";
import { canRunAsRoot } from "../host/processes.ts";
import { occupy } from "../host/sockets.ts";
import { BOTH, PROTOCOLS, taken, world } from "./os-world.ts";

describe("requests at the same time", () => {
  it("get a port each, as many as there are, and the others are told that there is none", async () => {
    const here = await world(12);
    for (const at of [0, 3, 4, 11]) await occupy("127.0.0.1", here.begin + at);
    const requests = Array.from({ length: 20 }, () => here.request(BOTH));
    const outcomes = await Promise.allSettled(requests);
    const ports = outcomes.flatMap((one) =>
      one.status === "fulfilled" ? [one.value.port - here.begin] : [],
    );
    expect(ports).toEqual([1, 2, 5, 6, 7, 8, 9, 10]);
    expect(
      outcomes.flatMap((one) => (one.status === "rejected" ? [(one.reason as Error).name] : [])),
    ).toEqual(Array.from({ length: 12 }, () => "PortError"));
  });

  it("are not refused what another one was about to give back", async () => {
    const here = await world(2);
    await occupy("127.0.0.2", here.begin);
    await occupy("127.0.0.2", here.end);
    const outcomes = await Promise.allSettled([
      here.request(["127.0.0.1", "127.0.0.2"]),
      here.request(["127.0.0.1"]),
      here.request(["127.0.0.1", "127.0.0.2"]),
      here.request(["127.0.0.1"]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
  });

  it("do not keep those who use the book itself from a port that the system refuses", async () => {
    const here = await world(20);
    for (let port = here.begin; port <= here.end; port++) await occupy("127.0.0.2", port);
    const search = here.request(["127.0.0.1", "127.0.0.2"]).catch((error: Error) => error.message);
    for (let turn = 0; turn < 5; turn++) {
      await nextTurn();
      expect(taken(here, "127.0.0.1").length).toBeLessThanOrEqual(1);
    }
    expect(await search).toContain("no port is free: the system refused the 20 that were left");
  });
});

describe("an abort", () => {
  it("before the request rejects it with the reason", async () => {
    const here = await world(1);
    const reason = new Error("enough");
    await expect(here.request(["127.0.0.1"], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(taken(here, "127.0.0.1")).toEqual([]);
  });

  it("while it searches gives back what it had, and the next one is served", async () => {
    const here = await world(40);
    const strangers = [];
    for (let port = here.begin; port <= here.end; port++) strangers.push(await occupy("127.0.0.1", port));
    const abort = new AbortController();
    const reason = new Error("enough");
    const search = here.request(BOTH, { signal: abort.signal }).catch((error: unknown) => error);
    const next = here.request(["127.0.0.1"]);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    await strangers[0]!.close();
    abort.abort(reason);
    expect(await search).toBe(reason);
    expect((await next).port).toBe(here.begin);
    for (const ip of BOTH) expect(taken(here, ip)).toEqual([here.begin].filter(() => ip === "0.0.0.0"));
  });

  it("while others are before it takes effect at once", async () => {
    const here = await world(40);
    for (let port = here.begin; port <= here.end; port++) await occupy("127.0.0.1", port);
    const abort = new AbortController();
    const events: string[] = [];
    const first = here.request(BOTH).catch(() => events.push("first"));
    const second = here
      .request(["127.0.0.2"], { signal: abort.signal })
      .catch((error: unknown) => events.push(`second: ${String(error)}`));
    const third = here.request(["127.0.0.2"]).then(() => events.push("third"));
    await nextTurn();
    abort.abort("enough");
    await Promise.all([first, second, third]);
    expect(events).toEqual(["second: enough", "first", "third"]);
  });

  it("by a timer comes through a search without an end", async () => {
    const here = await world(60);
    for (let port = here.begin; port <= here.end; port++) await occupy("127.0.0.1", port);
    const search = here.request(["0.0.0.0"], { signal: AbortSignal.timeout(1) });
    await expect(search).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("at whatever moment leaves nothing behind of a request that was not granted by then", async () => {
    const here = await world(4);
    const outcomes = new Set<string>();
    for (let ticks = 0; ticks < 16; ticks++) {
      const abort = new AbortController();
      let granted = false;
      const request = here
        .request(["127.0.0.1", "127.0.0.2", "::1"], { signal: abort.signal })
        .then((port) => {
          granted = true;
          return port;
        });
      for (let tick = 0; tick < ticks; tick++) await new Promise((resolve) => nextTick(resolve));
      const expected = granted ? "fulfilled" : "rejected";
      abort.abort();
      const [outcome] = await Promise.allSettled([request]);
      expect([ticks, outcome.status]).toEqual([ticks, expected]);
      if (outcome.status === "fulfilled") await outcome.value.release();
      expect(taken(here, "127.0.0.1")).toEqual([]);
      outcomes.add(outcome.status);
    }
    expect(outcomes.size).toBe(2);
  });

  it("leaves no listener on the signal", async () => {
    const here = await world(4);
    const { signal } = new AbortController();
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...rest: Parameters<typeof add>) => {
      listeners++;
      add(...rest);
    };
    signal.removeEventListener = (...rest: Parameters<typeof remove>) => {
      listeners--;
      remove(...rest);
    };
    await Promise.all([
      here.request(["127.0.0.1"], { signal }),
      here.request(["127.0.0.1"], { signal }),
      here.request(["127.0.0.1"], { signal }),
    ]);
    expect(listeners).toBe(0);
  });
});

describe("what cannot be had is refused at once", () => {
  it.each(PROTOCOLS)("an address that this machine does not have (%s)", async (protocol) => {
    const here = await world(4);
    await expect(here.request(["127.0.0.1", "192.0.2.77"], { protocol })).rejects.toMatchObject({
      code: "INVALID_ADDRESS",
      input: "192.0.2.77",
    });
    expect(taken(here, "127.0.0.1", protocol)).toEqual([]);
  });

  it("sctp, for which Node has no sockets", async () => {
    const here = await world(1);
    const request = here.allocator.requestPortsInRange(["127.0.0.1"], "sctp" as "tcp", 0, 0);
    await expect(request).rejects.toMatchObject({ code: "UNKNOWN_PROTOCOL", input: "sctp" });
    await expect(request).rejects.toThrow("Node opens no SCTP sockets");
  });

  it.each<[string, readonly unknown[], object]>([
    ["an unknown protocol", [["::1"], "icmp", 0, 0], { code: "UNKNOWN_PROTOCOL" }],
    ["half a range", [["::1"], "tcp", 0, 80], { code: "INVALID_PORT_RANGE", input: "0-80" }],
    ["no address", [[], "tcp", 0, 0], { code: "INVALID_ADDRESS" }],
    ["null for an address", [[null], "tcp", 0, 0], { code: "INVALID_ADDRESS" }],
    ["a zone", [["fe80::1%lo"], "tcp", 0, 0], { code: "INVALID_ADDRESS" }],
    ["an address alone", ["::1", "tcp", 0, 0], { name: "TypeError", message: saying("`ips`") }],
    ["an address twice", [["::1", "0::1"], "tcp", 0, 0], { name: "RangeError", message: saying("twice") }],
    [
      "an address and its wildcard",
      [["127.0.0.1", "0.0.0.0"], "tcp", 0, 0],
      { name: "RangeError", message: saying("`ips`") },
    ],
    ["no signal", [["::1"], "tcp", 0, 0, { signal: 5 }], { name: "TypeError", message: saying("`signal`") }],
    ["an option it has not", [["::1"], "tcp", 0, 0, { tries: 5 }], { message: saying("`tries`") }],
  ])("%s", async (_, parameters, refusal) => {
    const allocator = new OSAllocator(new PortAllocator());
    const request = allocator.requestPortsInRange(
      ...(parameters as Parameters<OSAllocator["requestPortsInRange"]>),
    );
    await expect(request).rejects.toMatchObject(refusal);
  });

  it.skipIf(!canRunAsRoot("true"))("a port that takes a privilege, without it (needs root)", () => {
    const program =
      'const { OSAllocator } = await import("./dist/portallocator/os/index.js");' +
      "process.setgroups([]); process.setgid(65534); process.setuid(65534);" +
      "const say = ({ code, address, port, cause }) => console.log(code, address ?? cause.address, port ?? cause.port, cause.code);" +
      "const allocator = new OSAllocator();" +
      'await allocator.requestPortsInRange(["127.0.0.1"], "tcp", 3, 3).catch(say);' +
      'await allocator.requestPortsInRange(["127.0.0.1"], "udp", 3, 5).catch(say);';
    const place = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
    const { stdout } = spawnSync(
      "unshare",
      [...place, process.execPath, "--input-type=module", "-e", program],
      { encoding: "utf8" },
    );
    expect(stdout.trim().split("\n")).toEqual([
      "PORT_FORBIDDEN 127.0.0.1 3 EACCES",
      "NO_PORT_AVAILABLE 127.0.0.1 5 PORT_FORBIDDEN",
    ]);
  });
});

function saying(text: string): unknown {
  return expect.stringContaining(text) as unknown;
}
