// Names on the command line are services of the place that it is called in.

import { chmodSync, mkdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hasGit, newScene, type Scene } from "../project/folders.ts";
import { type Finished, type Folder, MAIN, newFolder } from "./moorage.ts";

const SELF = ["--for", String(process.pid)] as const;

/** Runs `moorage` in a folder of the scene. */
async function runIn(folder: Folder, cwd: string, ...parameters: readonly string[]): Promise<Finished> {
  return await folder.start(process.execPath, [MAIN, ...parameters], { cwd }).finished;
}

function withShop(config: unknown = {}): Scene {
  const scene = newScene();
  scene.write("shop/moorage.json", config);
  return scene;
}

describe("--name", () => {
  test("is a service of the place, whose port nobody else gets when its lease has ended", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const shop = scene.at("shop");
    const { stdout } = await runIn(folder, shop, "get", "--name", "web", ...SELF);
    const held = await runIn(folder, shop, "get", "--name", "web", "--for", String(process.ppid));
    expect(held).toMatchObject({ code: 5, stdout: "" });
    expect(held.stderr).toMatch(
      /^moorage: NAME_HELD: "web" \(port \d+\) is held by .*`moorage release --force web`\n$/u,
    );
    expect(await runIn(folder, shop, "release", "--force", "web")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^released port \d+ of web, held by /u) as string,
    });
    expect((await runIn(folder, shop, "get", "--ports", stdout.trim(), ...SELF)).code).toBe(3);
    expect(await runIn(folder, shop, "release", "web")).toMatchObject({
      code: 2,
      stderr: `moorage: LEASE_NOT_FOUND: "web" has no lease, it only keeps port ${stdout.trim()}; \`giveUp\` (\`moorage release --give-up web\`) ends that\n`,
    });
    expect((await runIn(folder, shop, "get", "--name", "web", ...SELF)).stdout).toBe(stdout);
  });

  test.skipIf(!hasGit)(
    "is another service in another worktree, and both are found by it (needs git)",
    async () => {
      await using folder = newFolder();
      using scene = newScene();
      const shop = scene.repository("shop");
      scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/basket", "../basket");
      const main = (await runIn(folder, shop, "get", "--name", "web", ...SELF)).stdout.trim();
      const linked = (await runIn(folder, scene.at("basket"), "get", "--name", "web", ...SELF)).stdout.trim();
      expect(linked).not.toBe(main);
      const who = await runIn(folder, scene.at("basket"), "who", "web");
      expect(who.stdout).toContain(`port   ${linked}\n`);
      expect(who.stdout).toMatch(
        new RegExp(
          `lease +web: ${linked}, held\\n +a service of shop \\[feature/basket\\] in ${scene.at("basket")}\\n`,
          "u",
        ),
      );
      // A full name is the same everywhere.
      const [name] = (await folder.leases()).flatMap(({ name: one, ports }) =>
        String(ports[0]) === main ? [one] : [],
      );
      expect(name).toBe("web");
      expect((await runIn(folder, shop, "release", "--force", "web")).stderr).toContain(
        `port ${main} of web`,
      );
    },
  );

  test("says who has the port that was wanted", async () => {
    await using folder = newFolder();
    using scene = withShop({ services: { web: { prefer: 14851 } } });
    scene.write("other/moorage.json", { services: { web: { prefer: 14851 } } });
    expect(await runIn(folder, scene.at("shop"), "get", "--name", "web", ...SELF)).toMatchObject({
      stdout: "14851\n",
      stderr: "",
    });
    const other = await runIn(folder, scene.at("other"), "get", "--name", "web", ...SELF);
    const port = other.stdout.trim();
    expect(other.stderr).toMatch(
      new RegExp(
        `^web: wanted 14851, got ${port}: 14851 is held by .* \\(pid ${process.pid}\\) in ${scene.at("shop")} \\[shop\\]\\n$`,
        "u",
      ),
    );
    // It keeps that from now on, which is no news.
    expect(await runIn(folder, scene.at("other"), "get", "--name", "web", ...SELF)).toMatchObject({
      stdout: `${port}\n`,
      stderr: "",
    });
  });

  test("with --global is a name of the machine, and keeps nothing by itself", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const shop = scene.at("shop");
    const { stdout } = await runIn(folder, shop, "get", "--global", "--name", "web", ...SELF);
    expect((await folder.leases()).map(({ name }) => name)).toEqual(["web"]);
    // In whatever place, as long as no service of it has that name.
    expect((await runIn(folder, scene.folder, "who", "web")).stdout).toContain(stdout.trim());
    await runIn(folder, shop, "get", "--name", "web", ...SELF);
    expect((await runIn(folder, shop, "who", "web")).stdout).not.toContain(stdout.trim());
    expect((await runIn(folder, shop, "who", "--global", "web")).stdout).toContain(stdout.trim());
    expect((await runIn(folder, shop, "release", "--force", "--global", "web")).stderr).toContain(
      stdout.trim(),
    );
    expect((await runIn(folder, shop, "get", "--ports", stdout.trim(), ...SELF)).stdout).toBe(stdout);
  });

  test("is no service where it is none", async () => {
    await using folder = newFolder();
    using scene = withShop({ servces: {} });
    const long = await runIn(folder, scene.folder, "get", "--name", "w".repeat(65), ...SELF);
    expect(long).toMatchObject({ code: 64, stdout: "" });
    expect(long.stderr).toContain("moorage: USAGE: `--name`: expected at most 64 characters");
    const typo = await runIn(folder, scene.at("shop"), "get", "--name", "web", ...SELF);
    expect(typo).toMatchObject({
      code: 64,
      stdout: "",
      stderr: `moorage: INVALID_CONFIG: ${scene.at("shop/moorage.json")}: \`servces\`: there is no such key; known are $schema, name, services, groups; did you mean services?\n`,
    });
    const nameless = await runIn(folder, scene.folder, "get", "--global", ...SELF);
    expect(nameless.code).toBe(64);
    expect(nameless.stderr).toContain("`--global`: says whose the name is; give `--name` too");
  });
});

