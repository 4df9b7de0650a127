import { describe, expect, test } from "vitest";
import { newFolder, portPrinter } from "./moorage.ts";
import { SEES_LISTENERS } from "./servers.ts";

describe("moorage ls", () => {
  test("an empty registry prints nothing on stdout and says so on stderr", async () => {
    await using folder = newFolder();
    expect(await folder.run("ls")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "no leases; next: moorage run -- COMMAND\n",
    });
    expect(JSON.parse((await folder.run("ls", "--json")).stdout)).toEqual({
      version: 3,
      leases: [],
      reservations: [],
    });
  });

  test("each lease is a row with its port, name, state, age, pid and command", async () => {
    await using folder = newFolder();
    const { child, line } = folder.moorage(
      "run",
      "--global",
      "--name",
      "web",
      "--ports",
      "14600",
      "--",
      ...portPrinter(),
    );
    await line();
    await folder.run("get", "3", "--ports", "14610-14612", "--for", String(process.pid));
    const { stdout } = await folder.run("ls");
    const [header, web, block, ...rest] = stdout.trimEnd().split("\n");
    expect(header).toMatch(/^NAME +PORT +STATE +AGE +PID +COMMAND$/u);
    expect(web).toMatch(new RegExp(`^web +14600 +\\S (?:held|starting) +\\d+s +${child.pid} +node -e `, "u"));
    expect(block).toMatch(new RegExp(`^- +14610-14612 +\\S held +\\d+s +${process.pid} +`, "u"));
    expect(rest).toEqual([]);
  });

  test("what processes left that had no name is counted on stderr, and shown where there is nothing else", async () => {
    await using folder = newFolder();
    const gone = folder.start(process.execPath, ["-e", "process.stdin.resume()"]);
    for (const port of ["14601", "14602"]) {
      await folder.run("get", "--ports", port, "--for", String(gone.child.pid));
    }
    gone.child.kill("SIGKILL");
    await gone.finished;
    const alone = await folder.run("ls");
    expect(alone.stdout.match(/^- +\d+ +\S free /gmu)).toHaveLength(2);
    expect(alone.stderr).toBe("2 free\n");
    await folder.run("get", "--ports", "14603", "--for", String(process.pid));
    const { stdout, stderr } = await folder.run("ls");
    expect(stdout.match(/(?<=^- +)\d+/gmu)).toEqual(["14603"]);
    expect(stderr).toBe("1 held\nand 2 without a name, free: their leases are over (--json shows them)\n");
    expect(await folder.leases()).toHaveLength(3);
  });

  test("--json has a version and every field a program needs", async () => {
    await using folder = newFolder();
    await folder.run("get", "--global", "--name", "web", "--for", String(process.pid));
    const { version, leases } = JSON.parse((await folder.run("ls", "--json")).stdout) as Record<
      string,
      unknown
    >;
    expect(version).toBe(3);
    expect(leases).toEqual([
      {
        id: expect.any(String) as string,
        name: "web",
        protocols: ["tcp"],
        addresses: ["::"],
        ports: [expect.any(Number) as number],
        holder: expect.objectContaining({ pid: process.pid }) as object,
        state: "held",
        listeners: SEES_LISTENERS ? [] : null,
        hasTimeLimit: false,
        heir: null,
        livesWith: "holder",
        isHeldInKernel: false,
        grantedAt: expect.any(Number) as number,
        token: { epoch: 1, revision: expect.any(Number) as number },
        project: null,
        worktree: null,
        service: null,
        url: null,
      },
    ]);
  });
});

describe("moorage release", () => {
  test("a running stranger's lease takes --force, by name and by port", async () => {
    await using folder = newFolder();
    const { line } = folder.moorage("run", "--name", "web", "--", ...portPrinter());
    const port = await line();
    for (const target of ["web", port]) {
      const refused = await folder.run("release", target);
      expect(refused).toMatchObject({ code: 5, stdout: "" });
      expect(refused.stderr).toContain("LEASE_HELD");
      expect(refused.stderr).toContain(`port ${port} is leased to`);
      expect(refused.stderr).toContain("--force");
    }
    expect(await folder.leases()).toHaveLength(1);
    expect(await folder.run("release", "web", "--force")).toMatchObject({ code: 0 });
    expect(await folder.leases()).toEqual([]);
  });

  test("a run whose lease was taken away does not take its successor's", async () => {
    await using folder = newFolder();
    const { child, line, finished } = folder.moorage("run", "--ports", "14620", "--", ...portPrinter());
    await line();
    await folder.run("release", "14620", "--force");
    await folder.run("get", "--ports", "14620", "--for", String(process.pid));
    child.kill("SIGTERM");
    await finished;
    expect(await folder.leases()).toMatchObject([{ ports: [14620], holder: { pid: process.pid } }]);
  });

  test("who descends from the holder needs no force", async () => {
    await using folder = newFolder();
    await folder.run("get", "--name", "web", "--for", String(process.pid));
    expect(await folder.run("release", "web")).toMatchObject({ code: 0 });
  });

  test("a port of several is given back alone", async () => {
    await using folder = newFolder();
    const args = ["get", "2", "--name", "pair", "--ports", "14630-14631", "--for", String(process.pid)];
    await folder.run(...args);
    await folder.run("release", "14630");
    expect(await folder.leases()).toMatchObject([{ name: "pair", ports: [14631] }]);
    await folder.run("release", "pair");
    expect(await folder.leases()).toEqual([]);
  });

  test("what is not of digits alone is a name", async () => {
    await using folder = newFolder();
    for (const name of ["2024-01-01", "10%", "+14650"]) {
      await folder.run("get", "--name", name, "--for", String(process.pid));
      expect(await folder.run("release", name)).toMatchObject({ code: 0 });
      expect(await folder.leases()).toEqual([]);
    }
  });

  test("what nobody holds is not found", async () => {
    await using folder = newFolder();
    for (const target of ["web", "14640"]) {
      const { code, stderr } = await folder.run("release", target);
      expect(code).toBe(2);
      expect(stderr).toContain("LEASE_NOT_FOUND");
      expect(stderr).toContain(target);
    }
  });
});
