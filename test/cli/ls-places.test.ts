// `moorage ls` of services in several projects and worktrees: what is shown where, on terminals of several kinds.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { displayWidth } from "../../src/cli/show/width.ts";
import { openProject, type Project } from "../../src/project/index.ts";
import { hasGit, newScene, type Scene } from "../project/folders.ts";
import { type Folder, MAIN, newFolder, PTY, type Started } from "./moorage.ts";
import { SEES_LISTENERS, serverOn } from "./servers.ts";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const UNICODE = { LC_ALL: "C.UTF-8" };
const ASCII = { LC_ALL: "C" };

interface Holder extends AsyncDisposable {
  /** Leases a service of the place of a folder to this process; returns its port. */
  lease(place: string, service: string): Promise<number>;
}

function holderIn({ directory }: Folder): Holder {
  const projects: Project[] = [];
  return {
    async lease(place, service) {
      const project = await openProject({ folder: place, directory });
      projects.push(project);
      return (await project.acquire(service)).port;
    },
    async [Symbol.asyncDispose]() {
      for (const project of projects) await project.close();
    },
  };
}

/** A repository "shop" with a worktree "basket" of the branch "feature/basket", and a folder "tool" without git. */
function newPlaces(): Scene {
  const scene = newScene();
  const shop = scene.repository("shop");
  scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/basket", "../basket");
  const config = { services: { web: { url: "http://shop.localhost:{port}/app" } } };
  writeFileSync(`${shop}/moorage.json`, JSON.stringify(config));
  mkdirSync(scene.at("tool"));
  writeFileSync(`${scene.at("tool")}/package.json`, "{}");
  return scene;
}

/** The row of a service that is leased to this process. */
function rowOf(name: string, port: number, url: string): object {
  const pattern = `^  ${name} +${port} +○ held +${url} +\\d+s +${process.pid} +\\S`;
  return expect.stringMatching(new RegExp(pattern, "u")) as object;
}

async function lsIn(
  folder: Folder,
  cwd: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = UNICODE,
) {
  return await folder.start(process.execPath, [MAIN, "ls", ...args], { cwd, env }).finished;
}

/** `moorage ls` on a terminal of so many columns. */
async function lsOnTerminal(
  folder: Folder,
  cwd: string,
  {
    columns,
    env = UNICODE,
    args = [],
  }: { columns: number; env?: NodeJS.ProcessEnv; args?: readonly string[] },
): Promise<string> {
  const command = `stty cols ${columns}; exec "$@"`;
  const parameters = ["-c", PTY, "sh", "-c", command, "sh", process.execPath, MAIN, "ls", ...args];
  const { stdout } = await folder.start("python3", parameters, { cwd, env: { TERM: "xterm", ...env } })
    .finished;
  return stdout.replaceAll("\r\n", "\n");
}

