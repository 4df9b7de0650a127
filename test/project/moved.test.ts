// Projects and worktrees that are moved, copied, deleted and unmounted: whose ports stay, and whose are given up.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, renameSync, rmSync, statSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { openProject, type Project } from "../../src/project/project.ts";
import { PATIENCE_MS } from "../../src/project/prune.ts";
import { hasGit, newScene, type Scene } from "./folders.ts";

async function openIn(scene: Scene, folder: string): Promise<Project> {
  return await openProject({ folder: scene.at(folder), directory: scene.at("state"), quarantineMs: 0 });
}

async function portOf(scene: Scene, folder: string): Promise<number> {
  await using project = await openIn(scene, folder);
  return (await project.ports(["web"])).get("web")!;
}

/** A repository with a linked worktree beside it. */
function withWorktree(): Scene {
  const scene = newScene();
  scene.git(scene.repository("shop"), "worktree", "add", "--quiet", "../basket");
  return scene;
}

/** Names of services without the ids of their projects. */
async function keptNames(project: Project): Promise<string[]> {
  return (await project.registry.reservations()).map(({ name }) => name.replace(/^.*?\//u, ""));
}

const tellsFolders = ((): boolean => {
  using scene = newScene();
  return statSync(scene.folder, { bigint: true }).birthtimeNs > 0n;
})();
const canMount = ((): boolean => {
  using scene = newScene();
  mkdirSync(scene.at("disk"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "none", scene.at("disk")]).status === 0;
  if (isMounted) spawnSync("umount", [scene.at("disk")]);
  return isMounted;
})();

describe.skipIf(!hasGit)("a worktree keeps its ports (needs git) when", () => {
  test.each<[string, (scene: Scene) => void]>([
    ["git moves it", (scene) => scene.git(scene.at("shop"), "worktree", "move", "../basket", "../moved")],
    [
      "it is renamed, and repaired",
      (scene) => {
        renameSync(scene.at("basket"), scene.at("moved"));
        scene.git(scene.at("shop"), "worktree", "repair", "../moved");
      },
    ],
  ])("%s", async (_, move) => {
    using scene = withWorktree();
    const [main, before] = [await portOf(scene, "shop"), await portOf(scene, "basket")];
    move(scene);
    expect(await portOf(scene, "shop")).toBe(main);
    expect(await portOf(scene, "moved")).toBe(before);
    await using project = await openIn(scene, "moved");
    expect(await project.prune({ missing: true })).toEqual([]);
  });

  test.skipIf(!tellsFolders)(
    "the main checkout is renamed (needs a file system that tells when a folder was made)",
    async () => {
      using scene = withWorktree();
      const before = [await portOf(scene, "shop"), await portOf(scene, "basket")];
      renameSync(scene.at("shop"), scene.at("store"));
      // It can be seen from a worktree first, and then lies where it was not seen yet.
      scene.git(scene.at("store"), "worktree", "repair");
      expect([await portOf(scene, "store"), await portOf(scene, "basket")]).toEqual(before);
      await using project = await openIn(scene, "basket");
      expect(await project.places()).toMatchObject([{ label: "store", folder: scene.at("store") }]);
      expect(await project.prune({ missing: true })).toEqual([]);
    },
  );
});

describe.skipIf(!tellsFolders)("a project (needs a file system that tells when a folder was made)", () => {
  test("keeps its ports when its folder is moved, and what is made in its place gets others", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    const before = await portOf(scene, "shop");
    renameSync(scene.at("shop"), scene.at("store"));
    expect(await portOf(scene, "store")).toBe(before);
    scene.write("shop/package.json", {});
    const successor = await portOf(scene, "shop");
    expect(successor).not.toBe(before);
    expect([await portOf(scene, "shop"), await portOf(scene, "store")]).toEqual([successor, before]);
  });

  test("keeps its ports when another one is moved to where it was", async () => {
    using scene = newScene();
    for (const name of ["a", "b"]) scene.write(`${name}/package.json`, {});
    const [a, b] = [await portOf(scene, "a"), await portOf(scene, "b")];
    renameSync(scene.at("a"), scene.at("c"));
    renameSync(scene.at("b"), scene.at("a"));
    expect([await portOf(scene, "a"), await portOf(scene, "c")]).toEqual([b, a]);
  });

  test("that is a copy is another one", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    const before = await portOf(scene, "shop");
    cpSync(scene.at("shop"), scene.at("copy"), { recursive: true });
    expect(await portOf(scene, "copy")).not.toBe(before);
    expect(await portOf(scene, "shop")).toBe(before);
  });
});

test("a project that is deleted and made again at its path has its ports again", async () => {
  using scene = newScene();
  scene.write("shop/package.json", {});
  const before = await portOf(scene, "shop");
  rmSync(scene.at("shop"), { recursive: true });
  scene.write("other/x");
  scene.write("shop/package.json", {});
  expect(await portOf(scene, "shop")).toBe(before);
});

