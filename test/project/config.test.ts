// The config: what is one and what is not, to the reader and to the schema alike; and what it means.

import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { checkConfig } from "../../src/project/check-config.ts";
import { serviceOf, servicesOf } from "../../src/project/config.ts";
import { configuredService, impliedService } from "../../src/project/implied.ts";
import { findPlace } from "../../src/project/place.ts";
import { readConfig } from "../../src/project/read-config.ts";
import { newScene } from "./folders.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../moorage.schema.json", import.meta.url), "utf8"),
) as object;
const matchesSchema = new Ajv({ strict: true, strictTuples: false }).compile(schema);

/** What is wrong with a config, as the reader says it; `undefined`: nothing. */
function problemOf(value: unknown): string | undefined {
  try {
    checkConfig("/shop/moorage.json", value);
    return undefined;
  } catch (error) {
    const { at, message } = error as { at: string; message: string };
    return `${at}: ${message}`;
  }
}

/** Groups g0, g1 …, each with what `membersOf` makes of the one before; the first has "web". */
const chain = (count: number, membersOf: (name: string) => string[]): Record<string, string[]> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`g${at}`, at === 0 ? ["web"] : membersOf(`g${at - 1}`)]),
  );

const web = (service: object): object => ({ services: { web: service } });

describe("a config that reader and schema take", () => {
  test.each<[string, unknown]>([
    ["nothing", {}],
    ["a schema and a name", { $schema: "./node_modules/moorage/moorage.schema.json", name: "shop" }],
    ["no services", { services: {}, groups: {} }],
    ["a service by its name alone", web({})],
    [
      "a service with everything",
      web({
        folder: "apps/web",
        command: "npm run dev",
        prefer: 3000,
        env: "PORT",
        protocol: ["tcp", "udp"],
        url: "http://localhost:{port}/app",
        detached: true,
        vars: { SELF: "{url}", PORTS: "{port},{web.port}", EMPTY: "" },
      }),
    ],
    ["a command as a list, with an empty argument", web({ command: ["node", ""] })],
    ["one protocol", web({ protocol: "udp" })],
    ["the folder itself", web({ folder: "." })],
    ["a folder with dots and slashes", web({ folder: "./apps//web/" })],
    ["a folder that begins with dots", web({ folder: "..apps" })],
    ["the first and the last port", { services: { a: { prefer: 1 }, b: { prefer: 65535 } } }],
    [
      "names of all kinds",
      { services: { "my-api": {}, "a.b": {}, "2nd": {}, X_1: {}, ["w".repeat(64)]: {} } },
    ],
    [
      "groups of services and groups",
      { services: { web: {}, db: {} }, groups: { dev: ["web"], all: ["dev", "db"] } },
    ],
    ["braces that are no word", web({ vars: { JSON: '{"a": {"b": 1}}', SHELL: "${HOME} {} { web }" } })],
  ])("%s", (_, value) => {
    expect(problemOf(value)).toBeUndefined();
    expect(matchesSchema(value)).toBe(true);
  });
});

