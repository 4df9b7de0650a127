// The services of a place, on a registry of their own: real folders, repositories and stores.

import { createServer } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/node/clock.ts";
import { diagnose } from "../../src/node/index.ts";
import { findPlace } from "../../src/project/place.ts";
import { openProject, type Project } from "../../src/project/project.ts";
import { formatShortfall } from "../../src/project/shortfall.ts";
import { memory } from "../../src/stores/memory/index.ts";
import { hasGit, newScene, type Scene } from "./folders.ts";

/** A project of the scene, with the scene's state folder. */
async function openIn(scene: Scene, folder: string): Promise<Project> {
  return await openProject({ folder: scene.at(folder), directory: scene.at("state"), quarantineMs: 0 });
}

/** The ports of services of a folder, asked for by a program of its own. */
async function portsIn(scene: Scene, folder: string, ...services: readonly string[]): Promise<number[]> {
  await using project = await openIn(scene, folder);
  return [...(await project.ports(services)).values()];
}

describe("a service of a place", () => {
  test("has a full name, and keeps its port when its lease has ended", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    let port: number;
    {
      await using project = await openIn(scene, "shop");
      const lease = await project.acquire("web");
      expect(lease.name).toBe(`${project.place.project.id}/main/web`);
      expect(project.serviceOf(lease.name)).toBe("web");
      expect(project.serviceOf("web")).toBeNull();
      port = lease.port;
    }
    await using project = await openIn(scene, "shop");
    expect(await project.registry.reservations()).toMatchObject([
      { name: project.nameOf("web"), ports: [port] },
    ]);
    expect((await project.acquire("web")).port).toBe(port);
  });

  test("has what the config says of its ports, and what the call says before that", async () => {
    using scene = newScene();
    scene.write("shop/moorage.json", {
      services: { web: { prefer: 14801 }, dns: { prefer: 14802, protocol: ["udp", "tcp"] } },
    });
    await using project = await openIn(scene, "shop");
    expect(await project.acquire("web")).toMatchObject({ port: 14801, protocols: ["tcp"] });
    expect(await project.acquire("dns")).toMatchObject({ port: 14802, protocols: ["udp", "tcp"] });
    expect(project.request("web", { prefer: 14803 })).toMatchObject({ prefer: 14803 });
    expect(project.request("web", { ports: "14810-14819" })).not.toHaveProperty("prefer");
  });

  test("is leased with others of a group, or none is", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    await using project = await openIn(scene, "shop");
    const group = await project.acquireGroup(["web", "api"]);
    expect(Object.keys(group)).toEqual(["web", "api"]);
    expect(new Set([group["web"]!.port, group["api"]!.port]).size).toBe(2);
    await project.acquire("mail", { for: process.ppid });
    await expect(project.acquireGroup(["db", "mail"])).rejects.toMatchObject({ code: "NAME_HELD" });
    expect(await project.portsOf("db")).toBeUndefined();
  });

  test.each([
    ["a typo in the config", (project: Project) => project.acquire("web"), "INVALID_CONFIG"],
    ["it for the ports of all", (project: Project) => project.ports(), "INVALID_CONFIG"],
  ])("is refused for %s", async (_, call, code) => {
    using scene = newScene();
    scene.write("shop/moorage.json", { servces: {} });
    await using project = await openIn(scene, "shop");
    await expect(call(project)).rejects.toMatchObject({ code });
    expect(await project.registry.list()).toEqual([]);
  });

  test("whose name is none is refused", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    await using project = await openIn(scene, "shop");
    await expect(project.acquire("3000")).rejects.toThrow(
      /^`service`: expected a name that cannot be taken for a port/u,
    );
  });
});

