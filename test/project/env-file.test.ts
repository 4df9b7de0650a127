// Variables as other programs read them, and the block of them in a file.

import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { setOutside, withBlock, writeBlock } from "../../src/project/env-file.ts";
import { formatVariables } from "../../src/project/env-formats.ts";
import { findPlace } from "../../src/project/place.ts";
import { readConfig } from "../../src/project/read-config.ts";
import { hasGit, newScene } from "./folders.ts";

const BEGIN = "# >>> moorage: written by `moorage env --write`, and anew each time";
const END = "# <<< moorage";

/** Values that mean something to one reader or another. */
const HARD: Readonly<Record<string, string>> = {
  PLAIN: "http://localhost:24310/app?a=b&c=~d",
  EMPTY: "",
  BLANK: "two words",
  HASH: "a#b #c",
  DOLLAR: "$HOME ${HOME}",
  DOUBLE: 'say "x"',
  BACK: "a\\b `c`",
  SEMICOLON: "a;b|c",
};

describe("each format says the variables", () => {
  using scene = newScene();
  const place = findPlace(scene.write("shop/moorage.json", {}));
  const context = { place, config: readConfig(place) };

  test.each(["dotenv", "compose"] as const)("%s, as Node reads it", (format) => {
    const { COMPOSE_PROJECT_NAME: name, ...read } = parseEnv(formatVariables(HARD, format, context));
    expect(read).toEqual(HARD);
    expect(name).toBe(format === "compose" ? place.project.id : undefined);
  });

  test.each(["dotenv", "export"] as const)("%s, as a shell reads it", (format) => {
    const all = { ...HARD, SINGLE: "it's", LINES: format === "export" ? "a\nb" : "a" };
    const text = formatVariables(all, format, context);
    const names = Object.keys(all);
    const script = `set -a\n${text.replaceAll("&", "&")}\nprintf '%s\\0' ${names.map((name) => `"$${name}"`).join(" ")}`;
    // A plain & ends a command, and a URL is only quoted for a shell.
    const shown =
      format === "export"
        ? script
        : script.replace(/^PLAIN=.*$/mu, "PLAIN='http://localhost:24310/app?a=b&c=~d'");
    const values = execFileSync("sh", ["-c", shown], { encoding: "utf8" }).split("\0").slice(0, -1);
    expect(Object.fromEntries(names.map((name, at) => [name, values[at]]))).toEqual(all);
  });

  test("json, as an object", () => {
    expect(JSON.parse(formatVariables(HARD, "json", context))).toEqual(HARD);
  });

  test("direnv, and watches the config", () => {
    expect(formatVariables({ WEB_PORT: "1" }, "direnv", context)).toBe(
      `watch_file ${place.project.folder}/moorage.json\nexport WEB_PORT=1\n`,
    );
    expect(formatVariables({ A: "1" }, "direnv", { place, config: { file: null } })).toBe("export A=1\n");
  });
});

test.skipIf(!hasGit)(
  "compose has another project in each worktree, by a name that it takes (needs git)",
  () => {
    using scene = newScene();
    const shop = scene.repository("Shop Ü");
    scene.git(shop, "worktree", "add", "--quiet", "../Basket.2");
    const names = [shop, scene.at("Basket.2")].map((folder) => {
      const place = findPlace(folder);
      return /^COMPOSE_PROJECT_NAME=(.*)\n$/u.exec(
        formatVariables({}, "compose", { place, config: { file: null } }),
      )![1]!;
    });
    expect(names[0]).toMatch(/^shop-+[\da-f]{8}$/u);
    expect(names[1]).toBe(`${names[0]}-basket-2`);
  },
);

