// `moorage mcp`, as built, with the client of the official SDK.

import { writeFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { describe, expect, test } from "vitest";
import { type Folder, MAIN, newFolder } from "../cli/moorage.ts";
import { SEES_LISTENERS, serverOn } from "../cli/servers.ts";
import { newScene } from "../project/folders.ts";

interface Answer {
  readonly isError?: boolean;
  readonly content: readonly { readonly text: string }[];
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}

interface Session extends AsyncDisposable {
  readonly client: Client;
  readonly pid: number;
  call(name: string, parameters?: object): Promise<Answer>;
}

/** A server that was started in a folder, and a client that is connected to it. */
async function connect({ directory }: Folder, cwd: string): Promise<Session> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [MAIN, "mcp"],
    cwd,
    env: { ...(process.env as Record<string, string>), MOORAGE_DIR: directory },
  });
  const client = new Client({ name: "test", version: "0.0.0" });
  await client.connect(transport);
  // So that the client checks what comes against the schemas.
  await client.listTools();
  return {
    client,
    pid: transport.pid!,
    call: async (name, parameters = {}) =>
      (await client.callTool({ name, arguments: { ...parameters } })) as unknown as Answer,
    [Symbol.asyncDispose]: () => client.close(),
  };
}

describe("the tools", () => {
  test("are five, none of which ends a process, with strict schemas for what goes in and out", async () => {
    await using folder = newFolder();
    await using session = await connect(folder, folder.directory);
    const { tools } = await session.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["acquire", "list", "who", "wait", "release"]);
    for (const { inputSchema, outputSchema, description } of tools) {
      expect(inputSchema).toMatchObject({ type: "object", additionalProperties: false });
      expect(outputSchema).toMatchObject({ type: "object" });
      expect(description).not.toBe("");
    }
    expect(session.client.getInstructions()).toContain("never stop a process");
  });

  test("lease a service to the session, show it, and give it back", async () => {
    using scene = newScene();
    await using folder = newFolder();
    const shop = scene.write("shop/package.json", { name: "shop" });
    await using session = await connect(folder, shop);
    const { structuredContent: lease } = await session.call("acquire", { service: "web" });
    const [port] = lease!["ports"] as number[];
    expect(lease).toMatchObject({
      name: expect.stringMatching(/^shop-[\da-f]{8}\/main\/web$/u) as string,
      url: `http://localhost:${port}`,
      env: { PORT: String(port), MOORAGE_LEASE: lease!["id"] },
    });
    expect(await folder.leases()).toMatchObject([{ ports: [port], holder: { pid: session.pid } }]);
    expect((await session.call("acquire", { service: "web" })).structuredContent).toEqual(lease);
    expect((await session.call("list")).structuredContent).toMatchObject({
      leases: [
        { project: "shop", service: "web", isCurrent: true, ports: [port], state: "held", pid: session.pid },
      ],
    });
    expect((await session.call("release", { target: "web" })).structuredContent).toEqual({
      released: [{ name: lease!["name"], ports: [port] }],
    });
    expect((await session.call("list")).structuredContent).toMatchObject({
      leases: [{ service: "web", ports: [port], state: "kept", pid: null }],
    });
  });

  test("mean the worktree of the folder that a call names", async () => {
    using scene = newScene();
    await using folder = newFolder();
    const [shop, tool] = [scene.write("shop/package.json", {}), scene.write("tool/package.json", {})];
    await using session = await connect(folder, shop);
    const here = (await session.call("acquire", { service: "web" })).structuredContent!;
    const there = (await session.call("acquire", { service: "web", folder: tool })).structuredContent!;
    expect(there["name"]).toMatch(/^tool-/u);
    expect(there["ports"]).not.toEqual(here["ports"]);
  });

  test("lease any ports, to a process", async () => {
    await using folder = newFolder();
    await using session = await connect(folder, folder.directory);
    const options = { ports: "14860-14869", count: 2, pid: process.pid, protocol: ["tcp", "udp"] };
    const { structuredContent: lease } = await session.call("acquire", options);
    expect(lease).toMatchObject({ name: null, ports: [expect.any(Number), expect.any(Number)] });
    await session.client.close();
    // A search that begins at the last port goes on at the first.
    const ports = (lease!["ports"] as number[]).toSorted((a, b) => a - b);
    expect(await folder.leases()).toMatchObject([{ ports, holder: { pid: process.pid } }]);
  });

  test.skipIf(!SEES_LISTENERS)(
    "wait for the server that says the lease, and say whose a port is (Linux only)",
    async () => {
      await using folder = newFolder();
      await using session = await connect(folder, folder.directory);
      const { structuredContent: lease } = await session.call("acquire", { service: "web" });
      const { PORT, ...env } = lease!["env"] as Record<string, string>;
      const waiting = session.call("wait", { target: "web" });
      const server = folder.start(process.execPath, serverOn(PORT!), { env });
      expect((await waiting).structuredContent).toEqual({ isReady: true, remark: "" });
      expect((await session.call("who", { target: Number(PORT) })).structuredContent).toMatchObject({
        ports: [
          {
            port: Number(PORT),
            isAnybodys: true,
            listeners: [
              { socket: `tcp [::]:${PORT}`, processes: [{ pid: server.child.pid, folder: process.cwd() }] },
            ],
            leases: [{ name: lease!["name"], state: "listening", holder: { pid: session.pid } }],
            keptFor: [lease!["name"]],
          },
        ],
      });
    },
  );
});

