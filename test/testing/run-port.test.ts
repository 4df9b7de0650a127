// The ports of a run: the same for whoever belongs to it, and for nobody else.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { describe, expect, it } from "vitest";

import type { ProcessIdentity } from "../../src/contract/index.ts";
import { leaseRunPorts } from "../../src/testing/index.ts";
import { notedPorts, notePorts, runOf } from "../../src/testing/run.ts";
import { temporaryFolder } from "../stores/folder.ts";

const FAMILY = fileURLToPath(new URL("family.mjs", import.meta.url));
const DOOR = String(new URL("../../dist/testing/index.js", import.meta.url));

async function node(args: readonly string[], directory: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    // Without the number of this worker: these are runs of their own.
    env: { ...process.env, VITEST_POOL_ID: undefined, MOORAGE_DIR: directory },
  });
  return JSON.parse(stdout);
}

describe("the port of a run", () => {
  it.each(["runPort", "leaseRunPorts", "nobody"])(
    "is one for its runner, workers and threads, asked for first by %s, and another one for each other runner",
    async (first) => {
      const told = await node([FAMILY, first], temporaryFolder());
      const { runner, worker, thread, loader, below, besides } = told as Record<string, number>;
      expect([worker, thread, loader]).toEqual([runner, runner, runner]);
      expect([below, besides]).not.toContain(runner);
    },
  );

  it("is told at once when it is known, held until a server listens, and let go of on request", async () => {
    const script = `
      import { open } from "${DOOR.replace("testing", "node")}";
      import { leaseRunPorts, runPort } from "${DOOR}";
      const { ports, release } = await leaseRunPorts(["web", "db"]);
      const registry = await open();
      const held = (await registry.list()).map((lease) => [lease.state, lease.isHeldInKernel, lease.ttlMs]);
      const known = [runPort("web"), runPort("db")];
      await release();
      console.log(JSON.stringify({ ports, held, known, left: (await registry.list()).length, again: runPort("web") }));
      await registry.close();
    `;
    const told = (await node(["--input-type=module", "-e", script], temporaryFolder())) as {
      ports: { web: number; db: number };
    };
    const { web, db } = told.ports;
    const isHeld = process.platform === "linux";
    const held = ["held", isHeld, null];
    expect(told).toEqual({ ports: { web, db }, held: [held, held], known: [web, db], left: 0, again: web });
  });

  it.each<[name: string, directory: string | undefined, error: object]>([
    ['" web"', undefined, { name: "RangeError" }],
    ['"x".repeat(199)', undefined, { name: "RangeError" }],
    ["7", undefined, { name: "TypeError" }],
    ['"web"', "/dev/null/state", { name: "PortError", code: "STORE_UNAVAILABLE", path: "/dev/null/state" }],
  ])("is refused as a lease is: %s in %s", async (name, directory, error) => {
    const script = `
      import { runPort } from "${DOOR}";
      try {
        runPort(${name});
      } catch (error) {
        console.log(JSON.stringify({ ...error, name: error.name }));
      }
    `;
    const told = await node(["--input-type=module", "-e", script], directory ?? temporaryFolder());
    expect(told).toEqual(error);
  });
});

it("asks for its names in a list", async () => {
  const names = "web" as unknown as readonly string[];
  await expect(leaseRunPorts(names)).rejects.toThrow(
    new TypeError('`names`: expected a list of names, received the string "web"'),
  );
});

/** A process of this pid that has not been looked at. */
function identity(pid: number): ProcessIdentity {
  return { pid, startTime: pid * 10, boot: "boot", namespaces: "", command: "node" };
}

describe("the run of a process", () => {
  const self = identity(2);
  const host = { self, ancestors: () => [] };

  it.each<[string, Record<string, string>]>([
    ["of which nothing is known", {}],
    ["that carries the number of somebody else's worker", { JEST_WORKER_ID: "3" }],
    ["that carries another run's note", { MOORAGE_TEST_RUN: '{"run":"1.10","ports":{"web":20000}}' }],
    [
      "that carries the note of one that had its pid",
      { MOORAGE_TEST_RUN: '{"run":"2.10","ports":{"web":20000}}' },
    ],
    ["that carries what is no note", { MOORAGE_TEST_RUN: "null" }],
    ["that carries what is nothing", { MOORAGE_TEST_RUN: "{" }],
  ])("%s is its own, with no ports", (_, env) => {
    expect(runOf(env, host)).toBe(self);
    expect(notedPorts(env, self)).toEqual({});
  });

  it("that was noted has the ports that were noted last", () => {
    const env = {};
    notePorts(env, self, { web: 20_000 });
    notePorts(env, self, { web: 20_001, db: 20_002 });
    expect(runOf(env, host)).toBe(self);
    expect(notedPorts(env, self)).toEqual({ web: 20_001, db: 20_002 });
    expect(notedPorts(env, identity(3))).toEqual({});
  });
});
