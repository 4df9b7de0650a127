// moorage env, port, url and prune, as they are called in a project; and portSync().

import { readFileSync, rmSync } from "node:fs";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { hasProgram } from "../host/processes.ts";
import { hasGit, newScene, type Scene } from "../project/folders.ts";
import { type Finished, type Folder, MAIN, newFolder, PTY } from "./moorage.ts";

const PROJECT = new URL("../../dist/project/index.js", import.meta.url).href;
const SELF = ["--for", String(process.pid)] as const;
const CONFIG = {
  services: {
    web: { folder: "apps/web", env: "WEB_LISTEN", vars: { API: "{api.url}/v1" } },
    api: { folder: "apps/api", url: "http://127.0.0.1:{port}" },
    db: { url: "postgres://localhost:{port}/shop" },
  },
  groups: { dev: ["web", "api"] },
};

async function runIn(folder: Folder, cwd: string, ...parameters: readonly string[]): Promise<Finished> {
  return await folder.start(process.execPath, [MAIN, ...parameters], { cwd }).finished;
}

function withShop(config: unknown = CONFIG): Scene {
  const scene = newScene();
  scene.write("shop/moorage.json", config);
  scene.write("shop/apps/web/package.json", {});
  return scene;
}

/** The variables that `moorage env` prints. */
async function variablesIn(
  folder: Folder,
  cwd: string,
  ...flags: readonly string[]
): Promise<Record<string, string | undefined>> {
  const { code, stdout, stderr } = await runIn(folder, cwd, "env", ...flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return parseEnv(stdout);
}

describe("moorage port and url", () => {
  test("print exactly the value, the same before, while and after the service runs", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const shop = scene.at("shop");
    const { code, stdout, stderr } = await runIn(folder, shop, "port", "db");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^\d+\n$/u);
    expect(await folder.leases()).toEqual([]);
    expect((await runIn(folder, shop, "url", "db")).stdout).toBe(
      `postgres://localhost:${stdout.trim()}/shop\n`,
    );
    expect((await runIn(folder, shop, "get", "--name", "db", ...SELF)).stdout).toBe(stdout);
    expect((await runIn(folder, scene.at("shop/apps/web"), "port", "db")).stdout).toBe(stdout);
  });

  test("take a name of the machine, or a full one from elsewhere", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const mail = (await runIn(folder, scene.folder, "get", "--global", "--name", "mail", ...SELF)).stdout;
    expect((await runIn(folder, scene.at("shop"), "port", "mail")).stdout).toBe(mail);
    expect((await runIn(folder, scene.at("shop"), "url", "mail")).stdout).toBe(`http://localhost:${mail}`);
    const { code, stdout, stderr } = await runIn(folder, scene.folder, "port", "--global", "web");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(
      '`name`: expected one that has a port, received the string "web"; see `moorage ls`',
    );
  });

  test.each(["port", "url"])("%s gives no port to a typo", async (command) => {
    await using folder = newFolder();
    using scene = withShop();
    const { code, stdout, stderr } = await runIn(folder, scene.at("shop"), command, "wbe");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toBe(
      `moorage: USAGE: \`name\`: expected a service of ${scene.at("shop/moorage.json")} (web, api, db) or a name that has a port, received the string "wbe"; did you mean web?\n`,
    );
    expect((await runIn(folder, scene.folder, command, "wbe")).code).toBe(0);
    expect((await runIn(folder, scene.folder, command, "3000")).code).toBe(64);
  });
});

test.skipIf(!hasProgram("python3", "-c", "import pty"))(
  "a name that no config tells from a typo is told on a terminal, once (needs python3)",
  async () => {
    await using folder = newFolder();
    using scene = newScene();
    const tool = scene.write("tool/package.json", {});
    const ask = async (): Promise<string> =>
      (
        await folder.start("python3", ["-c", PTY, process.execPath, MAIN, "url", "wbe"], { cwd: tool })
          .finished
      ).stdout;
    expect(await ask()).toMatch(
      /^moorage: wbe has not run here yet: it is given a port, and keeps it until `moorage release --give-up wbe`\r\nhttp:\/\/localhost:\d+\r\n$/u,
    );
    expect(await ask()).toMatch(/^http:\/\/localhost:\d+\r\n$/u);
  },
);

