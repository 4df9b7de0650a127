// Where a folder is, by the files of git and of packages.

import { chmodSync, chownSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findPlace } from "../../src/project/place.ts";
import { hasGit, newScene } from "./folders.ts";

describe.skipIf(!hasGit)("in git (needs git)", () => {
  test("a repository is a project, and its branch the label of its main worktree", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    expect(findPlace(shop)).toEqual({
      project: {
        id: expect.stringMatching(/^shop-[\da-f]{8}$/u),
        label: "shop",
        folder: shop,
        gitFolder: join(shop, ".git"),
      },
      worktree: { id: "main", label: "main", folder: shop, isMain: true, gitFolder: join(shop, ".git") },
      folder: shop,
      here: shop,
    });
  });

  test("its worktrees are of one project, each with git's own id and its branch", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/basket", "../basket");
    const [main, linked] = [findPlace(shop), findPlace(scene.at("basket"))];
    expect(linked.project).toEqual(main.project);
    expect(linked.worktree).toEqual({
      id: "basket",
      label: "feature/basket",
      folder: scene.at("basket"),
      isMain: false,
      gitFolder: join(shop, ".git/worktrees/basket"),
    });
  });

  test("two folders of one name in two places are two worktrees, as git tells them apart", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "../a/wt");
    scene.git(shop, "worktree", "add", "--quiet", "--detach", "../b/wt");
    expect(findPlace(scene.at("a/wt")).worktree).toMatchObject({ id: "wt", label: "wt" });
    expect(findPlace(scene.at("b/wt")).worktree).toMatchObject({ id: "wt1", label: "wt" });
  });

  test("a worktree that git calls main is not the main worktree", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "-b", "other", "../main");
    expect(findPlace(scene.at("main")).worktree).toMatchObject({ id: "main~", isMain: false });
    expect(findPlace(shop).worktree).toMatchObject({ id: "main", isMain: true });
  });

  test.each([
    [
      "git moves it",
      (scene: ReturnType<typeof newScene>, shop: string) =>
        scene.git(shop, "worktree", "move", "../basket", "../moved"),
    ],
    [
      "it is renamed, and repaired",
      (scene: ReturnType<typeof newScene>, shop: string) => {
        renameSync(scene.at("basket"), scene.at("moved"));
        scene.git(shop, "worktree", "repair", "../moved");
      },
    ],
  ])("a worktree is the same one when %s", (_, move) => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "../basket");
    const before = findPlace(scene.at("basket"));
    move(scene, shop);
    const after = findPlace(scene.at("moved"));
    expect(after.project).toEqual(before.project);
    expect(after.worktree).toEqual({ ...before.worktree, folder: scene.at("moved") });
  });

  test("without a branch a worktree has the name of its folder", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "checkout", "--quiet", "--detach");
    expect(findPlace(shop).worktree.label).toBe("shop");
  });

  test("a bare repository has worktrees and no main one", () => {
    using scene = newScene();
    scene.repository("seed");
    scene.git(scene.folder, "clone", "--quiet", "--bare", "seed", "shop.git");
    scene.git(scene.at("shop.git"), "worktree", "add", "--quiet", "../trees/main");
    expect(findPlace(scene.at("trees/main"))).toMatchObject({
      project: { label: "shop", folder: scene.at("shop.git"), gitFolder: scene.at("shop.git") },
      worktree: { id: "main~", label: "main" },
    });
  });

  test("a .bare folder beside its worktrees is of the project that it lies in", () => {
    using scene = newScene();
    scene.repository("seed");
    scene.git(scene.folder, "clone", "--quiet", "--bare", "seed", "shop/.bare");
    scene.write("shop/.git", "gitdir: ./.bare\n");
    scene.git(scene.at("shop"), "worktree", "add", "--quiet", "wt");
    const [inside, around] = [findPlace(scene.at("shop/wt")), findPlace(scene.at("shop"))];
    expect(inside).toMatchObject({
      project: { label: "shop", folder: scene.at("shop") },
      worktree: { id: "wt" },
    });
    expect(around.project).toEqual(inside.project);
    expect(around.worktree.id).toBe("main");
  });

  test("a submodule is a project of its own", () => {
    using scene = newScene();
    scene.repository("seed");
    const shop = scene.repository("shop");
    scene.git(shop, "submodule", "--quiet", "add", scene.at("seed"), "libs/cart");
    const [outer, inner] = [findPlace(shop), findPlace(join(shop, "libs/cart"))];
    expect(inner).toMatchObject({
      project: { label: "cart", gitFolder: join(shop, ".git/modules/libs/cart") },
      worktree: { id: "main", folder: join(shop, "libs/cart") },
    });
    expect(inner.project.id).not.toBe(outer.project.id);
  });

  test("a repository whose git folder is kept elsewhere is found through its .git file", () => {
    using scene = newScene();
    scene.write("kept/README");
    mkdirSync(scene.at("shop"));
    scene.git(scene.at("shop"), "init", "--quiet", "--separate-git-dir", scene.at("kept/shop-git"));
    expect(findPlace(scene.at("shop"))).toMatchObject({
      project: { label: "shop-git", gitFolder: scene.at("kept/shop-git") },
      worktree: { id: "main", folder: scene.at("shop") },
    });
  });

  test.each([
    ["that is empty", ""],
    ["that points nowhere", "gitdir: /nowhere/.git/worktrees/x\n"],
    ["that is something else", "\u0000\u0001"],
  ])("a .git file %s is none", (_, content) => {
    using scene = newScene();
    scene.write("shop/.git", content);
    scene.write("shop/package.json", {});
    expect(findPlace(scene.at("shop"))).toMatchObject({
      project: { label: "shop", folder: scene.at("shop"), gitFolder: null },
      worktree: { id: "main", label: "shop" },
    });
  });

  test("an empty .git folder is none: the repository around it counts", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    mkdirSync(join(shop, "inner/.git"), { recursive: true });
    expect(findPlace(join(shop, "inner")).worktree.folder).toBe(shop);
  });

  test("the package is the nearest one in the worktree, and never one outside of it", () => {
    using scene = newScene();
    scene.write("package.json", {});
    const shop = scene.repository("shop");
    scene.write("shop/apps/web/package.json", {});
    scene.write("shop/apps/api/src/main.py");
    expect(findPlace(scene.write("shop/apps/web/src/main.js"))).toMatchObject({
      folder: join(shop, "apps/web"),
      here: join(shop, "apps/web/src"),
    });
    expect(findPlace(join(shop, "apps/api"))).toMatchObject({ folder: shop, here: join(shop, "apps/api") });
  });

  test("links lead to the place itself", () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.write("shop/apps/web/package.json", {});
    symlinkSync(join(shop, "apps"), scene.at("link"));
    expect(findPlace(scene.at("link/web"))).toEqual(findPlace(join(shop, "apps/web")));
  });
});

