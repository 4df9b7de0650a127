// As a new user would try it: examples/monorepo in two worktrees of one repository, both started at once with one command
// each, killed, and started again.

import { spawnSync } from "node:child_process";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { hasProgram } from "../host/processes.ts";
import { type Folder, newFolder, type Started } from "./moorage.ts";
import { projectWith, startIn } from "./projects.ts";
import { SEES_LISTENERS } from "./servers.ts";

const EXAMPLE = fileURLToPath(new URL("../../examples/monorepo", import.meta.url));
const SERVICES = ["web", "api", "db"];
const SOON = { timeout: 40_000, interval: 100 };

/** A repository of the example with a second worktree; their folders. */
function twoWorktrees(): readonly [string, string] {
  const root = projectWith({});
  const main = join(root, "shop");
  const feature = join(root, "shop-feature");
  cpSync(EXAMPLE, main, { recursive: true });
  const git = (...words: readonly string[]): void => {
    const settings = [
      "-c",
      "user.name=Ann",
      "-c",
      "user.email=ann@example.org",
      "-c",
      "init.defaultBranch=main",
    ];
    const { status, stderr } = spawnSync("git", ["-C", main, ...settings, ...words], { encoding: "utf8" });
    expect({ words, status, stderr: status === 0 ? "" : stderr }).toMatchObject({ status: 0 });
  };
  git("init", "-q");
  git("add", "-A");
  git("commit", "-qm", "A shop");
  git("worktree", "add", "-q", "-b", "feature/basket", feature);
  return [main, feature];
}

interface Running extends Started {
  /** By the service. */
  readonly ports: Readonly<Record<string, number>>;
}

/** Starts all services of a worktree, and waits until each of them is ready. */
async function startAll(state: Folder, folder: string): Promise<Running> {
  const started = startIn(state, folder, ["run", "--ready"], { PORT: "1" });
  let stderr = "";
  started.child.stderr!.on("data", (text: string) => (stderr += text));
  const portOf = (service: string): number =>
    Number(new RegExp(`^moorage: ${service} is ready: \\w+://localhost:(\\d+)$`, "mu").exec(stderr)?.[1]);
  await vi.waitFor(() => expect(SERVICES.map(portOf).filter(Number.isInteger)).toHaveLength(3), SOON);
  return { ...started, ports: Object.fromEntries(SERVICES.map((service) => [service, portOf(service)])) };
}

async function askWeb({ ports }: Running): Promise<string> {
  return await (await fetch(`http://localhost:${ports["web"]}/`)).text();
}

describe.skipIf(!hasProgram("git", "--version") || !SEES_LISTENERS)(
  "the services of a monorepo in two worktrees (git, Linux only)",
  () => {
    test("start at once with one command each, reach their own, and have the same ports after kill -9", async () => {
      await using state = newFolder();
      const folders = twoWorktrees();
      const first = await Promise.all(folders.map((folder) => startAll(state, folder)));
      const ports = first.flatMap((one) => Object.values(one.ports));
      expect(new Set(ports).size).toBe(6);
      for (const one of first) {
        expect(await askWeb(one)).toBe(
          `web on ${one.ports["web"]} was told: hello, by the api on ${one.ports["api"]}`,
        );
      }

      const { stdout } = await state.run("ls", "--json");
      const { leases } = JSON.parse(stdout) as { leases: { name: string; ports: [number]; state: string }[] };
      expect(leases.map((lease) => lease.state)).toEqual(Array.from({ length: 6 }, () => "listening"));
      const nameOf = (port: number): string => leases.find((lease) => lease.ports[0] === port)!.name;
      const places = first.map((one) =>
        SERVICES.map((service) => nameOf(one.ports[service]!).replace(new RegExp(`/${service}$`, "u"), "")),
      );
      for (const names of places) expect(new Set(names).size).toBe(1);
      expect(places[0]![0]).toMatch(/^shop-[\da-f]{8}\/main$/u);
      expect(places[1]![0]).toBe(places[0]![0]!.replace(/main$/u, "shop-feature"));

      const commands = (await state.leases()).map(({ heir }) => heir!.pid);
      for (const { child } of first) child.kill("SIGKILL");
      for (const pid of commands) process.kill(-pid, "SIGKILL");
      await Promise.all(first.map(({ finished }) => finished));

      const second = await Promise.all(folders.map((folder) => startAll(state, folder)));
      expect(second.map((one) => one.ports)).toEqual(first.map((one) => one.ports));
      expect(await askWeb(second[1]!)).toContain(`by the api on ${first[1]!.ports["api"]}`);
      for (const { child } of second) child.kill("SIGINT");
      for (const { finished } of second) expect((await finished).code).not.toBe(null);
      expect(await state.leases()).toEqual([]);
    });
  },
);
