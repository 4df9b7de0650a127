// Errors say what to do next: behind a semicolon, after what is wrong.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withNextStep } from "../../src/cli/next-step.ts";
import { PortError } from "../../src/core/index.ts";
import { MAIN, newFolder } from "./moorage.ts";

const PID = String(process.pid);

describe("says what to do next:", () => {
  test.each<[readonly string[], RegExp]>([
    [["release", "nobody"], /^moorage: LEASE_NOT_FOUND: .*; `moorage ls` shows what there is\n$/u],
    [["release", "14890"], /^moorage: LEASE_NOT_FOUND: .*; `moorage ls` shows what there is\n$/u],
    [
      ["release", "--give-up", "nobody"],
      /^moorage: LEASE_NOT_FOUND: .*; `moorage ls` shows what there is\n$/u,
    ],
    [["who", "nobody"], /^moorage: LEASE_NOT_FOUND: .*; `moorage ls` shows what there is\n$/u],
    [
      ["get", "--for", String(2 ** 31 - 1)],
      /^moorage: PROCESS_NOT_FOUND: .*; give the pid of a process that runs\n$/u,
    ],
    [
      ["get", "2", "--ports", "14891-14892", "--for", PID],
      /^moorage: NO_PORT_AVAILABLE: .*; ask for more ports, or see /u,
    ],
    [
      ["get", "--name", "taken", "--for", PID],
      /^moorage: NAME_HELD: .*; choose another name, wait for it .*, or take it away with /u,
    ],
    [["free", "14893", "--yes"], /^moorage: NOT_FOUND: .*; `moorage who 14893` shows who has it\n$/u],
    [["wait", "14893", "--timeout", "1"], /^moorage: TIMED_OUT: .*; see `moorage who 14893`\n$/u],
    [["wait", "nobody", "--timeout", "1"], /^moorage: TIMED_OUT: .*; see `moorage ls`\n$/u],
    [["get", "--bogus"], /^moorage: USAGE: .*\n\(see moorage get --help\)\n$/u],
  ])("moorage %j", async (args, says) => {
    await using folder = newFolder();
    const holder = folder.start(process.execPath, ["-e", 'console.log("up"); process.stdin.resume()']);
    await holder.line();
    await folder.run("get", "--name", "taken", "--ports", "14892", "--for", String(holder.child.pid));
    expect((await folder.run(...args)).stderr).toMatch(says);
  });

  test("a state folder that cannot be used", async () => {
    await using folder = newFolder();
    const file = join(folder.directory, "file");
    writeFileSync(file, "");
    const env = { MOORAGE_DIR: file };
    const { stderr } = await folder.start(process.execPath, [MAIN, "ls"], { env }).finished;
    expect(stderr).toMatch(/^moorage: STORE_UNAVAILABLE: .*; .*name another folder with MOORAGE_DIR\n$/u);
  });
});

test("an engine that does not answer has no folder to make room in", () => {
  const error = new PortError("STORE_UNAVAILABLE", "no answer", { path: "etcd at http://10.0.0.1:2379" });
  expect(withNextStep(error)).toBe(
    "no answer; look whether it runs, and can be reached from here as MOORAGE_STORE says",
  );
});

test("advice that a message has already is not given twice", () => {
  const error = new PortError("LEASE_NOT_FOUND", "nobody has it; look elsewhere", { input: "web" });
  expect(withNextStep(error)).toBe("nobody has it; look elsewhere");
  expect(withNextStep(new Error("boom"))).toBe("boom");
  expect(withNextStep("boom")).toBe("boom");
});
