// The states that `moorage ls` shows, with real servers.

import { describe, expect, test } from "vitest";
import { type Folder, MAIN, newFolder, type Started } from "./moorage.ts";
import { SEES_LISTENERS, serverOn } from "./servers.ts";

const NODE = process.execPath;
const PORT = 14800;

/** A process that holds a lease of PORT and does nothing. */
async function holderOf(folder: Folder): Promise<Started> {
  const holder = folder.start(NODE, ["-e", 'console.log("up"); process.stdin.resume()']);
  await holder.line();
  await folder.run(
    "get",
    "--global",
    "--name",
    "web",
    "--ports",
    String(PORT),
    "--for",
    String(holder.child.pid),
  );
  return holder;
}

async function serve(folder: Folder, env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const server = folder.start(NODE, serverOn(PORT), { env });
  await server.line();
  return server;
}

/** The row of the lease, and what stands under it. */
async function rows(folder: Folder): Promise<string[]> {
  return (await folder.start(NODE, [MAIN, "ls"], { env: { LC_ALL: "C.UTF-8" } }).finished).stdout
    .trimEnd()
    .split("\n")
    .slice(1);
}

async function idOfLease(folder: Folder): Promise<string> {
  return (await folder.leases())[0]!.id;
}

describe.skipIf(!SEES_LISTENERS)("a lease (Linux only)", () => {
  test("is held while nothing listens, and listening while a child of its holder does", async () => {
    await using folder = newFolder();
    await folder.run(
      "get",
      "--global",
      "--name",
      "web",
      "--ports",
      String(PORT),
      "--for",
      String(process.pid),
    );
    expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +○ held /u)]);
    const server = await serve(folder);
    expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +● listening /u)]);
    server.child.kill();
    await server.finished;
    expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +○ held /u)]);
  });

  test("is taken while somebody else listens, and it says who and where", async () => {
    await using folder = newFolder();
    await holderOf(folder);
    const stranger = await serve(folder);
    const [row, note, ...rest] = await rows(folder);
    expect(row).toMatch(/^web +14800 +! taken /u);
    expect(note?.trim()).toMatch(
      new RegExp(
        `^→ taken by node .* \\(pid ${stranger.child.pid}\\) in ${process.cwd()}, on tcp \\[::\\]:14800$`,
        "u",
      ),
    );
    expect(rest).toEqual([]);
  });

  test("is listening when the server has lost its parents and says the lease in its environment", async () => {
    await using folder = newFolder();
    await holderOf(folder);
    await serve(folder, { MOORAGE_LEASE: await idOfLease(folder) });
    expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +● listening /u)]);
  });

  test("is orphaned when its holder was killed and the server lives on, and free when that ends too", async () => {
    await using folder = newFolder();
    const holder = await holderOf(folder);
    const server = await serve(folder, { MOORAGE_LEASE: await idOfLease(folder) });
    holder.child.kill("SIGKILL");
    await holder.finished;
    const [row, note] = await rows(folder);
    expect(row).toMatch(/^web +14800 +◌ orphaned /u);
    expect(note?.trim()).toMatch(new RegExp(`^→ left behind: node .* \\(pid ${server.child.pid}\\) `, "u"));
    server.child.kill();
    await server.finished;
    expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +· free /u)]);
  });

  test("--json says whose each listener is, with its process and folder", async () => {
    await using folder = newFolder();
    await holderOf(folder);
    const stranger = await serve(folder);
    const { leases } = JSON.parse((await folder.run("ls", "--json")).stdout) as { leases: unknown[] };
    const owner = { pid: stranger.child.pid, folder: process.cwd() };
    const listener = { protocol: "tcp", address: "::", port: PORT, ownership: "foreign", owners: [owner] };
    expect(leases).toMatchObject([{ name: "web", state: "taken", listeners: [listener] }]);
  });
});

test("a port that a name keeps is kept, and taken when somebody listens without a lease (Linux only)", async ({
  skip,
}) => {
  skip(!SEES_LISTENERS);
  await using folder = newFolder();
  await folder.run(
    "run",
    "--global",
    "--name",
    "web",
    "--kept",
    "--ports",
    String(PORT),
    "--",
    NODE,
    "-e",
    "",
  );
  expect(await rows(folder)).toEqual([expect.stringMatching(/^web +14800 +◇ kept$/u)]);
  await serve(folder);
  const [row, note] = await rows(folder);
  expect(row).toMatch(/^web +14800 +! taken, kept$/u);
  expect(note).toContain("→ taken by node");
});