describe("an error", () => {
  test.each<[string, string, object, RegExp]>([
    [
      "has its code",
      "release",
      { target: "nobody" },
      /^LEASE_NOT_FOUND: .*nobody.*\nNext: `list` shows what there is$/u,
    ],
    [
      "says what to mend",
      "acquire",
      { folder: "relative" },
      /^USAGE: `folder`: expected an absolute path, .*\nNext: /u,
    ],
    [
      "of ports that are none asks for others",
      "acquire",
      { ports: "all" },
      /^INVALID_PORT: .*\nNext: call again with what is expected$/u,
    ],
    ["tells of a process that is none", "acquire", { pid: 2 ** 31 - 1 }, /^PROCESS_NOT_FOUND: .*\nNext: /u],
    [
      "ends a wait",
      "wait",
      { target: "web", seconds: 1 },
      /^TIMED_OUT: after 1 s nobody has leased .*\nNext: see with `who`/u,
    ],
    ["refuses what a tool does not know", "list", { all: true }, /all/u],
    ["refuses a port that is none", "who", { target: 70_000 }, /target/u],
  ])("%s", async (_, tool, parameters, text) => {
    await using folder = newFolder();
    await using session = await connect(folder, folder.directory);
    const { isError, content } = await session.call(tool, parameters);
    expect(isError).toBe(true);
    expect(content[0]!.text).toMatch(text);
  });

  test("of another's running lease says to leave it alone", async () => {
    await using folder = newFolder();
    const holder = folder.start(process.execPath, ["-e", 'console.log("up"); process.stdin.resume()']);
    await holder.line();
    await folder.run("get", "--ports", "14870", "--for", String(holder.child.pid));
    await using session = await connect(folder, folder.directory);
    const refused = await session.call("acquire", { ports: "14870" });
    expect(refused.isError).toBe(true);
    expect(refused.content[0]!.text).toMatch(/^NO_PORT_AVAILABLE: .*\nNext: leave `ports` out/u);
    const { isError, content } = await session.call("release", { target: 14_870 });
    expect(isError).toBe(true);
    expect(content[0]!.text).toMatch(/^LEASE_HELD: .*\nNext: it is another process's: leave it alone/u);
  });

  test("of a config names the file", async () => {
    using scene = newScene();
    await using folder = newFolder();
    const shop = scene.write("shop/package.json", {});
    writeFileSync(`${shop}/moorage.json`, '{ "services": { "web": { "port": 3000 } } }');
    await using session = await connect(folder, shop);
    const { content } = await session.call("acquire", { service: "web" });
    expect(content[0]!.text).toMatch(/^INVALID_CONFIG: .*moorage\.json.*\nNext: mend the file$/u);
  });
});

/** A server that has leased a port, spoken to without a client. */
async function withLease(folder: Folder): Promise<ReturnType<Folder["moorage"]>> {
  const server = folder.moorage("mcp");
  const send = (message: object): boolean =>
    server.child.stdin!.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  const clientInfo = { name: "test", version: "0" };
  send({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo },
  });
  await server.line();
  send({ method: "notifications/initialized" });
  send({ id: 2, method: "tools/call", params: { name: "acquire", arguments: {} } });
  expect(await server.line()).toContain("ports");
  expect(await folder.leases()).toMatchObject([{ state: "held" }]);
  return server;
}

describe("the server ends, and gives back what it leased,", () => {
  test.each<[string, (server: ReturnType<Folder["moorage"]>) => unknown, number]>([
    ["when stdin ends", ({ child }) => child.stdin!.end(), 0],
    ["at SIGTERM", ({ child }) => child.kill("SIGTERM"), 143],
    ["at SIGINT", ({ child }) => child.kill("SIGINT"), 130],
  ])("%s", async (_, end, code) => {
    await using folder = newFolder();
    const server = await withLease(folder);
    end(server);
    expect(await server.finished).toMatchObject({ code, stderr: "" });
    expect(await folder.leases()).toEqual([]);
  });

  test("when nobody reads what it says", async () => {
    await using folder = newFolder();
    const server = await withLease(folder);
    server.child.stdout!.destroy();
    server.child.stdin!.write('{"jsonrpc":"2.0","id":3,"method":"ping"}\n');
    expect(await server.finished).toMatchObject({ code: 0 });
    expect(await folder.leases()).toEqual([]);
  });

  test("although a call still waits", async () => {
    await using folder = newFolder();
    const server = await withLease(folder);
    const wait = { name: "wait", arguments: { target: "nobody", seconds: 600 } };
    server.child.stdin!.end(
      `${JSON.stringify({ jsonrpc: "2.0", id: 3, method: "tools/call", params: wait })}\n`,
    );
    expect(await server.finished).toMatchObject({ code: 0 });
    expect(await folder.leases()).toEqual([]);
  });

  test("its port is free when it is killed", async () => {
    await using folder = newFolder();
    const server = await withLease(folder);
    server.child.kill("SIGKILL");
    await server.finished;
    expect(await folder.leases()).toMatchObject([{ state: "free" }]);
  });
});

test("what is no message is left aside, and the next one answered", async () => {
  await using folder = newFolder();
  const server = folder.moorage("mcp");
  server.child.stdin!.write('nonsense\n{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
  expect(JSON.parse(await server.line())).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  server.child.stdin!.end();
  expect(await server.finished).toMatchObject({ code: 0 });
});