describe("moorage env", () => {
  test("tells ports and URLs of all services, and what they are told", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const shop = scene.at("shop");
    const variables = await variablesIn(folder, shop);
    const port = async (name: string): Promise<string> =>
      (await runIn(folder, shop, "port", name)).stdout.trim();
    expect(variables).toEqual({
      WEB_PORT: await port("web"),
      WEB_URL: `http://localhost:${await port("web")}`,
      API_PORT: await port("api"),
      API_URL: `http://127.0.0.1:${await port("api")}`,
      DB_PORT: await port("db"),
      DB_URL: `postgres://localhost:${await port("db")}/shop`,
      API: `http://127.0.0.1:${await port("api")}/v1`,
    });
    expect(await variablesIn(folder, scene.at("shop/apps/web"))).toEqual({
      ...variables,
      WEB_LISTEN: await port("web"),
    });
    expect(JSON.parse((await runIn(folder, shop, "env", "--format", "json")).stdout)).toEqual(variables);
  });

  test("tells those of a group alone", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const variables = await variablesIn(folder, scene.at("shop"), "--group", "dev");
    expect(Object.keys(variables)).toEqual(["API", "API_PORT", "API_URL", "WEB_PORT", "WEB_URL"]);
    const { code, stderr } = await runIn(folder, scene.at("shop"), "env", "--group", "de");
    expect(code).toBe(64);
    expect(stderr).toContain(
      `a group of ${scene.at("shop/moorage.json")} (dev), received the string "de"; did you mean dev?`,
    );
  });

  test("without a config tells those of the package's service, and its PORT", async () => {
    await using folder = newFolder();
    using scene = newScene();
    scene.write("shop/package.json", { name: "@acme/shop-web" });
    const variables = await variablesIn(folder, scene.at("shop"));
    const { PORT: port } = variables;
    expect(variables).toEqual({ PORT: port, SHOP_WEB_PORT: port, SHOP_WEB_URL: `http://localhost:${port}` });
  });

  test.skipIf(!hasGit)(
    "writes a block into a file that git does not track, and no other (needs git)",
    async () => {
      await using folder = newFolder();
      using scene = newScene();
      const shop = scene.repository("shop");
      scene.write("shop/moorage.json", { services: { web: {} } });
      scene.write("shop/.env", "SECRET=1\nWEB_PORT=3000\n");
      const written = await runIn(folder, shop, "env", "--write", ".env");
      expect(written).toMatchObject({ code: 0, stdout: "" });
      expect(written.stderr).toBe(
        "wrote .env: WEB_PORT, WEB_URL, PORT\nmoorage: .env sets WEB_PORT outside of the block too\n",
      );
      const text = readFileSync(scene.at("shop/.env"), "utf8");
      expect(text).toMatch(
        /^SECRET=1\nWEB_PORT=3000\n# >>> moorage.*\nWEB_PORT=\d+\nWEB_URL=.*\nPORT=\d+\n# <<< moorage\n$/u,
      );
      expect((await runIn(folder, shop, "env", "--write", ".env")).stderr).toContain("nothing new in .env: ");
      scene.git(shop, "add", ".env");
      const refused = await runIn(folder, shop, "env", "--write", ".env");
      expect(refused.code).toBe(64);
      expect(refused.stderr).toContain("expected a file that git does not track");
      expect(readFileSync(scene.at("shop/.env"), "utf8")).toBe(text);
      const json = await runIn(folder, shop, "env", "--format", "json", "--write", "env.json");
      expect(json.code).toBe(64);
      expect(json.stderr).toContain("json has no comments for a block in a file");
    },
  );

  test("says where a config is wrong", async () => {
    await using folder = newFolder();
    using scene = withShop({ services: { web: { url: "{api.url}" }, api: { url: "{web.url}" } } });
    const { code, stdout, stderr } = await runIn(folder, scene.at("shop"), "env");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toBe(
      `moorage: INVALID_CONFIG: ${scene.at("shop/moorage.json")}: \`services.web.url\`: it leads back to itself: web → api → web\n`,
    );
  });
});