describe.skipIf(!hasGit)("what a worktree kept (needs git)", () => {
  test("is given up when git removed it, on the way of the next request", async () => {
    using scene = withWorktree();
    await portOf(scene, "basket");
    await portOf(scene, "shop");
    scene.git(scene.at("shop"), "worktree", "remove", "../basket");
    await using project = await openIn(scene, "shop");
    expect(await keptNames(project)).toEqual(["basket/web", "main/web"]);
    await project.acquire("web");
    expect(await keptNames(project)).toEqual(["main/web"]);
    expect(await project.places()).toMatchObject([{ worktrees: [{ id: "main" }] }]);
  });

  test("is told and left alone by a dry run", async () => {
    using scene = withWorktree();
    const port = await portOf(scene, "basket");
    scene.git(scene.at("shop"), "worktree", "remove", "../basket");
    await using project = await openIn(scene, "shop");
    const gone = {
      project: "shop",
      label: "basket",
      folder: scene.at("basket"),
      because: "deleted",
      services: [{ service: "web", ports: [port] }],
    };
    expect(await project.prune({ dryRun: true })).toEqual([gone]);
    expect(await project.prune()).toEqual([gone]);
    expect(await project.prune()).toEqual([]);
    expect(await keptNames(project)).toEqual([]);
  });

  test("is waited for when its folder is gone: it may have been moved", async () => {
    using scene = withWorktree();
    const port = await portOf(scene, "basket");
    rmSync(scene.at("basket"), { recursive: true });
    await using project = await openIn(scene, "shop");
    expect(await project.prune()).toEqual([]);
    expect(await project.places()).toMatchObject([{ worktrees: [{ id: "basket", presence: "missing" }] }]);
    expect(await keptNames(project)).toEqual(["basket/web"]);
    const now = Date.now();
    const clock = vi.spyOn(Date, "now");
    try {
      clock.mockReturnValue(now + PATIENCE_MS - 1000);
      expect(await project.prune()).toEqual([]);
      clock.mockReturnValue(now + PATIENCE_MS + 1000);
      expect(await project.prune()).toMatchObject([
        { because: "missing", services: [{ service: "web", ports: [port] }] },
      ]);
    } finally {
      clock.mockRestore();
    }
  });

  test("is given up at once by who asks for it", async () => {
    using scene = withWorktree();
    await portOf(scene, "basket");
    rmSync(scene.at("basket"), { recursive: true });
    await using project = await openIn(scene, "shop");
    expect(await project.prune({ missing: true })).toMatchObject([{ because: "missing" }]);
    expect(await keptNames(project)).toEqual([]);
  });

  test("is counted as missing anew when it was there in between", async () => {
    using scene = withWorktree();
    await portOf(scene, "basket");
    await using project = await openIn(scene, "shop");
    renameSync(scene.at("basket"), scene.at("away"));
    await project.prune();
    renameSync(scene.at("away"), scene.at("basket"));
    await project.prune();
    renameSync(scene.at("basket"), scene.at("away"));
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + PATIENCE_MS + 1000);
    try {
      expect(await project.prune()).toEqual([]);
    } finally {
      clock.mockRestore();
    }
  });

  test("stays with a server that still runs there", async () => {
    using scene = withWorktree();
    await using deleted = await openIn(scene, "basket");
    const lease = await deleted.acquire("web");
    scene.git(scene.at("shop"), "worktree", "remove", "../basket");
    await using project = await openIn(scene, "shop");
    expect(await project.prune()).toMatchObject([{ services: [{ service: "web" }] }]);
    expect(lease.isValid()).toBe(true);
    expect(await project.registry.list()).toMatchObject([{ name: lease.name, state: "held" }]);
  });

  test.skipIf(!canMount)("stays when its disk is not mounted (needs root)", async () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    mkdirSync(scene.at("disk of mine"));
    const mount = (): unknown => spawnSync("mount", ["-t", "tmpfs", "none", scene.at("disk of mine")]);
    const unmount = (): unknown => spawnSync("umount", [scene.at("disk of mine")]);
    mount();
    try {
      scene.git(shop, "worktree", "add", "--quiet", "../disk of mine/basket");
      scene.write("disk of mine/plain/package.json", {});
      const port = await portOf(scene, "disk of mine/basket");
      await portOf(scene, "disk of mine/plain");
      unmount();
      await using project = await openIn(scene, "shop");
      expect((await project.places()).flatMap(({ worktrees }) => worktrees)).toMatchObject([
        { presence: "unmounted" },
        { presence: "unmounted" },
      ]);
      expect(await project.prune({ missing: true })).toEqual([]);
      expect(await keptNames(project)).toEqual(["main/web", "basket/web"]);
      // Another disk in its place has nothing of it.
      mount();
      expect(await project.prune({ missing: true })).toMatchObject([
        { because: "missing" },
        { because: "missing", services: [{ ports: [port] }] },
      ]);
    } finally {
      unmount();
    }
  });
});

test("a record that cannot be read is written anew", async () => {
  using scene = newScene();
  scene.write("shop/package.json", {});
  const before = await portOf(scene, "shop");
  const { openWorld } = await import("../../src/node/open.ts");
  const { registry, world } = await openWorld({ directory: scene.at("state") });
  const [slot] = await world.store.list(world.scope, "place/");
  for (const value of [
    "no JSON",
    "[]",
    '{"label":1}',
    '{"label":"shop","folder":"/","gitFolder":null,"inode":null,"worktrees":{"main":{}}}',
  ]) {
    const [now] = await world.store.list(world.scope, "place/");
    await world.store.commit(world.scope, [{ key: slot!.key, ifRevision: now!.revision, value }]);
    await using project = await openIn(scene, "shop");
    expect(await project.places()).toEqual([]);
    expect(await project.prune({ missing: true })).toEqual([]);
    expect((await project.ports(["web"])).get("web")).toBe(before);
    expect(await project.places()).toHaveLength(1);
  }
  await registry.close();
});
