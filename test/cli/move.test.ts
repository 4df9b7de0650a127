// moorage export and import: names with their ports, from one state folder into another.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { open } from "../../src/node/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { MAIN, newFolder } from "./moorage.ts";

const SELF = ["--for", String(process.pid)] as const;

test("what export prints, import takes in from a file, and says what became of it", async () => {
  await using one = newFolder();
  await using two = newFolder();
  await one.run("get", "--ports", "14750", "--name", "web", "--global", "--kept", ...SELF);
  const { code, stdout } = await one.run("export");
  expect(code).toBe(0);
  expect(stdout.split("\n")[0]).toMatch(/^\{"moorage":"export","version":1,/u);
  const file = join(temporaryFolder(), "ports.jsonl");
  writeFileSync(file, stdout);
  expect(await two.run("import", file)).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "imported 1 name, 1 lease, 0 other records\n",
  });
  const again = await two.run("import", file);
  expect(again.code).toBe(64);
  expect(again.stderr).toContain("`--merge`: there are records in the scope");
  const merged = await two.run("import", "--merge", file);
  expect(merged.stderr).toContain("left as they are: port/tcp/14750, name/");
});

test.each([
  [1, "1 lease can only live where it was granted: its process goes on there and is not known here"],
  [2, "2 leases can only live where they were granted: their processes go on there and are not known here"],
])("import says how many leases with a time limit stay where they are: %i", async (count, line) => {
  await using one = newFolder();
  await using two = newFolder();
  {
    await using registry = await open({ directory: one.directory });
    for (let at = 0; at < count; at += 1) await registry.acquire({ ports: "14751-14759", ttlMs: 60_000 });
    const file = join(temporaryFolder(), "ports.jsonl");
    writeFileSync(file, (await one.run("export")).stdout);
    const { stderr } = await two.run("import", file);
    expect(stderr.split("\n")[1]).toBe(line);
  }
});

test("a MOORAGE_SCOPE without an engine is a usage error", async () => {
  await using folder = newFolder();
  const options = { env: { MOORAGE_SCOPE: "pool/vip-1" } };
  const { code, stderr } = await folder.start(process.execPath, [MAIN, "export"], options).finished;
  expect([code, stderr]).toEqual([
    64,
    'moorage: USAGE: `MOORAGE_SCOPE`: belongs to a registry on an engine, received the string "pool/vip-1"; name the engine in MOORAGE_STORE, or leave it out\n',
  ]);
});

test("import refuses a file that is not there, and what is no export", async () => {
  await using folder = newFolder();
  const missing = await folder.run("import", "nowhere.jsonl");
  expect(missing).toMatchObject({ code: 64, stdout: "" });
  expect(missing.stderr).toContain(
    'moorage: USAGE: `file`: expected one that can be read, received the string "nowhere.jsonl": ENOENT',
  );
  const file = join(temporaryFolder(), "package.json");
  writeFileSync(file, "{}");
  const { code, stderr } = await folder.run("import", file);
  expect(code).toBe(64);
  expect(stderr).toContain("expected what `moorage export` wrote, received something else");
});