describe("a config that reader and schema refuse", () => {
  test.each<[unknown, string]>([
    [null, ": expected an object, received null"],
    [[], ": expected an object, received an array"],
    ["web", ': expected an object, received the string "web"'],
    [
      { servises: {} },
      "servises: there is no such key; known are $schema, name, services, groups; did you mean services?",
    ],
    [{ $schema: 1 }, "$schema: expected a text, received 1"],
    [{ name: " " }, 'name: expected a text, received the string " "'],
    [{ services: [] }, "services: expected an object, received an array"],
    [{ services: { web: null } }, "services.web: expected an object, received null"],
    [
      web({ perfer: 3000 }),
      "services.web.perfer: there is no such key; known are folder, command, prefer, env, protocol, url, detached, vars; did you mean prefer?",
    ],
    [
      web({ port: 3000 }),
      "services.web.port: there is no such key; known are folder, command, prefer, env, protocol, url, detached, vars",
    ],
    [web({ prefer: 65536 }), "services.web.prefer: expected a port from 1 to 65535, received 65536"],
    [web({ prefer: 0 }), "services.web.prefer: expected a port from 1 to 65535, received 0"],
    [web({ prefer: 80.5 }), "services.web.prefer: expected a port from 1 to 65535, received 80.5"],
    [
      web({ prefer: "3000" }),
      'services.web.prefer: expected a port from 1 to 65535, received the string "3000"',
    ],
    [web({ prefer: null }), "services.web.prefer: expected a port from 1 to 65535, received null"],
    [
      web({ env: "MY-PORT" }),
      'services.web.env: expected the name of a variable: letters, digits and underscores, and no digit first, received the string "MY-PORT"',
    ],
    [
      web({ protocol: "sctp" }),
      'services.web.protocol: expected "tcp", "udp" or a list of both, received the string "sctp"',
    ],
    [
      web({ protocol: [] }),
      'services.web.protocol: expected "tcp", "udp" or a list of both, received an array',
    ],
    [
      web({ protocol: ["tcp", "tcp"] }),
      'services.web.protocol: expected "tcp", "udp" or a list of both, received an array',
    ],
    [web({ command: "" }), 'services.web.command: expected a text, received the string ""'],
    [
      web({ command: [] }),
      "services.web.command: expected a line for a shell, or a list of a command and its arguments, received an array",
    ],
    [web({ command: [""] }), 'services.web.command[0]: expected a text, received the string ""'],
    [web({ command: ["node", 1] }), "services.web.command[1]: expected a text, received 1"],
    [
      web({ command: 1 }),
      "services.web.command: expected a line for a shell, or a list of a command and its arguments, received 1",
    ],
    [
      web({ folder: "/srv" }),
      'services.web.folder: expected a path to a folder below the one of this file, received the string "/srv"',
    ],
    [
      web({ folder: "../other" }),
      'services.web.folder: expected a path to a folder below the one of this file, received the string "../other"',
    ],
    [
      web({ folder: ".." }),
      'services.web.folder: expected a path to a folder below the one of this file, received the string ".."',
    ],
    [web({ url: "" }), 'services.web.url: expected a text, received the string ""'],
    [web({ detached: "yes" }), 'services.web.detached: expected true or false, received the string "yes"'],
    [web({ vars: [] }), "services.web.vars: expected an object, received an array"],
    [
      web({ vars: { "a b": "" } }),
      'services.web.vars: expected names of variables, received the string "a b"',
    ],
    [web({ vars: { API: 1 } }), "services.web.vars.API: expected a text, received 1"],
    [
      { services: { "3000": {} } },
      'services.3000: expected a name of letters, digits, ".", "_" and "-" that is no number, 64 at most',
    ],
    [
      { services: { "a b": {} } },
      'services.a b: expected a name of letters, digits, ".", "_" and "-" that is no number, 64 at most',
    ],
    [
      { services: { ["w".repeat(65)]: {} } },
      `services.${"w".repeat(65)}: expected a name of letters, digits, ".", "_" and "-" that is no number, 64 at most`,
    ],
    [{ groups: { dev: [] } }, "groups.dev: expected a list of at least one text, received an array"],
    [
      { groups: { dev: "web" } },
      'groups.dev: expected a list of at least one text, received the string "web"',
    ],
    [{ groups: { dev: [1] } }, "groups.dev[0]: expected a text, received 1"],
  ])("%j", (value, problem) => {
    expect(problemOf(value)).toBe(problem);
    expect(matchesSchema(value)).toBe(false);
  });
});

