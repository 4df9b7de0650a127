// Which ancestors are copies of a shell that are gone in a moment, and which are programs that were started.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import type { Ancestor } from "../../src/contract/index.ts";
import { isCopy, type Forebear } from "../../src/host/lineage.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { askWitness, hasProgram } from "./processes.ts";

interface Told {
  readonly shell: number;
  readonly ancestors: readonly Ancestor[];
}

/** Runs the command "$@" in a shell script; the line that it printed must come out. */
async function ancestorsIn(shell: string, script: string): Promise<Told> {
  return (await askWitness([shell, "-c", script, shell], "ancestors")) as Told;
}

const RANDOM_LAYOUT = "/proc/sys/kernel/randomize_va_space";
const random = existsSync(RANDOM_LAYOUT) && readFileSync(RANDOM_LAYOUT, "utf8").trim() !== "0";

describe.skipIf(!random).each(["bash", "dash"].filter((shell) => hasProgram(shell, "-c", "true")))(
  "of a program that %s starts,",
  (shell) => {
    it.each([
      ["in a pipeline of a substitution", 'x=$("$@" $$ | cat); echo "$x"'],
      ["in a list of a substitution", 'x=$("$@" $$ || exit 1); echo "$x"'],
      ["in a substitution of a function", 'f() { "$@" $$; true; }; x=$(f "$@"); echo "$x"'],
      ["in parentheses", '("$@" $$; true); true'],
      ["in parentheses in parentheses", '( ("$@" $$; true); true); true'],
    ])("%s, all ancestors below the script's shell are copies", async (_, script) => {
      const told = await ancestorsIn(shell, script);
      const at = told.ancestors.findIndex(({ pid }) => pid === told.shell);
      expect(at).toBeGreaterThan(0);
      expect(told.ancestors.slice(0, at).every(({ forked }) => forked)).toBe(true);
      expect(told.ancestors[at]?.forked).toBe(false);
    });

    it("as a plain command, the parent is the script's shell, and no copy", async () => {
      const told = await ancestorsIn(shell, '"$@" $$; true');
      expect(told.ancestors[0]).toMatchObject({ pid: told.shell, forked: false });
      expect(told.ancestors[1]).toMatchObject({ pid: process.pid });
    });

    it("in a shell that runs the same script with the same arguments, no shell is a copy", async () => {
      const file = join(temporaryFolder(), "script");
      writeFileSync(file, `if [ "$AGAIN" ]; then "$@" $$; else export AGAIN=1; ${shell} "$0" "$@"; fi; true`);
      const told = (await askWitness([shell, file], "ancestors")) as Told;
      const [inner, outer] = told.ancestors;
      expect(inner).toMatchObject({ pid: told.shell, forked: false, command: outer?.command });
      expect(outer?.forked).toBe(false);
    });
  },
);

function seen(layout: string | undefined, ...commandLine: readonly string[]): Forebear {
  const stat = { state: "S", parent: 1, group: 1, session: 1, threads: 1, startTime: 1, layout };
  return { pid: 2, stat, commandLine };
}

describe("a copy", () => {
  it.each<[string, Forebear, Forebear | undefined, boolean]>([
    ["has the same layout and command line", seen("8 9", "sh"), seen("8 9", "sh"), true],
    ["has the same arguments", seen("8 9", "sh", "a"), seen("8 9", "sh", "b"), false],
    ["has the same layout", seen("8 9", "sh"), seen("8 7", "sh"), false],
    ["has a layout that is told", seen(undefined, "sh"), seen(undefined, "sh"), false],
    ["has a parent that can be seen", seen("8 9", "sh"), undefined, false],
  ])("%s", (_, child, parent, copy) => {
    expect(isCopy(child, parent)).toBe(copy);
  });
});
