// moorage who: all that is known of one port.

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { MAIN, newFolder, portPrinter } from "./moorage.ts";
import { asNobody, IS_ROOT, SEES_LISTENERS, serverOn } from "./servers.ts";

const NODE = process.execPath;
const PORT = 14810;

interface Report {
  readonly version: number;
  readonly ports: readonly Record<string, unknown>[];
}

describe.skipIf(!SEES_LISTENERS)("moorage who (Linux only)", () => {
  test("a port that nobody has is said to be so, with exit code 2", async () => {
    await using folder = newFolder();
    const { code, stdout } = await folder.run("who", String(PORT));
    expect(code).toBe(2);
    expect(stdout).toMatch(/^port +14810: nobody has it$/mu);
    expect(stdout).toMatch(/^bind +tcp without SO_REUSEADDR: nothing known is in the way$/mu);
  });

  test("a stranger's port shows the socket, the process, its user, project and parents, and who may bind", async () => {
    await using folder = newFolder();
    const project = join(folder.directory, "shop");
    mkdirSync(join(project, "src"), { recursive: true });
    writeFileSync(join(project, "package.json"), "{}");
    const server = folder.start(NODE, serverOn(PORT, { address: "127.0.0.1" }), {
      cwd: join(project, "src"),
    });
    await server.line();
    const { code, stdout } = await folder.run("who", String(PORT));
    expect(code).toBe(0);
    for (const line of [
      `port     ${PORT}`,
      `listens  tcp 127.0.0.1:${PORT}, by pid ${server.child.pid}`,
      `         in ${join(project, "src")} of the project ${project}`,
      `bind     tcp with SO_REUSEADDR: refused, 127.0.0.1 listens (EADDRINUSE)`,
    ]) {
      expect(stdout.split("\n")).toContain(line);
    }
    expect(stdout).toMatch(new RegExp(`^process  ${server.child.pid}  node -e `, "mu"));
    expect(stdout).toMatch(/^ +of \S+, started \d+s ago$/mu);
    expect(stdout).toMatch(new RegExp(`^ +child of .*\\(pid ${process.pid}\\)$`, "mu"));
  });

  test("a leased port shows its lease by name and by number, and its token with --json", async () => {
    await using folder = newFolder();
    const web = folder.moorage("run", "--name", "web", "--ports", String(PORT), "--", ...portPrinter());
    await web.line();
    for (const target of ["web", String(PORT)]) {
      const { code, stdout } = await folder.run("who", target);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^lease +web: 14810, (?:held|starting)$/mu);
      expect(stdout).toMatch(new RegExp(`^ +held by .*\\(pid ${web.child.pid}\\), for \\d+s$`, "mu"));
      expect(stdout).not.toContain("token");
      const json = JSON.parse((await folder.run("who", target, "--json")).stdout) as Report;
      expect(json.ports).toMatchObject([{ leases: [{ token: { epoch: 1 } }] }]);
    }
  });

  test("--json has a version, and everything for programs", async () => {
    await using folder = newFolder();
    const server = folder.start(NODE, serverOn(PORT));
    await server.line();
    const { version, ports } = JSON.parse((await folder.run("who", String(PORT), "--json")).stdout) as Report;
    expect(version).toBe(1);
    expect(ports).toMatchObject([
      {
        port: PORT,
        facts: { isEphemeral: false, isReserved: false, isPrivileged: false, isRefusedByBrowsers: false },
        listeners: [
          {
            protocol: "tcp",
            address: "::",
            owners: [
              {
                pid: server.child.pid,
                uid: process.getuid?.(),
                project: process.cwd(),
                parents: expect.arrayContaining([expect.objectContaining({ pid: process.pid })]) as unknown,
              },
            ],
          },
        ],
        leases: [],
        reservations: [],
        leasedElsewhere: [],
        leasedElsewhereBy: [],
        outlooks: [
          { protocol: "tcp", reuseAddress: false, refusedBy: { rule: "listener", address: "::" } },
          { protocol: "tcp", reuseAddress: true, refusedBy: { rule: "listener", address: "::" } },
          { protocol: "udp", reuseAddress: false, refusedBy: null },
          { protocol: "udp", reuseAddress: true, refusedBy: null },
        ],
      },
    ]);
  });

  test("each port of a name is shown", async () => {
    await using folder = newFolder();
    await folder.run("get", "2", "--name", "pair", "--ports", "14811-14812", "--for", String(process.pid));
    const { stdout } = await folder.run("who", "pair");
    expect(stdout.match(/^port .*$/gmu)).toEqual(["port   14811", "port   14812"]);
  });

  test("a name that has nothing is not found", async () => {
    await using folder = newFolder();
    const { code, stdout, stderr } = await folder.run("who", "web");
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain('LEASE_NOT_FOUND: the name "web" has no lease, and keeps no port');
  });

  test("a port that a name keeps is not nobody's", async () => {
    await using folder = newFolder();
    await folder.run("run", "--name", "db", "--kept", "--ports", String(PORT), "--", NODE, "-e", "");
    const { code, stdout } = await folder.run("who", String(PORT));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kept +for db: 14810$/mu);
  });

  test("a port that another state folder leases is not nobody's", async () => {
    await using other = newFolder();
    const { line, child } = other.moorage("run", "--ports", String(PORT), "--", ...portPrinter());
    await line();
    await using folder = newFolder();
    const { code, stdout } = await folder.run("who", String(PORT));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^leased +tcp, in another state folder or by another user, or by a process that has it though its lease is over$/mu,
    );
    expect(stdout).toMatch(new RegExp(`^ +had by .*\\(pid ${child.pid}\\)$`, "mu"));
  });

  test.skipIf(!IS_ROOT)(
    "of one that another user leases it is said that its process cannot be seen (needs root)",
    async () => {
      await using other = newFolder();
      const { line } = other.moorage("run", "--ports", String(PORT), "--", ...portPrinter());
      await line();
      await using folder = newFolder();
      chmodSync(folder.directory, 0o777);
      const { finished } = folder.start(NODE, [MAIN, "who", String(PORT)], {
        env: { ...asNobody(), MOORAGE_DIR: join(folder.directory, "state") },
      });
      const { stdout } = await finished;
      expect(stdout).toContain("had by a process that cannot be seen from here (sudo may show it)");
    },
  );

  test("UDP sockets are shown, with what binds beside them", async () => {
    await using folder = newFolder();
    await folder.start(NODE, serverOn(PORT, { protocol: "udp", address: "127.0.0.1" })).line();
    const { stdout } = await folder.run("who", String(PORT));
    expect(stdout).toMatch(/^listens +udp 127\.0\.0\.1:14810, by pid \d+$/mu);
    expect(stdout).toMatch(/^bind +tcp with SO_REUSEADDR: nothing known is in the way$/mu);
    expect(stdout).toMatch(
      /^bind +udp with SO_REUSEADDR: refused \(EADDRINUSE\), if the socket on 127\.0\.0\.1 was bound without it$/mu,
    );
  });

  test("what a number says is told: a privileged one that browsers refuse", async () => {
    await using folder = newFolder();
    const { stdout } = await folder.run("who", "1");
    expect(stdout).toMatch(/^number +browsers and fetch\(\) refuse to connect to it$/mu);
  });

  test.skipIf(!IS_ROOT)(
    "a socket whose owner is not seen is shown as such, with what helps (needs root)",
    async () => {
      await using folder = newFolder();
      await folder.start(NODE, serverOn(PORT)).line();
      await using own = newFolder();
      chmodSync(own.directory, 0o777);
      const { finished } = own.start(NODE, [MAIN, "who", String(PORT)], {
        env: { ...asNobody(), MOORAGE_DIR: join(own.directory, "state") },
      });
      const { stdout } = await finished;
      expect(stdout).toContain(
        `tcp [::]:${PORT}, by a process of uid 0 that cannot be seen from here (sudo may show it)`,
      );
      expect(stdout).not.toContain("process  ");
    },
  );
});
