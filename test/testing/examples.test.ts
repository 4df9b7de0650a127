// docs/testing.md is true: its code is the projects in examples/testing, and their tests pass in their runners.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { makeProject, PACKAGE, startRun } from "./project.ts";

const EXAMPLES = "examples/testing";

test.each<[project: string, packages: readonly string[], command: string, options?: string]>([
  ["vitest", ["vitest"], "node_modules/vitest/vitest.mjs run"],
  ["jest", ["jest"], "node_modules/jest/bin/jest.js --cacheDirectory=cache", "--experimental-vm-modules"],
  [
    "jest-commonjs",
    ["jest", "jest-environment-node"],
    "node_modules/jest/bin/jest.js --cacheDirectory=cache",
  ],
  ["playwright", ["@playwright/test"], "node_modules/@playwright/test/cli.js test"],
])("the example for %s passes", async (project, packages, command, options = "") => {
  const folder = makeProject([join(EXAMPLES, project)], packages);
  const { code, output } = await startRun(folder, command.split(" "), {
    MOORAGE_DIR: join(folder, "state"),
    NODE_OPTIONS: options,
  }).ended;
  expect(output).toSatisfy(() => code === 0);
});

test("each piece of code in docs/testing.md is a file of an example, and each file is in it", () => {
  const page = readFileSync(join(PACKAGE, "docs/testing.md"), "utf8");
  const blocks = [...page.matchAll(/^\/\/ (\S+)\n(.*?)^```$/gmsu)].map(([, file, code]) => [file, code]);
  const names = readdirSync(join(PACKAGE, EXAMPLES), { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => /\.[cm]js$/u.test(name));
  const sources = files.map((file) => [file, readFileSync(join(PACKAGE, EXAMPLES, file), "utf8")]);
  expect(Object.fromEntries(blocks)).toEqual(Object.fromEntries(sources));
});
