// What the built program loads: each command what it needs, and nobody the agents' server who has not asked for it.

import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Folder, MAIN, newFolder } from "./moorage.ts";

const BIN = dirname(MAIN);

/** The files of the program that a command loads, as the runtime's coverage tells. */
async function loadedBy(folder: Folder, args: readonly string[]): Promise<string[]> {
  const coverage = mkdtempSync(join(folder.directory, "coverage-"));
  const { child, finished } = folder.start(process.execPath, [MAIN, ...args], {
    env: { NODE_V8_COVERAGE: coverage },
  });
  child.stdin!.end();
  await finished;
  const urls = readdirSync(coverage).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(coverage, file), "utf8")) as {
      result: readonly { readonly url: string }[];
    };
    return result.map(({ url }) => url);
  });
  const files = urls.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
  return files.filter((file) => dirname(file) === BIN).map((file) => basename(file));
}

/** The files that have the SDK in them, or a part of what it needs. */
const FOREIGN = readdirSync(BIN).filter(
  (file) => file.endsWith(".js") && readFileSync(join(BIN, file), "utf8").includes("// node_modules/"),
);

test("mcp loads the SDK", async () => {
  await using folder = newFolder();
  const loaded = await loadedBy(folder, ["mcp"]);
  expect(FOREIGN).not.toEqual([]);
  expect(loaded).toEqual(expect.arrayContaining(FOREIGN));
});

test.each([
  [["--help"]],
  [["ls"]],
  [["who", "14880"]],
  [["get", "--for", String(process.pid)]],
  [["run", "--", process.execPath, "-e", ""]],
  [["wait", "14880", "--free"]],
  [["release", "14880"]],
  [["doctor"]],
  [["completion", "bash"]],
  [["complete", "--", ""]],
])("moorage %j does not", async (args) => {
  await using folder = newFolder();
  const loaded = await loadedBy(folder, args);
  expect(loaded).toContain(basename(MAIN));
  expect(loaded.filter((file) => FOREIGN.includes(file))).toEqual([]);
});

test("the licenses of what is bundled are beside it", () => {
  const notice = readFileSync(join(BIN, "THIRD-PARTY-LICENSES.txt"), "utf8");
  const packages = FOREIGN.flatMap((file) => {
    const paths = readFileSync(join(BIN, file), "utf8").matchAll(
      /^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gmu,
    );
    return [...paths].map(([, name]) => name!);
  });
  expect(packages).toContain("@modelcontextprotocol/sdk");
  for (const name of new Set(packages)) expect(notice).toMatch(new RegExp(`^${name} \\d`, "mu"));
});
