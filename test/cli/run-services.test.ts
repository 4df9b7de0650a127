// Services of moorage.json: side by side, and of a group for one command.

import { chmodSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { hasProgram } from "../host/processes.ts";
import { MAIN, newFolder, PTY } from "./moorage.ts";
import { projectWith, runIn, startIn } from "./projects.ts";

const NODE = process.execPath;
const SOON = { timeout: 20_000, interval: 50 };

const PROJECT = new URL("../../dist/project/index.js", import.meta.url).href;
const COLOURED_UP = /ESC\[3\dm(?:web|api) \| ESC\[39mup/gu;

/** A command that prints some of its environment, sorted. */
function printing(...variables: readonly string[]): string[] {
  const code = `console.log(${JSON.stringify(variables)}.map((name) => name + "=" + process.env[name]).join(" "))`;
  return [NODE, "-e", code];
}

/** A command that says a word and runs until it is asked to end, with this exit code. */
function running(word: string, exitCode = 0): string[] {
  const code = `process.on("SIGTERM", () => process.exit(${exitCode})); setInterval(() => {}, 1e6); console.log("${word}")`;
  return [NODE, "-e", code];
}

function linesOf(text: string): string[] {
  return text.trimEnd().split("\n").toSorted();
}

describe("services side by side", () => {
  test("each has its own PORT, and the ports of all as WEB_PORT and API_URL", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": {
        services: {
          web: {
            prefer: 14750,
            command: printing("PORT", "API_LISTEN", "API_PORT", "WEB_URL", "API"),
            vars: { API: "{api.url}/v1" },
          },
          api: {
            prefer: 14751,
            command: printing("PORT", "API_LISTEN", "WEB_PORT", "API"),
            env: "API_LISTEN",
          },
        },
      },
    });
    const { code, stdout } = await runIn(state, folder, ["run"], { PORT: "3000", API_LISTEN: "4000" });
    expect(code).toBe(0);
    expect(linesOf(stdout)).toEqual([
      "api | PORT=undefined API_LISTEN=14751 WEB_PORT=14750 API=undefined",
      "web | PORT=14750 API_LISTEN=4000 API_PORT=14751 WEB_URL=http://localhost:14750 API=http://localhost:14751/v1",
    ]);
  });

  test("are those that are named, by themselves or by groups, each once", async () => {
    await using state = newFolder();
    const command = printing("NOTHING");
    const services = { web: { command }, api: { command }, db: { command } };
    const folder = projectWith({
      "moorage.json": { services, groups: { back: ["api", "db"], all: ["back", "web", "api"] } },
    });
    const ran = async (...words: string[]): Promise<string[]> =>
      linesOf((await runIn(state, folder, ["run", ...words])).stdout).map((line) => line.split(/[ |]/u)[0]!);
    expect(await ran("web", "db", "web")).toEqual(["db", "web"]);
    expect(await ran("--group", "back")).toEqual(["api", "db"]);
    expect(await ran("--group", "all")).toEqual(["api", "db", "web"]);
    expect(await ran("--group", "back", "web")).toEqual(["api", "db", "web"]);
  });

  test("a single one has the input and the output as they are", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { command: "read word; echo got $word" } } },
    });
    const started = startIn(state, folder, ["run"]);
    started.child.stdin!.end("hello\n");
    expect((await started.finished).stdout).toBe("got hello\n");
  });

  test("run in their folders, with the programs of the packages around them", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { folder: "apps/web", command: "tool" } } },
      "node_modules/.bin/tool": "#!/bin/sh\npwd\n",
      "apps/web/package.json": {},
    });
    chmodSync(`${folder}/node_modules/.bin/tool`, 0o755);
    expect((await runIn(state, folder, ["run"])).stdout).toBe(`${folder}/apps/web\n`);
  });

  test("the first that ends with an error ends the others, and its exit code is that of all", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": {
        services: { web: { command: running("up", 9) }, api: { command: "sleep 0.5; exit 3" } },
      },
    });
    const { code, stderr } = await runIn(state, folder, ["run"]);
    expect(code).toBe(3);
    expect(stderr).toContain("moorage: api has ended with exit code 3, which ends the others\n");
    expect(await state.leases()).toEqual([]);
  });

  test("one that ends well leaves the others running, and a signal ends those", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { command: running("up", 5) }, api: { command: "true" } } },
    });
    const started = startIn(state, folder, ["run"]);
    expect(await started.line()).toBe("web | up");
    started.child.kill("SIGTERM");
    expect(await started.finished).toMatchObject({ code: 5 });
    expect(await state.leases()).toEqual([]);
  });

  test("one that cannot be started ends the others", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": {
        services: { web: { command: running("up") }, api: { command: ["no-such-command"] } },
      },
    });
    const { code, stderr } = await runIn(state, folder, ["run"]);
    expect(code).toBe(127);
    expect(stderr).toContain(
      'moorage: COMMAND_NOT_FOUND: cannot start "no-such-command": command not found\n',
    );
    expect(await state.leases()).toEqual([]);
  });

  test("one whose folder is not there is named, and nothing is started", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { command: "echo up" }, api: { folder: "gone", command: "true" } } },
    });
    expect(await runIn(state, folder, ["run"])).toMatchObject({
      code: 125,
      stdout: "",
      stderr: `moorage: INVALID_CONFIG: ${folder}/moorage.json: \`services.api.folder\`: expected a folder, and there is none at ${folder}/gone\n`,
    });
    expect(await state.leases()).toEqual([]);
  });

  test("are leased all or none: one that runs already is named", async () => {
    await using state = newFolder();
    const folder = projectWith({
      "moorage.json": { services: { web: { command: running("up") }, api: { command: running("up") } } },
    });
    const first = startIn(state, folder, ["run", "api"]);
    await first.line();
    const { code, stderr, stdout } = await runIn(state, folder, ["run"]);
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect(stderr).toMatch(
      new RegExp(
        `^moorage: NAME_HELD: api is held here by .* \\(pid ${first.child.pid}\\), on port \\d+; use that one \\(\`moorage url api\`\\), end it, or wait for its end \\(\`--wait\`\\)$`,
        "mu",
      ),
    );
    expect(await state.leases()).toHaveLength(1);
    first.child.kill();
    await first.finished;
  });
});