describe("the ports of services", () => {
  test("are reserved where there are none, and leased by nobody", async () => {
    using scene = newScene();
    scene.write("shop/moorage.json", { services: { web: {}, api: {} } });
    await using project = await openIn(scene, "shop");
    const ports = await project.ports();
    expect([...ports.keys()]).toEqual(["web", "api"]);
    expect(await project.registry.list()).toEqual([]);
    expect(await project.ports(["api", "web"])).toEqual(new Map([...ports].toReversed()));
    expect((await project.acquire("web")).port).toBe(ports.get("web"));
  });

  test("are those of their leases while somebody has them", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    await using holder = await openIn(scene, "shop");
    const { port } = await holder.acquire("web", { ports: "14820-14829" });
    await using project = await openIn(scene, "shop");
    expect(await project.ports(["web"])).toEqual(new Map([["web", port]]));
  });

  test("are the same for all who ask at once", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    const answers = await Promise.all(Array.from({ length: 8 }, () => portsIn(scene, "shop", "web", "api")));
    expect(new Set(answers.map(String)).size).toBe(1);
  });

  test("are told in variables, with what the config refers to", async () => {
    using scene = newScene();
    scene.write("shop/moorage.json", {
      services: {
        web: { env: "WEB_LISTEN", vars: { API: "{api.url}/v1", SELF: "{url} {port}" } },
        api: { url: "http://127.0.0.1:{port}/{db.port}" },
        db: { url: "postgres://localhost:{port}/shop" },
      },
    });
    await using project = await openIn(scene, "shop");
    const { web, api, db } = Object.fromEntries(await project.ports()) as Record<string, number>;
    const shared = { API: `http://127.0.0.1:${api}/${db}/v1`, SELF: `http://localhost:${web} ${web}` };
    expect(await project.variables(["web"])).toEqual({
      WEB_PORT: String(web),
      WEB_URL: `http://localhost:${web}`,
      ...shared,
    });
    expect(await project.variables(undefined, { for: "web" })).toEqual({
      WEB_PORT: String(web),
      WEB_URL: `http://localhost:${web}`,
      API_PORT: String(api),
      API_URL: `http://127.0.0.1:${api}/${db}`,
      DB_PORT: String(db),
      DB_URL: `postgres://localhost:${db}/shop`,
      WEB_LISTEN: String(web),
      ...shared,
    });
    expect(await project.url("db")).toBe(`postgres://localhost:${db}/shop`);
  });

  test("are not told by one variable that two services mean differently", async () => {
    using scene = newScene();
    scene.write("shop/moorage.json", {
      services: { web: { vars: { SELF: "{url}", SAME: "x" } }, api: { vars: { SELF: "{url}", SAME: "x" } } },
    });
    await using project = await openIn(scene, "shop");
    await expect(project.variables()).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      at: "services.api.vars.SELF",
    });
    expect(await project.variables(undefined, { for: "api" })).toMatchObject({ SAME: "x" });
  });
});

describe("a name that somebody says", () => {
  test("is a service of the place, else whatever has a port by that very name", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    await using project = await openIn(scene, "shop");
    await project.registry.acquire({ name: "db" });
    await project.registry.acquire({ name: "web" });
    const web = await project.acquire("web");
    expect(await project.resolve("web")).toBe(web.name);
    expect(await project.resolve("db")).toBe("db");
    expect(await project.resolve(web.name!)).toBe(web.name);
    // What nobody has yet will be a service of the place.
    expect(await project.resolve("api")).toBe(project.nameOf("api"));
  });
});