describe.skipIf(!hasGit)("moorage prune (needs git)", () => {
  test("gives up what services of deleted worktrees keep, after saying so", async () => {
    await using folder = newFolder();
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/a", "../a");
    scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/b", "../b");
    const [a, b] = await Promise.all(["a", "b"].map((name) => runIn(folder, scene.at(name), "port", "web")));
    await runIn(folder, shop, "port", "web");
    expect(await runIn(folder, shop, "prune")).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "nothing to prune\n",
    });
    scene.git(shop, "worktree", "remove", "../a");
    rmSync(scene.at("b"), { recursive: true });
    const dry = await runIn(folder, shop, "prune", "--dry-run");
    expect(dry).toMatchObject({ code: 0, stderr: "" });
    const lines = [
      `would give up web (${a!.stdout.trim()}) of shop [feature/a]: git removed the worktree ${scene.at("a")}`,
      `would give up web (${b!.stdout.trim()}) of shop [feature/b]: there is no folder ${scene.at("b")}, and its disk is mounted`,
    ];
    expect(new Set(dry.stdout.trimEnd().split("\n"))).toEqual(new Set(lines));
    const done = await runIn(folder, shop, "prune");
    expect(done).toMatchObject({ code: 0, stdout: "" });
    expect(done.stderr).toBe(dry.stdout.replaceAll("would give up", "gave up"));
    expect((await runIn(folder, shop, "prune")).stderr).toBe("nothing to prune\n");
    expect((await runIn(folder, shop, "get", "--ports", a!.stdout.trim(), ...SELF)).code).toBe(0);
  });
});

/** Runs code that knows portSync, in a folder. */
async function evaluate(
  folder: Folder,
  cwd: string,
  code: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Finished> {
  const script = `import { portSync, tellPorts, openProject } from ${JSON.stringify(PROJECT)}; ${code}`;
  return await folder.start(process.execPath, ["--input-type=module", "-e", script], { cwd, env }).finished;
}

describe("portSync()", () => {
  test("is what moorage port prints, of the place of a folder", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const { stdout } = await runIn(folder, scene.at("shop"), "port", "web");
    expect(await evaluate(folder, scene.at("shop"), 'console.log(portSync("web"))')).toMatchObject({
      stdout,
      stderr: "",
    });
    const elsewhere = `console.log(portSync("web", { folder: ${JSON.stringify(scene.at("shop/apps/web"))} }))`;
    expect(await evaluate(folder, scene.folder, elsewhere)).toMatchObject({ stdout, stderr: "" });
  });

  test("is what the environment tells of this very place, without a process", async () => {
    await using folder = newFolder();
    using scene = withShop();
    scene.write("other/moorage.json", { services: { web: {} } });
    const told = await evaluate(
      folder,
      scene.at("shop"),
      'const project = await openProject(); console.log(tellPorts([[project.nameOf("web"), 4242]])); await project.close()',
    );
    const env = { MOORAGE_PORTS: told.stdout.trim() };
    // Whoever would have to be asked cannot be.
    const alone = { ...env, MOORAGE_DIR: "/proc/nowhere" };
    expect((await evaluate(folder, scene.at("shop"), 'console.log(portSync("web"))', alone)).stdout).toBe(
      "4242\n",
    );
    const { stdout } = await evaluate(folder, scene.at("other"), 'console.log(portSync("web"))', env);
    expect(stdout).toBe((await runIn(folder, scene.at("other"), "port", "web")).stdout);
    expect(stdout).not.toBe("4242\n");
  });

  test.each(["", "no JSON", "null", "[]"])("takes no harm from MOORAGE_PORTS=%j", async (value) => {
    await using folder = newFolder();
    using scene = withShop();
    const env = { MOORAGE_PORTS: value };
    expect((await evaluate(folder, scene.at("shop"), 'console.log(portSync("web"))', env)).stdout).toMatch(
      /^\d+\n$/u,
    );
  });

  test("throws what moorage port says", async () => {
    await using folder = newFolder();
    using scene = withShop();
    const { code, stderr } = await evaluate(folder, scene.at("shop"), 'portSync("wbe")');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Error: no port for the string "wbe": moorage: USAGE: `name`: expected a service of',
    );
    expect((await evaluate(folder, scene.at("shop"), 'portSync("80")')).stderr).toContain(
      "`service`: expected a name that cannot be taken for a port",
    );
  });
});