describe.skipIf(!hasGit)("ls (needs git)", () => {
  test("has the current worktree first, then its project's, then others, and what belongs to none", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const api = await holder.lease(scene.at("shop"), "api");
    const web = await holder.lease(scene.at("shop"), "web");
    const basket = await holder.lease(scene.at("basket"), "web");
    const tool = await holder.lease(scene.at("tool"), "web");
    await folder.run("get", "--ports", "14821", "--for", String(process.pid));
    const { stdout, stderr } = await lsIn(folder, scene.at("basket"));
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^ {2}NAME +PORT +STATE +URL +AGE +PID +COMMAND$/u),
      `shop  feature/basket  ${scene.at("basket")}  (you are here)`,
      rowOf("web", basket, `http://localhost:${basket}`),
      `shop  main  ${scene.at("shop")}`,
      rowOf("api", api, `http://localhost:${api}`),
      rowOf("web", web, `http://shop.localhost:${web}/app`),
      `tool  ${scene.at("tool")}`,
      rowOf("web", tool, `http://localhost:${tool}`),
      "elsewhere",
      expect.stringMatching(new RegExp(`^ {2}- +14821 +○ held +\\d+s +${process.pid} `, "u")),
    ]);
    expect(stderr).toBe("5 held\n");
  });

  test("--json says project, worktree, service and URL of each lease and of what is kept", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const port = await holder.lease(scene.at("basket"), "web");
    await folder.run("get", "--ports", "14822", "--for", String(process.pid));
    const { stdout } = await lsIn(folder, scene.at("shop"), ["--json"]);
    const place = {
      project: { id: expect.stringMatching(/^shop-[\da-f]{8}$/u) as string, label: "shop" },
      worktree: {
        id: "basket",
        label: "feature/basket",
        folder: scene.at("basket"),
        presence: "here",
        isCurrent: false,
      },
      service: "web",
      url: `http://localhost:${port}`,
    };
    const nobodys = { project: null, worktree: null, service: null, url: null };
    const { version, leases, reservations } = JSON.parse(stdout) as {
      version: number;
      leases: { readonly ports: readonly number[] }[];
      reservations: unknown[];
    };
    expect(version).toBe(3);
    expect(leases.find(({ ports }) => ports[0] === port)).toMatchObject(place);
    expect(leases.find(({ ports }) => ports[0] === 14_822)).toMatchObject(nobodys);
    expect(reservations).toMatchObject([place]);
  });

  test("shows what a service keeps, and says of a worktree that it was deleted", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    {
      await using project = await openProject({ folder: scene.at("basket"), directory: folder.directory });
      await project.ports(["web"]);
    }
    expect((await lsIn(folder, scene.at("shop"))).stdout).toMatch(/^ {2}web +\d+ +◇ kept +http:\S+$/mu);
    scene.git(scene.at("shop"), "worktree", "remove", "--force", "../basket");
    const { stdout, stderr } = await lsIn(folder, scene.at("shop"));
    expect(stdout).toContain(`shop  feature/basket  ${scene.at("basket")}  (deleted)\n`);
    expect(stderr).toBe("1 kept; next: moorage prune\n");
  });

  test("a config that is wrong costs the URLs that it says, and is told", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const port = await holder.lease(scene.at("shop"), "web");
    writeFileSync(`${scene.at("shop")}/moorage.json`, "{");
    const { code, stdout, stderr } = await lsIn(folder, scene.at("shop"));
    expect(code).toBe(0);
    expect(stdout).toContain(`http://localhost:${port} `);
    expect(stderr).toMatch(/^moorage: INVALID_CONFIG: .*shop\/moorage\.json: it is not JSON: /mu);
  });

  test.skipIf(!SEES_LISTENERS)(
    "names the server that listens, and the next thing to do (Linux only)",
    async () => {
      using scene = newPlaces();
      await using folder = newFolder();
      await using holder = holderIn(folder);
      const port = await holder.lease(scene.at("shop"), "web");
      const server = folder.start(process.execPath, serverOn(port));
      await server.line();
      const own = await lsIn(folder, scene.at("shop"));
      expect(own.stdout).toMatch(new RegExp(` ● listening +\\S+ +\\d+s +${server.child.pid} +node -e `, "u"));
      expect(own.stderr).toBe("1 listening\n");
    },
  );
});

describe.skipIf(!hasGit || !HAS_PYTHON)("on a terminal (needs git and python3)", () => {
  test.each([120, 80, 60, 40, 24])("of %d columns no line is longer, and the port stays", async (columns) => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const port = await holder.lease(scene.at("shop"), "日本-\u202E-web-server-with-a-long-name");
    const lines = stripVTControlCharacters(await lsOnTerminal(folder, scene.at("shop"), { columns }))
      .trimEnd()
      .split("\n");
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
    expect(lines.find((line) => line.startsWith("  日本"))).toContain(` ${port}`);
  });

  test("ports and URLs are links, and states have colours, unless NO_COLOR", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const port = await holder.lease(scene.at("tool"), "web");
    const link = `\x1B]8;;http://localhost:${port}\x1B\\`;
    const shown = await lsOnTerminal(folder, scene.at("tool"), { columns: 100 });
    expect(shown).toContain(`${link}${port}\x1B]8;;\x1B\\`);
    expect(shown).toContain(`${link}http://localhost:${port}\x1B]8;;\x1B\\`);
    expect(shown).toContain("\x1B[1mtool");
    const plain = await lsOnTerminal(folder, scene.at("tool"), {
      columns: 100,
      env: { ...UNICODE, NO_COLOR: "1" },
    });
    expect(plain).not.toContain("\x1B[");
    expect(plain).toContain(link);
  });

  test("signs are of ASCII where the locale is", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    await holder.lease(scene.at("tool"), "web");
    const shown = await lsOnTerminal(folder, scene.at("tool"), {
      columns: 40,
      env: { ...ASCII, NO_COLOR: "1" },
    });
    expect(stripVTControlCharacters(shown)).toMatch(/^ {2}web +\d+ +o held/mu);
    expect(stripVTControlCharacters(shown)).toMatch(/^[ -~\n]*$/u);
  });

  test("--watch draws on a screen of its own, anew at each change, and Ctrl-C leaves it", async () => {
    using scene = newPlaces();
    await using folder = newFolder();
    await using holder = holderIn(folder);
    const watching = folder.start(
      "python3",
      ["-c", PTY, "sh", "-c", 'stty cols 80; exec "$@"', "sh", process.execPath, MAIN, "ls", "--watch"],
      { cwd: scene.at("tool"), env: { TERM: "xterm", ...UNICODE } },
    );
    const shown = readerOf(watching);
    await shown.until("no leases");
    const port = await holder.lease(scene.at("tool"), "web");
    await shown.until(`http://localhost:${port}`);
    watching.child.stdin!.write("\x03");
    const { code, stdout } = await watching.finished;
    expect(code).toBe(0);
    expect(stdout.indexOf("\x1B[?1049h")).toBe(0);
    expect(stdout.endsWith("\x1B[?25h\x1B[?1049l")).toBe(true);
  });
});