test("without a name get leases to nobody's name, whatever the config says", async () => {
  await using folder = newFolder();
  using scene = withShop({ services: { web: { prefer: "x" } } });
  expect((await runIn(folder, scene.at("shop"), "get", ...SELF)).code).toBe(0);
  expect((await folder.leases()).map(({ name }) => name)).toEqual([null]);
});

test("wait waits for the service of the place", async () => {
  await using folder = newFolder();
  using scene = withShop();
  await runIn(folder, scene.at("shop"), "get", "--name", "web", ...SELF);
  const { code, stderr } = await runIn(folder, scene.at("shop"), "wait", "web", "--timeout", "1");
  expect(code).toBe(4);
  expect(stderr).toMatch(/^moorage: TIMED_OUT: after 1 s nothing of its holder's listens on port \d+; /u);
  expect((await runIn(folder, scene.folder, "wait", "web", "--timeout", "1")).stderr).toContain(
    'nobody has leased "web"',
  );
});

test("a home that nobody may write to is told with what to do", async () => {
  await using folder = newFolder();
  using scene = withShop();
  mkdirSync(scene.at("home"));
  chmodSync(scene.at("home"), 0o555);
  // Root may write everywhere but where the file system is read-only, or makes no folders.
  const home = process.getuid?.() === 0 ? "/proc" : scene.at("home");
  const env = { HOME: home, MOORAGE_DIR: "", XDG_STATE_HOME: "" };
  const get = [MAIN, "get", "--name", "web", ...SELF];
  const { code, stdout, stderr } = await folder.start(process.execPath, get, { cwd: scene.at("shop"), env })
    .finished;
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(/^moorage: STORE_UNAVAILABLE: .*\.local/u);
  expect(stderr).toContain("MOORAGE_DIR");
});
