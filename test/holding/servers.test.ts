// Real servers on held ports: started over a hold, and handed the socket of one that listens.

import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";

import { openHost } from "../../src/host/index.ts";
import { MAIN } from "../cli/moorage.ts";
import { hasProgram } from "../host/processes.ts";
import { wholePort } from "../host/sockets.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { type CommandLine, missing, present, type Running, type Server, startServer } from "./servers.ts";

const SOON = { timeout: 30_000, interval: 50 };

/** Ports that no other test uses. */
let nextPort = 14_700;

function holdQuietly(port: number): void {
  const hold = openHost().holds!.take([wholePort(port)]);
  if (typeof hold === "string") throw new Error(`not held: ${hold}`);
  onTestFinished(() => hold.release());
}

/** Starts a command by `moorage run`, which has said its port when this resolves. */
async function startRun(port: number, flags: readonly string[], commandLine: CommandLine): Promise<Running> {
  const run = [MAIN, "run", ...flags, "--ports", String(port), "--", ...commandLine];
  const running = startServer([process.execPath, ...run], { MOORAGE_DIR: temporaryFolder() });
  const [said] = (await once(running.child.stderr!, "data")) as [Buffer];
  expect(said.toString().split("\n")[0]).toBe(`moorage: PORT=${port}`);
  return running;
}

function namesOf(servers: readonly Server[]): string {
  return servers.map(({ name }) => name).join(", ") || "none";
}

afterAll(() => {
  console.log(`servers tried: ${namesOf(present)}; not installed: ${namesOf(missing)}`);
});

describe("over a hold", () => {
  it.each(present.filter(({ onPort }) => onPort))(
    "$name starts, and starts again",
    async ({ ask, answer, onPort }) => {
      const port = nextPort++;
      holdQuietly(port);
      const commandLine = onPort!(port, temporaryFolder());
      for (let time = 0; time < 2; time++) {
        const server = startServer(commandLine);
        expect(await vi.waitFor(() => ask(port), SOON)).toBe(answer);
        await server.stop();
      }
    },
  );
});

describe("moorage run", () => {
  it.each(present.filter(({ onPort }) => onPort))(
    "starts $name on the port that it holds",
    async ({ ask, answer, onPort }) => {
      const port = nextPort++;
      const run = await startRun(port, [], onPort!(port, temporaryFolder()));
      expect(await vi.waitFor(() => ask(port), SOON)).toBe(answer);
      await run.stop();
    },
  );

  it.skipIf(!hasProgram("python3", "--version"))(
    "starts a server that does not set SO_REUSEADDR, as python3's socketserver, with --no-hold alone",
    async () => {
      const program =
        "import os, socketserver, sys\n" +
        "with socketserver.TCPServer(('127.0.0.1', int(os.environ['PORT'])), None): sys.exit(42)";
      const exitOf = async (...flags: readonly string[]): Promise<unknown> => {
        const { child } = await startRun(nextPort++, flags, ["python3", "-c", program]);
        return child.exitCode ?? (await once(child, "exit"))[0];
      };
      expect(await exitOf()).toBe(1);
      expect(await exitOf("--no-hold")).toBe(42);
    },
  );
});

describe("moorage run --fd", () => {
  it.each(present.filter(({ onSocket }) => onSocket))(
    "$name answers what was asked before it had started, on the socket that it was handed",
    async ({ ask, answer, onSocket }) => {
      const port = nextPort++;
      const { stop } = await startRun(port, ["--fd"], onSocket!(port, temporaryFolder()));
      // Asked once, and at once: nobody could be refused.
      expect(await ask(port)).toBe(answer);
      await stop();
    },
  );

  it("hands it over once: a Node program in between, as npm is, does not pass it on", async () => {
    const accept = fileURLToPath(new URL("../host/accept.mjs", import.meta.url));
    const between =
      "const { spawnSync } = require('node:child_process');" +
      "const [program, ...parameters] = process.argv.slice(1);" +
      "const { stderr } = spawnSync(program, parameters, { stdio: ['inherit', 'inherit', 'pipe'] });" +
      "process.exit(/listen EINVAL/u.test(stderr) ? 42 : 1);";
    const inner = [process.execPath, accept, "never", "1"];
    const { child } = await startRun(nextPort++, ["--fd"], [process.execPath, "-e", between, "--", ...inner]);
    expect(await once(child, "exit")).toEqual([42, null]);
  });
});