describe.skipIf(!hasProgram("python3", "--version"))("services side by side on a terminal (python3)", () => {
  test("have their names in colour, and Ctrl-C ends each of them once", async () => {
    await using state = newFolder();
    const code = `process.on("SIGINT", () => { console.log("asked"); setTimeout(() => process.exit(7), 200) });
      setInterval(() => {}, 1e6); console.log("up")`;
    const command = [NODE, "-e", code];
    const folder = projectWith({ "moorage.json": { services: { web: { command }, api: { command } } } });
    const parameters = ["-c", PTY, NODE, MAIN, "run"];
    const { child, finished } = state.start("python3", parameters, { cwd: folder, env: { NO_COLOR: "" } });
    let seen = "";
    child.stdout!.on("data", (text: string) => (seen += text));
    await vi.waitFor(() => expect(seen.replaceAll("\u001b", "ESC").match(COLOURED_UP)).toHaveLength(2), SOON);
    child.stdin!.write("\u0003");
    expect((await finished).code).toBe(7);
    expect(seen.match(/asked/gu)).toHaveLength(2);
    expect(await state.leases()).toEqual([]);
  });
});

describe("a group for one command", () => {
  const config = {
    services: {
      web: { folder: "web", prefer: 14760 },
      api: { folder: "api", prefer: 14761, env: "API_LISTEN" },
      db: { prefer: 14762, url: "tcp://localhost:{port}" },
    },
    groups: { dev: ["web", "api"] },
  };
  const files = { "moorage.json": config, "web/package.json": {}, "api/package.json": {} };
  const print = printing("PORT", "API_LISTEN", "WEB_PORT", "WEB_URL", "API_PORT", "DB_PORT");

  test("has all its ports leased, and no PORT", async () => {
    await using state = newFolder();
    const folder = projectWith(files);
    const { stdout, stderr } = await runIn(state, folder, ["run", "--group", "dev", "--", ...print], {
      PORT: "1",
    });
    expect(stdout).toBe(
      "PORT=undefined API_LISTEN=undefined WEB_PORT=14760 WEB_URL=http://localhost:14760 API_PORT=14761 DB_PORT=undefined\n",
    );
    expect(stderr).toBe("moorage: web 14760, api 14761\n");
    expect(await state.leases()).toEqual([]);
  });

  test.each([
    ["that is named", "", ["--name", "api"]],
    ["in whose folder it is run", "api", []],
  ])("is the service %s, which has its own port and those of the others", async (_, where, flags) => {
    await using state = newFolder();
    const folder = projectWith(files);
    const words = ["run", "--group", "dev", ...flags, "--", ...print];
    const { stdout } = await runIn(state, `${folder}/${where}`, words, { PORT: "1" });
    expect(stdout).toBe(
      "PORT=undefined API_LISTEN=14761 WEB_PORT=14760 WEB_URL=http://localhost:14760 API_PORT=14761 DB_PORT=14762\n",
    );
  });

  test("tells its ports where they are referred to, and leaves other braces alone", async () => {
    await using state = newFolder();
    const folder = projectWith(files);
    const words = [
      "{web.port}",
      "{api.url}/v1",
      "{db.url}",
      "{{web.port}}",
      "${web}",
      "{}",
      "{a,b}",
      '{"port":1}',
    ];
    const flags = ["--group", "dev", "-e", "X={web.port}-{api.port}", "--env", "Y=a=b"];
    const code = "console.log(JSON.stringify([...process.argv.slice(1), process.env.X, process.env.Y]))";
    const { stdout } = await runIn(state, folder, ["run", ...flags, "--", NODE, "-e", code, ...words]);
    expect(JSON.parse(stdout)).toEqual([
      "14760",
      "http://localhost:14761/v1",
      "tcp://localhost:14762",
      ...words.slice(3),
      "14760-14761",
      "a=b",
    ]);
  });
});

