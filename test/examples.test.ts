// The documentation is true: its code is the examples, the examples do what their comments say, and its tables
// have a row for each option and each code there is.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exitCodeOf } from "../src/cli/exit-codes.ts";
import { PortError, type PortErrorCode } from "../src/core/index.ts";
import { open } from "../src/node/index.ts";
import { hasEtcd, type LoneServer, startEtcd, WITHOUT_ETCD } from "./cluster/etcd-server.ts";
import {
  hasPostgres,
  type PostgresServer,
  startPostgres,
  WITHOUT_POSTGRES,
} from "./cluster/postgres-server.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const EXAMPLES = join(PROJECT, "examples");
// hello.mjs serves until it is stopped; test/cli/run.test.ts runs it. Those for test runners are run by them, in
// test/testing, and the monorepo by test/cli/monorepo.test.ts.
const files = readdirSync(EXAMPLES).filter((file) => file.endsWith(".mjs") && file !== "hello.mjs");
/** Those that run on whatever engine MOORAGE_STORE names. */
const ON_ENGINES = ["hosts.mjs", "pool.mjs"];
const library = read("docs/library.md");

function read(path: string): string {
  return readFileSync(join(PROJECT, path), "utf8");
}

function newFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "moorage-examples-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** What an example says that it prints. */
function saidBy(file: string): {
  readonly status: number;
  readonly stderr: string;
  readonly lines: string[];
} {
  const said = [...read(join("examples", file)).matchAll(/\/\/=> (.*)$/gmu)];
  return { status: 0, stderr: "", lines: said.map(([, value]) => value!.replaceAll('"', "")) };
}

function run(file: string, env: NodeJS.ProcessEnv): object {
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(EXAMPLES, file)], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, stderr, lines: stdout.trimEnd().split("\n") };
}

describe("each example prints what its comments say", () => {
  test.each(files.filter((file) => !ON_ENGINES.includes(file)))("%s", (file) => {
    using folder = newFolder();
    expect(run(file, { MOORAGE_DIR: folder.path })).toEqual(saidBy(file));
  });

  let lone: LoneServer | undefined;
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    if (hasEtcd) lone = await startEtcd();
    if (hasPostgres) server = await startPostgres();
  });
  afterAll(async () => {
    await lone?.server.end();
    await server?.stop();
  });

  test.skipIf(!hasEtcd).each(ON_ENGINES)(`%s, on etcd${WITHOUT_ETCD}`, (file) => {
    expect(run(file, { MOORAGE_STORE: `etcd://127.0.0.1:${lone!.port}/${file}` })).toEqual(saidBy(file));
  });

  test.skipIf(!hasPostgres).each(ON_ENGINES)(`%s, on PostgreSQL${WITHOUT_POSTGRES}`, (file) => {
    expect(run(file, { MOORAGE_STORE: `${server!.url}&schema=${file}` })).toEqual(saidBy(file));
  });
});

test("each piece of code in the README and in docs/ is an example, and each example is in one of them", () => {
  const docs = readdirSync(join(PROJECT, "docs")).filter(
    (file) => file.endsWith(".md") && file !== "testing.md",
  );
  const pages = ["README.md", ...docs.map((file) => join("docs", file))].map(read);
  const blocks = pages.flatMap((page) =>
    [...page.matchAll(/^```js\n(.*?)^```$/gmsu)].map(([, code]) => code),
  );
  const sources = files.map((file) => read(join("examples", file)));
  expect(new Set(blocks)).toEqual(new Set(sources));
});

/** The first columns of the table whose head begins with this cell. */
function rowsOf(head: string): string[][] {
  const lines = library.split("\n");
  const at = lines.findIndex((line) => line.startsWith(`| ${head} `));
  const rows = lines.slice(at + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith("|")),
    )
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

test("the reference of the command line has a row for each variable that is Moorage's own", () => {
  const sources = readdirSync(join(PROJECT, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".ts"),
  );
  const named = sources.flatMap((file) => read(join("src", file)).match(/\bMOORAGE_[A-Z_]+/gu) ?? []);
  const rows = [...read("docs/cli.md").matchAll(/^\| `(MOORAGE_[A-Z_]+)` /gmu)].map(([, name]) => name);
  expect(new Set(rows)).toEqual(new Set(named));
});

/** The options that a call says it knows. */
async function optionsOf(call: (options: object) => unknown): Promise<string[]> {
  try {
    await call({ unheardOf: true });
  } catch (error) {
    const [, known] = /known are (.*)$/u.exec((error as Error).message) ?? [];
    if (known !== undefined) return known.split(", ");
    throw error;
  }
  throw new Error("the call takes whatever it is given");
}

describe("the library page has a row for", () => {
  test.each(["open", "acquire", "acquireAll", "release"] as const)("each option of %s", async (call) => {
    using folder = newFolder();
    const registry = await open({ directory: folder.path });
    try {
      const known = await optionsOf((options) => {
        switch (call) {
          case "open":
            return open(options);
          case "acquire":
            return registry.acquire(options);
          case "acquireAll":
            return registry.acquireAll({}, options);
          default:
            return registry.release("web", options);
        }
      });
      const rows = rowsOf(`option of \`${call}\``);
      expect(new Set(rows.map(([option]) => option))).toEqual(
        new Set(known.map((option) => `\`${option}\``)),
      );
    } finally {
      await registry.close();
    }
  });

  test("each code of a PortError, with its exit code", () => {
    const [, details] = /interface PortErrorDetails \{(.*?)^\}/msu.exec(read("src/core/errors.ts"))!;
    const codes = [...details!.matchAll(/^ {2}([A-Z_]+):/gmu)].map(([, code]) => code as PortErrorCode);
    const rows = rowsOf("code").map((row): [string, string] => [row[0]!, row.at(-1)!]);
    const expected = codes.map((code) => [`\`${code}\``, String(exitCodeOf(new PortError(code, "", {})))]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
  });
});