describe("--watch without a terminal", () => {
  test("prints a block when something has changed, and ends with 0 at Ctrl-C", async () => {
    await using folder = newFolder();
    const watching = folder.moorage("ls", "--watch");
    const shown = readerOf(watching);
    await shown.until("no leases");
    await folder.run("get", "--ports", "14823", "--for", String(process.pid));
    await shown.until("1 held");
    watching.child.kill("SIGINT");
    const { code, stdout, stderr } = await watching.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n\n")).toEqual([
      expect.stringMatching(/^no leases; next: /u),
      expect.stringMatching(/^NAME [^]*\n- +14823 [^]*\n1 held\n$/u),
    ]);
  });

  test("prints a line of JSON for each change with --json, and SIGTERM is told from Ctrl-C", async () => {
    await using folder = newFolder();
    const watching = folder.moorage("ls", "--watch", "--json");
    expect(JSON.parse(await watching.line())).toEqual({ version: 3, leases: [], reservations: [] });
    await folder.run("get", "--ports", "14824", "--for", String(process.pid));
    expect(JSON.parse(await watching.line())).toMatchObject({ leases: [{ ports: [14_824] }] });
    watching.child.kill("SIGTERM");
    expect((await watching.finished).code).toBe(143);
  });

  test("ends when nobody reads any more", async () => {
    await using folder = newFolder();
    const watching = folder.moorage("ls", "--watch", "--json");
    await watching.line();
    watching.child.stdout!.destroy();
    await folder.run("get", "--ports", "14825", "--for", String(process.pid));
    expect(await watching.finished).toMatchObject({ code: 0, stderr: "" });
  });
});

describe.skipIf(!SEES_LISTENERS)("--all (Linux only)", () => {
  test("shows who listens without a lease, and nobody twice", async () => {
    await using folder = newFolder();
    const [leased, stranger] = [
      folder.start(process.execPath, serverOn(14_826)),
      folder.start(process.execPath, serverOn(14_827, { address: "127.0.0.1" })),
    ];
    await leased.line();
    await stranger.line();
    await folder.run("get", "--ports", "14828", "--for", String(process.pid));
    const { stdout, stderr } = await folder.run("ls", "--all");
    const [, second = ""] = stdout.split("\n\n");
    expect(second).toMatch(/^LISTENS +AGE +PID +COMMAND +FOLDER\n/u);
    expect(second).toMatch(
      new RegExp(`^tcp 127\\.0\\.0\\.1:14827 +\\d+s +${stranger.child.pid} +node -e .*`, "mu"),
    );
    expect(stderr).toMatch(/^1 held\n\d+ without a lease\n$/u);
    const { strangers } = JSON.parse((await folder.run("ls", "--all", "--json")).stdout) as {
      strangers: { port: number }[];
    };
    expect(strangers.map(({ port }) => port)).toEqual(expect.arrayContaining([14_826, 14_827]));
  });
});

/** Waits until a program has printed a text. */
function readerOf({ child }: Started): { readonly until: (text: string) => Promise<void> } {
  let seen = "";
  child.stdout!.on("data", (text: string) => (seen += text));
  return {
    async until(text) {
      while (!seen.includes(text)) await once(child.stdout!, "data");
    },
  };
}