describe("without git", () => {
  test("the nearest moorage.json makes the project, above the package that one is in", () => {
    using scene = newScene();
    scene.write("shop/moorage.json", {});
    scene.write("shop/apps/web/package.json", {});
    expect(findPlace(scene.at("shop/apps/web"))).toMatchObject({
      project: { label: "shop", folder: scene.at("shop"), gitFolder: null },
      worktree: { id: "main", label: "shop", isMain: true },
      folder: scene.at("shop/apps/web"),
    });
  });

  test("so does the moorage key of a package.json", () => {
    using scene = newScene();
    scene.write("shop/package.json", { moorage: {} });
    scene.write("shop/apps/web/package.json", { keywords: ["moorage"] });
    expect(findPlace(scene.at("shop/apps/web")).project.folder).toBe(scene.at("shop"));
  });

  test("else the nearest package.json, else the folder itself", () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    expect(findPlace(scene.write("shop/src/main.js")).project.folder).toBe(scene.at("shop"));
    expect(findPlace(scene.write("other/main.js")).project.folder).toBe(scene.at("other"));
  });

  test.skipIf(process.getuid?.() !== 0)("another user's files steer nothing (needs root)", async () => {
    using scene = newScene();
    scene.write("moorage.json", {});
    scene.write("shop/main.js");
    scene.write("own/package.json", {});
    chmodSync(scene.folder, 0o755);
    const [somebody, me] = [65533, 65534];
    chownSync(scene.at("moorage.json"), somebody, somebody);
    chownSync(scene.at("own/package.json"), me, me);
    process.seteuid!(me);
    const { getuid } = process;
    process.getuid = () => me;
    try {
      expect(findPlace(scene.at("shop")).project.folder).toBe(scene.at("shop"));
      expect(findPlace(scene.at("own")).project.folder).toBe(scene.at("own"));
    } finally {
      process.getuid = getuid!;
      process.seteuid!(0);
    }
    expect(findPlace(scene.at("shop")).project.folder).toBe(scene.folder);
  });
});

test("two folders of one name are two projects, and names that cannot stand in an id are made fit", () => {
  using scene = newScene();
  const places = ["a/shop", "b/shop", "-- my shop! --", "é".repeat(90), "…"].map((name) =>
    findPlace(scene.write(`${name}/package.json`, {})),
  );
  const [first, second, ...odd] = places.map(({ project }) => project.id);
  expect(first).not.toBe(second);
  expect(odd.map((id) => id.slice(0, -9))).toEqual(["my-shop", "é".repeat(40), "project"]);
});

test.each([["nowhere"], ["file"]])("what is no folder is refused: %s", (name) => {
  using scene = newScene();
  writeFileSync(scene.at("file"), "");
  expect(() => findPlace(scene.at(name))).toThrow(
    /^`folder`: expected a folder that is there, received the string /u,
  );
});
