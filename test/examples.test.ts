// The README's code is the examples, and the examples do what their comments say.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const EXAMPLES = join(PROJECT, "examples");
// hello.mjs serves until it is stopped; test/cli/run.test.ts runs it.
const files = readdirSync(EXAMPLES).filter((file) => file !== "hello.mjs");

describe("each example prints what its comments say", () => {
  test.each(files)("%s", (file) => {
    const path = join(EXAMPLES, file);
    const expected = [...readFileSync(path, "utf8").matchAll(/\/\/=> (.*)$/gmu)].map(([, value]) => value);
    const state = mkdtempSync(join(tmpdir(), "moorage-examples-"));
    try {
      const { stdout, stderr, status } = spawnSync(process.execPath, [path], {
        encoding: "utf8",
        env: { ...process.env, MOORAGE_DIR: state },
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout.trimEnd().split("\n")).toEqual(expected.map((value) => value!.replaceAll('"', "")));
      expect(expected.length).toBeGreaterThan(0);
    } finally {
      rmSync(state, { recursive: true, force: true });
    }
  });
});

test("each piece of code in the README is an example", () => {
  const readme = readFileSync(join(PROJECT, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```js\n(.*?)^```$/gmsu)].map(([, code]) => code);
  const sources = files.map((file) => readFileSync(join(EXAMPLES, file), "utf8"));
  expect(new Set(blocks)).toEqual(new Set(sources));
});