describe("what was wanted and what was got", () => {
  const HOME = "/home/ada";

  test("names who has a lease of the port, and where", async () => {
    using scene = newScene();
    for (const folder of ["shop", "other"]) {
      scene.write(`${folder}/moorage.json`, { services: { web: { prefer: 14840 } } });
    }
    await using shop = await openIn(scene, "shop");
    await using other = await openIn(scene, "other");
    expect(await shop.shortfall("web", (await shop.acquire("web")).port)).toBeNull();
    const { port } = await other.acquire("web");
    const shortfall = (await other.shortfall("web", port))!;
    expect(shortfall).toMatchObject({
      wanted: 14840,
      got: port,
      place: { folder: scene.at("shop"), label: "shop" },
    });
    expect(formatShortfall("web", shortfall, scene.folder)).toMatch(
      new RegExp(
        `^web: wanted 14840, got ${port}: 14840 is held by .* \\(pid ${process.pid}\\) in ~/shop \\[shop\\]$`,
        "u",
      ),
    );
    expect(formatShortfall("web", shortfall, HOME)).toContain(` in ${scene.at("shop")} [shop]`);
  });

  test.skipIf(process.platform !== "linux")(
    "names the service that keeps it, or the program that listens (needs Linux)",
    async () => {
      using scene = newScene();
      scene.write("shop/package.json", {});
      scene.write("other/package.json", {});
      await using shop = await openIn(scene, "shop");
      await using other = await openIn(scene, "other");
      const kept = await shop.acquire("db", { prefer: 14841 });
      await kept.release();
      expect(await other.shortfall("web", 14842, 14841)).toMatchObject({
        reason: "14841 is kept for db",
        place: { folder: scene.at("shop") },
      });
      const server = createServer().listen(14843);
      await once(server, "listening");
      try {
        const { reason } = (await other.shortfall("web", 14842, 14843))!;
        expect(reason).toMatch(new RegExp(`^14843 is in use by .* \\(pid ${process.pid}\\)$`, "u"));
      } finally {
        server.close();
      }
      expect(await other.shortfall("web", 14842, 14844)).toMatchObject({
        reason: "14844 could not be had",
        place: null,
      });
    },
  );

  test("is one thing where the name's own port was free", async () => {
    using scene = newScene();
    scene.write("shop/package.json", {});
    await using shop = await openIn(scene, "shop");
    expect(await shop.shortfall("web", (await shop.acquire("web")).port)).toBeNull();
  });
});

test("on an engine, places are of this machine, and nothing is noted of their folders", async () => {
  using scene = newScene();
  scene.write("shop/package.json", {});
  const store = memory({ expiring: { clock: systemClock, ttl: { least: 1000, step: 1000 } } });
  await using project = await openProject({ folder: scene.at("shop"), store });
  const { id } = project.place.project;
  expect(id).not.toBe(findPlace(scene.at("shop")).project.id);
  const { port } = await project.acquire("web");
  expect(await project.ports(["web"])).toEqual(new Map([["web", port]]));
  expect([await project.places(), await project.prune({ missing: true })]).toEqual([[], []]);
  await using again = await openProject({ folder: scene.at("shop"), store });
  expect(again.place.project.id).toBe(id);
});

test("the records of places are nothing that doctor finds fault with", async () => {
  using scene = newScene();
  scene.write("shop/package.json", {});
  await portsIn(scene, "shop", "web");
  const { findings } = await diagnose({ directory: scene.at("state") });
  expect(findings.filter(({ check }) => check === "records" || check === "scopes")).toMatchObject([
    { state: "ok" },
    { state: "ok", message: expect.stringContaining("1 name with kept ports") as string },
  ]);
});

describe.skipIf(!hasGit)("in git (needs git)", () => {
  test("two worktrees have ports of their own, and know of one another", async () => {
    using scene = newScene();
    const shop = scene.repository("shop");
    scene.git(shop, "worktree", "add", "--quiet", "-b", "feature/basket", "../basket");
    const [main] = await portsIn(scene, "shop", "web");
    const [linked] = await portsIn(scene, "basket", "web");
    expect(linked).not.toBe(main);
    await using project = await openIn(scene, "shop");
    expect(await project.places()).toEqual([
      {
        id: project.place.project.id,
        label: "shop",
        folder: shop,
        worktrees: [
          { id: "main", label: "main", folder: shop, presence: "here" },
          { id: "basket", label: "feature/basket", folder: scene.at("basket"), presence: "here" },
        ],
      },
    ]);
    scene.git(scene.at("basket"), "switch", "--quiet", "-c", "feature/cart");
    expect((await project.places())[0]!.worktrees[1]).toMatchObject({ label: "feature/cart" });
  });
});