describe("a config that only the reader can know to be wrong", () => {
  test.each<[string, unknown, string]>([
    [
      "an unknown service in a group",
      { services: { web: {} }, groups: { dev: ["wbe"] } },
      'groups.dev[0]: there is no service "wbe"; did you mean web?',
    ],
    [
      "an unknown service in a URL",
      web({ url: "{api.url}/x" }),
      'services.web.url: {api.url}: there is no service "api"',
    ],
    [
      "an unknown service in a variable",
      { services: { web: { vars: { API: "{apo.port}" } }, api: {} } },
      'services.web.vars.API: {apo.port}: there is no service "apo"; did you mean api?',
    ],
    [
      "a reference that is none",
      web({ vars: { API: "{web.prot}" } }),
      "services.web.vars.API: there is no {web.prot}; known are {port}, {url}, and {SERVICE.port} and {SERVICE.url} of others",
    ],
    ["a URL of itself", web({ url: "{url}" }), "services.web.url: it leads back to itself: web → web"],
    [
      "a cycle of URLs",
      { services: { a: { url: "{b.url}" }, b: { url: "{c.url}" }, c: { url: "{b.url}" } } },
      "services.b.url: it leads back to itself: b → c → b",
    ],
    [
      "a cycle of groups",
      { services: { web: {} }, groups: { dev: ["web", "all"], all: ["dev"] } },
      "groups.dev: it leads back to itself: dev → all → dev",
    ],
    ["a group of itself", { groups: { dev: ["dev"] } }, "groups.dev: it leads back to itself: dev → dev"],
    [
      "a group with the name of a service",
      { services: { web: {} }, groups: { web: ["web"] } },
      "groups.web: there is a service of that name; rename one",
    ],
    [
      "two services of one variable",
      { services: { "my-api": {}, my_api: {} } },
      "services.my_api: MY_API_PORT would stand for it and for my-api; rename one",
    ],
    [
      "the variable of another service",
      { services: { web: { env: "API_PORT" }, api: {} } },
      "services.web.env: API_PORT is the variable of api; choose another one",
    ],
  ])("%s", (_, value, problem) => {
    expect(problemOf(value)).toBe(problem);
    expect(matchesSchema(value)).toBe(true);
  });
});

describe("what it means", () => {
  test("a service has what is usual where nothing is said", () => {
    expect(checkConfig("/shop/moorage.json", web({})).services.get("web")).toEqual({
      name: "web",
      folder: "/shop",
      command: null,
      prefer: null,
      env: "PORT",
      protocol: ["tcp"],
      url: "http://localhost:{port}",
      detached: false,
      vars: {},
    });
  });

  test("a folder is told from that of the file", () => {
    const { services } = checkConfig("/shop/moorage.json", web({ folder: "./apps//web/" }));
    expect(services.get("web")!.folder).toBe("/shop/apps/web");
  });

  test("a group is its services, each once, also those of the groups in it", () => {
    const config = checkConfig("/shop/moorage.json", {
      services: { web: {}, api: {}, db: {} },
      groups: { dev: ["web", "api"], all: ["db", "dev", "web"] },
    });
    expect(servicesOf(config, "all")).toEqual(["db", "web", "api"]);
    expect(() => servicesOf(config, "al")).toThrow(
      '`group`: expected a group of /shop/moorage.json (dev, all), received the string "al"; did you mean all?',
    );
  });

  test("groups that share groups, or are deep in one another, are walked through once each", () => {
    for (const groups of [chain(60, (name) => [name, name]), chain(20_000, (name) => [name])]) {
      const config = checkConfig("/shop/moorage.json", {
        services: { web: {} },
        groups: Object.fromEntries(Object.entries(groups).toReversed()),
      });
      expect(servicesOf(config, Object.keys(groups).at(-1)!)).toEqual(["web"]);
    }
  });

  test("a service that it does not name is as usual, in the folder of the package", () => {
    using scene = newScene();
    const place = findPlace(scene.write("shop/package.json", {}));
    const config = readConfig(place);
    expect(config).toMatchObject({ file: null, name: null });
    expect(serviceOf(config, "web", place)).toMatchObject({ folder: scene.at("shop"), env: "PORT" });
    expect(() => servicesOf(config, "dev")).toThrow(
      "`group`: expected a group, and there is no moorage.json",
    );
  });
});