describe("one command", () => {
  test("of a service of the config is told its siblings, who keep their ports without a lease", async () => {
    await using state = newFolder();
    const config = { services: { web: { folder: "web", prefer: 14770 }, api: { prefer: 14771 } } };
    const folder = projectWith({ "moorage.json": config, "web/package.json": {} });
    const words = ["run", "--", ...printing("PORT", "API_PORT", "API_URL")];
    const { stdout, stderr } = await runIn(state, `${folder}/web`, words);
    expect(stdout).toBe("PORT=14770 API_PORT=14771 API_URL=http://localhost:14771\n");
    expect(stderr).toBe("moorage: PORT=14770 for web\n");
  });

  test("has its port by each variable that --env names, and by no other", async () => {
    await using state = newFolder();
    const words = [
      "run",
      "--ports",
      "14772",
      "--env",
      "A",
      "-e",
      "B",
      "-e",
      "C={url}/x",
      "--",
      ...printing("A", "B", "C", "PORT"),
    ];
    expect((await state.run(...words)).stdout).toBe(
      "A=14772 B=14772 C=http://localhost:14772/x PORT=undefined\n",
    );
  });

  test("without a name is the service that the folder implies, and what runs already is followed by another", async () => {
    await using state = newFolder();
    const folder = projectWith({ "package.json": { name: "@acme/shop" } });
    const first = startIn(state, folder, ["run", "--", ...running("up")]);
    await first.line();
    const second = await runIn(state, folder, ["run", "--", "true"]);
    expect(second).toMatchObject({ code: 0 });
    expect(second.stderr).toMatch(
      /^moorage: shop runs here already: this is shop-2\nmoorage: PORT=\d+ for shop-2\n$/u,
    );
    const named = await runIn(state, folder, ["run", "--name", "shop", "--", "true"]);
    expect(named).toMatchObject({ code: 125 });
    expect(named.stderr).toContain("moorage: NAME_HELD: ");
    first.child.kill();
    expect((await first.finished).stderr).toMatch(/^moorage: PORT=\d+ for shop\n$/u);
    const again = await runIn(state, folder, ["run", "--", "true"]);
    expect(again.stderr).toBe((await first.finished).stderr);
  });

  test("is told its port by portSync too, and so is a second one of a service", async () => {
    await using state = newFolder();
    const services = { web: { folder: "web", prefer: 14774 }, api: { prefer: 14775 } };
    const folder = projectWith({ "moorage.json": { services }, "web/package.json": {} });
    const code = `import { portSync } from ${JSON.stringify(PROJECT)};
      const { PORT, WEB_PORT, WEB_URL } = process.env;
      console.log(portSync("web"), portSync("api"), Number(PORT), Number(WEB_PORT), WEB_URL);
      process.stdin.resume()`;
    const words = ["run", "--", NODE, "--input-type=module", "-e", code];
    const first = startIn(state, `${folder}/web`, words);
    expect(await first.line()).toBe("14774 14775 14774 14774 http://localhost:14774");
    const second = startIn(state, `${folder}/web`, words);
    const [port, api, ...others] = (await second.line()).split(" ");
    expect(port).not.toBe("14774");
    expect([api, ...others]).toEqual(["14775", port, port, `http://localhost:${port}`]);
    for (const { child } of [first, second]) child.stdin!.end();
    await Promise.all([first.finished, second.finished]);
  });

  test("with a global name is no service of the folder", async () => {
    await using state = newFolder();
    const words = ["run", "--global", "--name", "shared", "--ports", "14773", "--", "true"];
    const folder = projectWith({ "moorage.json": "{ no config" });
    expect(await runIn(state, folder, words)).toMatchObject({
      code: 0,
      stderr: "moorage: PORT=14773 for shared\n",
    });
  });
});