describe("a block in a file", () => {
  const fenced = (...lines: string[]): string => [BEGIN, ...lines, END].join("\n");

  test.each<[string, string, string]>([
    ["is all of an empty one", "", `${fenced("A=1")}\n`],
    ["comes after what is there", "X=1\n", `X=1\n${fenced("A=1")}\n`],
    ["comes after a last line without an end", "X=1", `X=1\n${fenced("A=1")}\n`],
    [
      "takes the place of the one before",
      `X=1\n${fenced("B=2", "C=3")}\nY=2\n`,
      `X=1\n${fenced("A=1")}\nY=2\n`,
    ],
    [
      "takes that of an older version's",
      "# >>> moorage\nB=2\n# <<< moorage, the end\nY=2",
      `${fenced("A=1")}\nY=2`,
    ],
    ["ends a file as the one before did", `X=1\n\n${fenced("B=2")}`, `X=1\n\n${fenced("A=1")}`],
    [
      "ends its lines as the others do",
      "X=1\r\nY=2\r\n",
      `X=1\r\nY=2\r\n${fenced("A=1").replaceAll("\n", "\r\n")}\r\n`,
    ],
    ["is the same when it is written again", `${fenced("A=1")}\nX=1\n`, `${fenced("A=1")}\nX=1\n`],
  ])("%s", (_, before, after) => {
    expect(withBlock(before, "A=1\n", ".env")).toBe(after);
  });

  test.each([
    ["without an end", `${BEGIN}\nA=1\n`],
    ["without a beginning", `A=1\n${END}\n`],
    ["twice", `${fenced("A=1")}\n${fenced("A=1")}\n`],
    ["with its end first", `${END}\n${BEGIN}\n`],
  ])("is refused %s, and nothing is written", (_, before) => {
    using scene = newScene();
    scene.write(".env", before);
    expect(() => writeBlock(scene.at(".env"), "A=2\n")).toThrow(
      /^`--write`: expected a file with one block .* mend it by hand$/u,
    );
    expect(readFileSync(scene.at(".env"), "utf8")).toBe(before);
  });

  test("leaves the bytes, the mode and the links of the rest as they are", () => {
    using scene = newScene();
    const rest = Buffer.from([0x58, 0x3d, 0xff, 0xfe, 0x0a]);
    scene.write("kept/.env");
    writeFileSync(scene.at("kept/.env"), rest);
    chmodSync(scene.at("kept/.env"), 0o640);
    symlinkSync("kept/.env", scene.at(".env"));
    expect(writeBlock(scene.at(".env"), "ORT=Köln\n")).toBe(true);
    expect(readFileSync(scene.at("kept/.env"))).toEqual(
      Buffer.concat([rest, Buffer.from(`${fenced("ORT=Köln")}\n`)]),
    );
    expect(statSync(scene.at("kept/.env")).mode & 0o777).toBe(0o640);
    expect(readdirSync(scene.at("kept"))).toEqual([".env"]);
    expect(writeBlock(scene.at(".env"), "ORT=Köln\n")).toBe(false);
  });

  test("is refused where a folder is, or none", () => {
    using scene = newScene();
    mkdirSync(scene.at(".env"));
    for (const path of [".env", "nowhere/.env"]) {
      expect(() => writeBlock(scene.at(path), "A=1\n")).toThrow(
        /^`--write`: expected a file that can be written, received /u,
      );
    }
  });

  test("is refused where it would replace something else than a file, and for a read-only one", () => {
    using scene = newScene();
    execFileSync("mkfifo", [scene.at("pipe")]);
    symlinkSync("/dev/null", scene.at("device"));
    scene.write("kept", "X=1\n");
    chmodSync(scene.at("kept"), 0o444);
    symlinkSync("circle", scene.at("circle"));
    for (const [path, why] of [
      ["pipe", "it is no regular file"],
      ["device", "it is no regular file"],
      ["kept", ""],
      ["circle", "its links lead back to themselves"],
    ] as const) {
      expect(() => writeBlock(scene.at(path), "A=1\n")).toThrow(
        new RegExp(`^\`--write\`: expected a file that can be written, received .*${why}`, "u"),
      );
    }
    expect(readFileSync(scene.at("kept"), "utf8")).toBe("X=1\n");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });

  test("comes into the file that a link leads to, also when that is not there yet", () => {
    using scene = newScene();
    mkdirSync(scene.at("kept"));
    symlinkSync("kept/next", scene.at(".env"));
    symlinkSync("../kept/.env", scene.at("kept/next"));
    expect(writeBlock(scene.at(".env"), "A=1\n")).toBe(true);
    expect(readFileSync(scene.at("kept/.env"), "utf8")).toBe(`${fenced("A=1")}\n`);
    expect(lstatSync(scene.at(".env")).isSymbolicLink()).toBe(true);
  });

  test("tells of variables that are set outside of it", () => {
    using scene = newScene();
    scene.write(".env", `A=0\n${fenced("A=1", "B=1", "C=1")}\n export C = 2\nBB=1\n# B=1\n`);
    expect(setOutside(scene.at(".env"), ["A", "B", "C"])).toEqual(["A", "C"]);
  });
});

describe.skipIf(!hasGit)("a file that git tracks is refused (needs git)", () => {
  test.each<[string, (scene: ReturnType<typeof newScene>) => string]>([
    ["by its name", () => "shop/.env"],
    ["through a link to it", (scene) => (symlinkSync("shop/.env", scene.at("link")), "link")],
    [
      "in a linked worktree",
      (scene) => (scene.git(scene.at("shop"), "worktree", "add", "--quiet", "../wt"), "wt/.env"),
    ],
  ])("%s", (_, arrange) => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.write("shop/.env", "X=1\n");
    scene.git(shop, "add", ".env");
    scene.git(shop, "commit", "--quiet", "--message", "env");
    const path = arrange(scene);
    expect(() => writeBlock(scene.at(path), "A=1\n")).toThrow(
      /^`--write`: expected a file that git does not track, received .*\.gitignore$/u,
    );
    expect(readFileSync(scene.at("shop/.env"), "utf8")).toBe("X=1\n");
  });

  test.each([
    ["a folder by a relative path", () => ({ GIT_DIR: ".git" })],
    ["another index", (scene: ReturnType<typeof newScene>) => ({ GIT_INDEX_FILE: scene.at("none") })],
  ])("whatever the variables of a hook name: %s", (_, variables) => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.write("shop/apps/.env", "X=1\n");
    scene.git(shop, "add", ".");
    const script = `import { writeBlock } from ${JSON.stringify(new URL("../../dist/project/index.js", import.meta.url).href)};
      writeBlock("apps/.new", "A=1\\n"); writeBlock("apps/.env", "A=1\\n");`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: shop,
      encoding: "utf8",
      env: { ...process.env, ...variables(scene) },
    });
    expect(status).toBe(1);
    expect(stderr).toMatch(/expected a file that git does not track, received .*apps\/\.env/u);
    expect(readdirSync(scene.at("shop/apps"))).toEqual([".env", ".new"]);
  });

  test("but not one beside it whose name is a pattern", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.write("shop/.env");
    scene.git(shop, "add", ".env");
    expect(writeBlock(scene.at("shop/.en?"), "A=1\n")).toBe(true);
  });

  test("and so is any, when git cannot be asked", () => {
    using scene = newScene();
    scene.repository("shop");
    const script = `import { writeBlock } from ${JSON.stringify(new URL("../../dist/project/index.js", import.meta.url).href)};
      writeBlock(${JSON.stringify(scene.at("shop/.env"))}, "A=1\\n");`;
    const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: { PATH: "/nowhere" },
    });
    expect(status).toBe(1);
    expect(stderr).toContain("expected a file that can be written");
  });
});