describe("where it stands", () => {
  test("the nearest one counts, from the package's folder up to the project's", () => {
    using scene = newScene();
    scene.write("shop/moorage.json", { services: { all: {} } });
    scene.write("shop/apps/web/package.json", { moorage: { services: { web: {} } } });
    scene.write("shop/apps/api/package.json", {});
    const servicesIn = (folder: string): string[] => [
      ...readConfig(findPlace(scene.at(folder))).services.keys(),
    ];
    expect(servicesIn("shop/apps/api")).toEqual(["all"]);
    // Without git, a package that has a config is a project.
    expect(servicesIn("shop/apps/web")).toEqual(["web"]);
  });

  test("two in one folder are refused, and both are named", () => {
    using scene = newScene();
    scene.write("shop/package.json", { moorage: {} });
    const place = findPlace(scene.write("shop/moorage.json", {}));
    expect(() => readConfig(place)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        path: scene.at("shop/moorage.json"),
        at: "",
        message: `${scene.at("shop/moorage.json")}: ${scene.at("shop/package.json")} has a \`moorage\` key too; keep one of the two`,
      }),
    );
  });

  test("a problem is told with the file, the path in it and what stands there", () => {
    using scene = newScene();
    const place = findPlace(scene.write("shop/package.json", { moorage: web({ prefer: "80a" }) }));
    expect(() => readConfig(place)).toThrow(
      expect.objectContaining({
        code: "INVALID_CONFIG",
        at: "moorage.services.web.prefer",
        message: `${scene.at("shop/package.json")}: \`moorage.services.web.prefer\`: expected a port from 1 to 65535, received the string "80a"`,
      }),
    );
  });

  test("what is not JSON is told with its line", () => {
    using scene = newScene();
    const place = findPlace(scene.write("shop/moorage.json", '{\n  "services": { "web": {}, }\n}'));
    expect(() => readConfig(place)).toThrow(/moorage\.json: it is not JSON: .* in line 2, column 28/u);
  });

  test("a mark of the byte order is no part of it", () => {
    using scene = newScene();
    expect(readConfig(findPlace(scene.write("shop/moorage.json", '\ufeff{"name": "shop"}'))).name).toBe(
      "shop",
    );
  });
});

describe("the service that is meant without a name", () => {
  const services = {
    web: { folder: "apps/web" },
    admin: { folder: "apps/web/admin" },
    api: { folder: "apps/api" },
    jobs: { folder: "apps/api" },
  };

  test.each([
    ["apps/web", "web", "web"],
    ["apps/web/src", "web", "web"],
    ["apps/web/admin", "admin", "admin"],
    // Two services share that folder.
    ["apps/api", undefined, "the-shop"],
    ["apps/other", undefined, "other-app"],
    [".", undefined, "the-shop"],
  ])("in %s it is %s, or %s", (folder, configured, implied) => {
    using scene = newScene();
    scene.write("shop/moorage.json", { services });
    scene.write("shop/package.json", { name: "@acme/the shop" });
    scene.write("shop/apps/other/package.json", { name: "other-app" });
    for (const path of ["apps/web/src/x", "apps/web/admin/x", "apps/api/x"]) scene.write(`shop/${path}`);
    const place = findPlace(scene.at("shop", folder));
    const config = readConfig(place);
    expect(configuredService(config, place)).toBe(configured);
    expect(impliedService(config, place)).toBe(implied);
  });

  test("the only service of the config's own folder is meant there, and in no other package", () => {
    using scene = newScene();
    scene.write("shop/moorage.json", web({}));
    scene.write("shop/apps/api/package.json", {});
    const implied = (folder: string): string => {
      const place = findPlace(scene.at(folder));
      return impliedService(readConfig(place), place);
    };
    expect([implied("shop"), implied("shop/apps/api")]).toEqual(["web", "api"]);
    scene.write("shop/moorage.json", { services: { web: {}, api: { folder: "apps/api" } } });
    expect(implied("shop")).toBe("shop");
  });

  test.each([
    ["a folder", "my shop", undefined, "my-shop"],
    ["a package without a name", "shop", {}, "shop"],
    ["a package whose name is a number", "shop", { name: "80" }, "shop"],
    ["nothing that can be a name", "80", undefined, "service"],
  ])("of %s", (_, folder, manifest, expected) => {
    using scene = newScene();
    if (manifest) scene.write(`${folder}/package.json`, manifest);
    const place = findPlace(scene.write(`${folder}/main.js`));
    expect(impliedService(readConfig(place), place)).toBe(expected);
  });
});
