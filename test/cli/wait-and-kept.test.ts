// Waiting, names that keep their ports, and several protocols, on the command line.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { type Finished, MAIN, newFolder, PTY } from "./moorage.ts";
import { hasProgram } from "../host/processes.ts";

const SELF = ["--for", String(process.pid)] as const;

describe("--wait", () => {
  test("prints the port as soon as its holder has given it back", async () => {
    await using folder = newFolder();
    const { child, line } = folder.moorage(
      "run",
      "--ports",
      "14700",
      "--",
      process.execPath,
      "-e",
      "console.log(1); process.stdin.resume()",
    );
    await line();
    const waiting = folder.run("get", "--ports", "14700", "--wait", "30", ...SELF);
    child.kill("SIGTERM");
    expect(await waiting).toMatchObject({ code: 0, stdout: "14700\n" });
  });

  test("ends with 4 when the time is over, and says who was in the way", async () => {
    await using folder = newFolder();
    await folder.run("get", "--ports", "14701", ...SELF);
    const { code, stdout, stderr } = await folder.run("get", "--ports", "14701", "--wait", "1", ...SELF);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toMatch(/^moorage: TIMED_OUT: after 1 s still no tcp port available in 14701: 1 leased/u);
  });

  test.skipIf(!hasProgram("python3", "-c", "import pty"))(
    "says on a terminal what it waits for and who has it (needs python3)",
    async () => {
      await using folder = newFolder();
      await folder.run("get", "--ports", "14702", "--name", "web", ...SELF);
      const other = folder.start(process.execPath, ["-e", "process.stdin.resume()"]);
      const flags = ["--wait", "30", "--for", String(other.child.pid)];
      for (const asked of [
        ["--ports", "14702"],
        ["--name", "web"],
      ]) {
        const terminal = folder.start("python3", [
          "-c",
          PTY,
          process.execPath,
          MAIN,
          "get",
          ...asked,
          ...flags,
        ]);
        expect(await terminal.line()).toMatch(
          /^waiting, 30 s at most: (?:no tcp port available in 14702: 1 leased to|"web" \(port 14702\) is held by) .* \(pid \d+\)\r?$/u,
        );
        terminal.child.stdin!.write("\u0003");
        await terminal.finished;
      }
    },
  );

  test.skipIf(!hasProgram("python3", "-c", "import pty"))(
    "says nothing of waiting on a terminal where there is nothing to wait for (needs python3)",
    async () => {
      await using folder = newFolder();
      await folder.run("get", "--ports", "14703", "--name", "web", ...SELF);
      const get = ["get", "--name", "web", "--wait", ...SELF];
      const ask = (...flags: string[]): Promise<Finished> =>
        folder.start("python3", ["-c", PTY, process.execPath, MAIN, ...get, ...flags]).finished;
      expect((await ask()).stdout).toBe("14703\r\n");
      expect((await ask("--protocol", "udp")).stdout).toMatch(
        /^moorage: NAME_HELD: .*asked for is udp instead of tcp/u,
      );
    },
  );

  test("refuses what is not a number of seconds", async () => {
    await using folder = newFolder();
    const { code, stderr } = await folder.run("get", "--wait", "soon", ...SELF);
    expect(code).toBe(64);
    expect(stderr).toMatch(/`--wait`: expected a whole number from 1 to 86400, received "soon"/u);
  });
});

describe("--kept", () => {
  test("a name keeps its port when the lease ends, until it is given up", async () => {
    await using folder = newFolder();
    await folder.run("get", "--global", "--name", "web", "--ports", "14710", "--kept", ...SELF);
    expect((await folder.run("ls")).stdout).toMatch(/web +14710 +\S+ held, kept /u);
    expect(await folder.run("release", "web")).toMatchObject({ code: 0 });
    expect((await folder.run("ls")).stdout).toMatch(/web +14710 +\S+ kept/u);
    expect(await folder.run("get", "--ports", "14710", ...SELF)).toMatchObject({ code: 3 });
    expect(await folder.run("get", "--global", "--name", "web", ...SELF)).toMatchObject({
      code: 0,
      stdout: "14710\n",
    });
    await folder.run("release", "web");
    const { code, stderr } = await folder.run("release", "web");
    expect(code).toBe(2);
    expect(stderr).toMatch(/"web" has no lease, it only keeps port 14710; .*--give-up/u);
    expect(await folder.run("release", "web", "--give-up")).toMatchObject({
      code: 0,
      stderr: "web does not keep port 14710 any more\n",
    });
    expect(await folder.run("get", "--ports", "14710", ...SELF)).toMatchObject({
      code: 0,
      stdout: "14710\n",
    });
    expect(await folder.run("release", "web", "--give-up")).toMatchObject({ code: 2 });
  });

  test("needs a name", async () => {
    await using folder = newFolder();
    const { code, stderr } = await folder.run("get", "--kept", ...SELF);
    expect(code).toBe(64);
    expect(stderr).toMatch(/`--kept`: ports are kept for a name/u);
  });
});

describe("--protocol", () => {
  test("leases one number for tcp and udp, passing over what either has taken", async () => {
    await using folder = newFolder();
    const socket = createSocket("udp4").bind(14720);
    await once(socket, "listening");
    try {
      const { stdout } = await folder.run("get", "--ports", "14720-14721", "--protocol", "tcp,udp", ...SELF);
      expect(stdout).toBe("14721\n");
      expect((await folder.run("ls")).stdout).toMatch(/14721\/tcp\+udp /u);
    } finally {
      socket.close();
    }
  });

  test("refuses a protocol that there is not", async () => {
    await using folder = newFolder();
    expect(await folder.run("get", "--protocol", "icmp", ...SELF)).toMatchObject({ code: 64 });
  });
});

describe("release --force", () => {
  test("of a running command's port is told by that command's moorage", async () => {
    await using folder = newFolder();
    const { child, line, finished } = folder.moorage(
      "run",
      "--ports",
      "14730",
      "--",
      process.execPath,
      "-e",
      "console.log(1); process.stdin.resume()",
    );
    await line();
    expect(await folder.run("release", "14730", "--force")).toMatchObject({ code: 0 });
    child.kill("SIGTERM");
    expect((await finished).stderr).toContain(
      "moorage: LEASE_LOST: the lease of port 14730 was given back; ask for the port again",
    );
  });
});
