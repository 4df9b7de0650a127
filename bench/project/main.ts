// npm run bench:project: what it takes to know where a folder is, beside asking git. The first call of a process is
// mostly what Node takes to compile what it has not run yet.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPlace, readConfig } from "moorage/project";
import { type FloorLine, median, printLines } from "../floor-lines.ts";

const ROUNDS = 200;
const GIT_ROUNDS = 20;
const ASKED = ["rev-parse", "--git-common-dir", "--git-dir", "--show-toplevel", "--abbrev-ref", "HEAD"];

const scene = mkdtempSync(join(tmpdir(), "moorage-bench-"));
try {
  printLines(measure(makeWorktree(scene)));
} finally {
  rmSync(scene, { recursive: true, force: true });
}

/** A folder five levels deep in a linked worktree with a config. */
function makeWorktree(folder: string): string {
  const shop = join(folder, "shop");
  mkdirSync(shop);
  const git = (...parameters: readonly string[]): unknown =>
    execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", ...parameters], {
      cwd: shop,
      stdio: "ignore",
    });
  git("init");
  git("commit", "--allow-empty", "--message", "begin");
  git("worktree", "add", "-b", "feature/basket", "../basket");
  const deep = join(folder, "basket/apps/web/src/pages/cart");
  mkdirSync(deep, { recursive: true });
  writeFileSync(
    join(folder, "basket/moorage.json"),
    JSON.stringify({ services: { web: { folder: "apps/web" } } }),
  );
  writeFileSync(join(folder, "basket/apps/web/package.json"), "{}");
  return deep;
}

function measure(folder: string): FloorLine[] {
  const first = timeOf(() => findPlace(folder));
  const place = findPlace(folder);
  const again = median(Array.from({ length: ROUNDS }, () => timeOf(() => findPlace(folder))));
  const config = median(Array.from({ length: ROUNDS }, () => timeOf(() => readConfig(place))));
  const git = median(
    Array.from({ length: GIT_ROUNDS }, () => timeOf(() => spawnSync("git", ASKED, { cwd: folder }))),
  );
  const line = (id: string, title: string, ours: number): FloorLine => ({
    id: `project/${id}`,
    title,
    ours,
    unit: "ms",
    floor: git,
    floorTitle: "git rev-parse",
    bar: "",
    met: true,
  });
  return [
    line("place-first", "findPlace(), the first call", first),
    { ...line("place", "findPlace()", again), bar: "< 1 ms", met: again < 1 },
    { ...line("config", "readConfig()", config), floor: null, floorTitle: "" },
  ];
}

function timeOf(call: () => unknown): number {
  const began = performance.now();
  call();
  return performance.now() - began;
}
