import { once } from "node:events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openHost } from "../../src/host/index.ts";
import { type Folder, newFolder, type Started } from "./moorage.ts";
import { SEES_LISTENERS } from "./servers.ts";

const NODE = process.execPath;
const SOON = { timeout: 20_000, interval: 50 };

/** A server that says its pid and its lease, and goes on whatever becomes of who started it. */
const SERVER = `
  const server = require("node:http").createServer((_, response) => response.end("still here"));
  server.listen(process.env.PORT, "127.0.0.1", () => console.log(process.pid, process.env.MOORAGE_LEASE));`;

interface Orphan {
  readonly run: number;
  readonly pid: number;
  readonly lease: string;
  /** Ends it, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Kills a `moorage run` once its command runs; the command is left behind. */
async function killRun(folder: Folder, { child, line }: Started): Promise<Orphan> {
  const [pid, lease] = (await line()).split(" ") as [string, string];
  const orphan = openHost().process(Number(pid))!;
  const kill = async (): Promise<void> => {
    if (openHost().liveness(orphan) === "dead") return;
    process.kill(orphan.pid, "SIGKILL");
    await vi.waitFor(() => expect(openHost().liveness(orphan)).toBe("dead"), SOON);
  };
  onTestFinished(kill);
  await vi.waitFor(async () => expect((await folder.leases())[0]!.heir?.pid).toBe(orphan.pid), SOON);
  child.kill("SIGKILL");
  await once(child, "exit");
  return { run: child.pid!, pid: orphan.pid, lease, kill };
}

describe("kill -9 of moorage run", () => {
  test("leaves the port to the command, which everybody sees, and frees it when that has ended", async () => {
    await using folder = newFolder();
    const flags = ["--ports", "14500", "--name", "web"];
    const orphan = await killRun(folder, folder.moorage("run", ...flags, "--", NODE, "-e", SERVER));
    expect(await (await fetch("http://127.0.0.1:14500")).text()).toBe("still here");
    const { run, pid, lease } = orphan;
    expect(await folder.leases()).toMatchObject([
      { id: lease, name: "web", ports: [14500], state: "orphaned", holder: { pid: run }, heir: { pid } },
    ]);
    const refused = await folder.run("run", "--ports", "14500", "--", "true");
    expect(refused).toMatchObject({ code: 125 });
    expect(refused.stderr).toContain("1 leased");
    expect((await folder.run("run", "--name", "web", "--", "true")).stderr).toContain("NAME_HELD");
    await orphan.kill();
    expect(await folder.leases()).toMatchObject([{ id: lease, state: "free" }]);
    const again = await folder.run("run", ...flags, "--", NODE, "-p", "process.env.PORT");
    expect(again).toMatchObject({ code: 0, stdout: "14500\n" });
    expect(await folder.leases()).toEqual([]);
  });

  test("leaves it to the command itself where a shell came first", async () => {
    await using folder = newFolder();
    const print =
      'console.log(process.pid, process.env.MOORAGE_LEASE); require("node:net").createServer().listen({ fd: 3 })';
    const started = folder.moorage("run", "--fd", "--ports", "14501", "--", NODE, "-e", print);
    const orphan = await killRun(folder, started);
    expect((await folder.run("run", "--ports", "14501", "--", "true")).stderr).toContain("1 leased");
    await orphan.kill();
    expect(await folder.run("run", "--ports", "14501", "--", "true")).toMatchObject({ code: 0 });
  });
});

describe("of a lease that a killed run left to its command", () => {
  test.skipIf(!SEES_LISTENERS)("who, ls and free name the command, and no hold (Linux only)", async () => {
    await using folder = newFolder();
    const flags = ["--ports", "14502", "--global", "--name", "web"];
    const orphan = await killRun(folder, folder.moorage("run", ...flags, "--", NODE, "-e", SERVER));
    const { run, pid } = orphan;
    const who = await folder.run("who", "web");
    expect(who.stdout).toMatch(new RegExp(`^ +held by node .*\\(pid ${pid}\\), for \\d+s$`, "mu"));
    expect(who.stdout).toMatch(new RegExp(`^ +left to it by .*\\(pid ${run}\\), which is gone$`, "mu"));
    expect(who.stdout).not.toContain("keeps it");
    expect((await folder.run("ls")).stdout).toMatch(
      new RegExp(`^web +14502 +\\S+ orphaned +\\d+s +${pid} +node `, "mu"),
    );
    expect((await folder.run("free", "14502", "--dry-run")).stdout).toMatch(
      new RegExp(`^port 14502 is leased as web to node .*\\(pid ${pid}\\): the lease ends with it$`, "mu"),
    );
    expect(await folder.leases()).toMatchObject([
      { holder: { pid: run }, heir: { pid }, livesWith: "heir", isHeldInKernel: false },
    ]);
    await orphan.kill();
  });

  test("it is said to be over once that has ended too", async () => {
    await using folder = newFolder();
    const flags = ["--ports", "14504", "--global", "--name", "web"];
    const orphan = await killRun(folder, folder.moorage("run", ...flags, "--", NODE, "-e", SERVER));
    await orphan.kill();
    const { stdout } = await folder.run("who", "web");
    expect(stdout).toMatch(/^lease +web: 14504, free$/mu);
    expect(stdout).toMatch(new RegExp(`^ +was held by .*\\(pid ${orphan.run}\\), which is gone$`, "mu"));
    expect(stdout).not.toContain("keeps it");
    expect(await folder.leases()).toMatchObject([{ livesWith: null, isHeldInKernel: false }]);
  });
});

describe("a command that ends", () => {
  test("before it could be left anything is no failure", async () => {
    await using folder = newFolder();
    for (let time = 0; time < 5; time++) {
      expect(await folder.run("run", "--ports", "14503", "--", "true")).toMatchObject({
        code: 0,
        stderr: "moorage: PORT=14503\n",
      });
    }
    expect(await folder.leases()).toEqual([]);
  });
});
