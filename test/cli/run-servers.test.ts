// Servers that read no PORT are told it by flags: real ones, started as their users do.

import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { hasProgram } from "../host/processes.ts";
import { newFolder } from "./moorage.ts";
import { projectWith, startIn } from "./projects.ts";

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const SOON = { timeout: 30_000, interval: 50 };

/** A project with vite, and scripts that start it in several ways. */
function projectWithVite(): string {
  const folder = projectWith({
    "index.html": "<p>hello from vite</p>",
    "package.json": {
      type: "module",
      scripts: {
        dev: "vite",
        checked: "true && vite --host 127.0.0.1",
        twice: "npm run dev",
        preview: "vite preview",
      },
    },
    "dist/index.html": "<p>hello from vite</p>",
  });
  symlinkSync(MODULES, join(folder, "node_modules"));
  return folder;
}

async function askAt(port: string): Promise<string> {
  const answer = await vi.waitFor(() => fetch(`http://localhost:${port}/`), SOON);
  return /hello from \w+/u.exec(await answer.text())?.[0] ?? "";
}

describe("vite listens on the leased port", () => {
  test.each([
    "npx vite",
    "npx vite preview",
    "npm run dev",
    "npm run dev -- --host 127.0.0.1",
    "npm run checked",
    "npm run twice",
    "npm exec vite",
    "node node_modules/vite/bin/vite.js",
  ])("%s", async (line) => {
    await using state = newFolder();
    const started = startIn(state, projectWithVite(), ["run", "--name", "web", "--", ...line.split(" ")]);
    let stderr = "";
    started.child.stderr!.on("data", (text: string) => (stderr += text));
    await vi.waitFor(() => expect(stderr).toMatch(/PORT=\d+ for web\n/u), SOON);
    const [, port] = /PORT=(\d+) for web/u.exec(stderr)!;
    expect(await askAt(port!)).toBe("hello from vite");
    started.child.kill("SIGTERM");
    await started.finished;
    expect(await state.leases()).toEqual([]);
  });

  test("and is left alone where it is given another number, which is said", async () => {
    await using state = newFolder();
    const words = ["run", "--name", "web", "--ports", "14795", "--", "npx", "vite", "--port", "14796"];
    const started = startIn(state, projectWithVite(), words);
    expect(await askAt("14796")).toBe("hello from vite");
    started.child.kill("SIGTERM");
    const { stderr } = await started.finished;
    expect(stderr).toContain(
      "moorage: web: vite is given port 14796, and 14795 is leased: leave the number out, or write {port}\n",
    );
  });

  test("and where it is given {port}", async () => {
    await using state = newFolder();
    const words = ["run", "--name", "web", "--ports", "14797", "--", "npx", "vite", "--port={port}"];
    const started = startIn(state, projectWithVite(), words);
    expect(await askAt("14797")).toBe("hello from vite");
    started.child.kill("SIGTERM");
    expect((await started.finished).stderr).not.toContain("is given");
  });

  test("as the command of a service", async () => {
    await using state = newFolder();
    const folder = projectWithVite();
    const config = { services: { web: { prefer: 14798, command: "vite" } } };
    writeFileSync(join(folder, "moorage.json"), JSON.stringify(config));
    const started = startIn(state, folder, ["run"]);
    expect(await askAt("14798")).toBe("hello from vite");
    started.child.kill("SIGTERM");
    await started.finished;
  });
});

test.skipIf(!hasProgram("python3", "--version"))("python3 -m http.server does (python3)", async () => {
  await using state = newFolder();
  const folder = projectWith({ "index.html": "hello from python" });
  const words = ["run", "--ports", "14799", "--", "python3", "-m", "http.server", "--bind", "127.0.0.1"];
  const started = startIn(state, folder, words);
  expect(await askAt("14799")).toBe("hello from python");
  started.child.kill("SIGTERM");
  await started.finished;
});