describe("a run inside another one", () => {
  test.each([
    ["of the same name", ["--name", "web"], ["--name", "web"]],
    ["without a name", ["--name", "web"], []],
    ["of a group that the outer one has", ["--group", "dev"], ["--name", "web"]],
  ])("takes up the lease that this one has for it: %s", async (_, outer, flags) => {
    await using state = newFolder();
    const config = {
      services: { web: { prefer: 14780 }, api: { prefer: 14781 } },
      groups: { dev: ["web", "api"] },
    };
    const folder = projectWith({ "moorage.json": config });
    const command = [NODE, MAIN, "run", ...flags, "--", ...printing("PORT", "WEB_PORT")];
    const { code, stdout, stderr } = await runIn(state, folder, ["run", ...outer, "--", ...command]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "PORT=14780 WEB_PORT=14780\n" });
    expect(stderr).not.toContain("LEASE_LOST");
    expect(await state.leases()).toEqual([]);
  });
});

describe("a misuse is told", () => {
  const config = { services: { web: {}, api: { command: "true" } }, groups: { dev: ["web"] } };

  test.each([
    [["run", "web"], /INVALID_CONFIG: .*moorage\.json: `services\.web`: it has no `command`/u],
    [
      ["run", "--group", "dve", "--", "true"],
      /USAGE: `--group`: expected a group of .* \(dev\), received .*"dve".*did you mean dev/u,
    ],
    [["run", "--name", "api", "api"], /USAGE: `--name`: expected a command, received several services/u],
    [["run", "--ports", "14790"], /USAGE: `--ports`: expected a command/u],
    [["run", "--fd", "--group", "dev", "--", "true"], /USAGE: `--fd`: expected one port/u],
    [
      ["run", "--", "echo", "{wbe.port}"],
      /USAGE: `command`: expected one of web, api.*received \{wbe\.port\}; did you mean web\?/u,
    ],
    [["run", "--env", "X={nobody.url}", "--", "true"], /USAGE: `--env`: expected one of web, api/u],
    [["run", "--group", "dev", "--", "echo", "{port}"], /USAGE: `command`: expected whose port/u],
    [["run", "--env", "1=2", "--", "true"], /USAGE: `--env`: expected letters, digits/u],
    [["run", "--ready", "0", "--", "true"], /USAGE: `--ready`: expected a whole number/u],
    [["run", ""], /USAGE: `command`: expected the name of a command/u],
  ])("%j", async (words, message) => {
    await using state = newFolder();
    const folder = projectWith({ "moorage.json": config });
    const { code, stderr, stdout } = await runIn(state, folder, words);
    expect({ code, stdout }).toEqual({ code: 125, stdout: "" });
    expect(stderr).toMatch(message);
    expect(await state.leases()).toEqual([]);
  });

  test("a word that is neither a command nor a service", async () => {
    await using state = newFolder();
    const folder = projectWith({ "moorage.json": config });
    expect(await runIn(state, folder, ["run", "wbe"])).toMatchObject({
      code: 127,
      stderr:
        'moorage: COMMAND_NOT_FOUND: cannot start "wbe": command not found; the services here are web, api\n',
    });
    expect((await runIn(state, folder, ["run", "web", "aip"])).stderr).toMatch(
      /cannot start "web": command not found, and "aip" is no service; the services here are web, api$/mu,
    );
    expect((await runIn(state, folder, ["run", "web", "--ready"])).stderr).toMatch(
      /, and "--ready" is no service: options of `run` stand before services; /u,
    );
  });

  test("nothing to run, without a config", async () => {
    await using state = newFolder();
    const { code, stderr } = await runIn(state, projectWith({}), ["run"]);
    expect(code).toBe(125);
    expect(stderr).toBe(
      "moorage: USAGE: `command`: expected one, as in `moorage run -- npm run dev`, for there is no moorage.json here, received nothing\n",
    );
  });

  test("a config that is none", async () => {
    await using state = newFolder();
    const { code, stderr } = await runIn(state, projectWith({ "moorage.json": { servces: {} } }), [
      "run",
      "--",
      "true",
    ]);
    expect(code).toBe(125);
    expect(stderr).toContain("moorage: INVALID_CONFIG: ");
    expect(stderr).toContain("servces");
  });
});
