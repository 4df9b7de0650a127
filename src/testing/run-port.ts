// runPort(): one port for all processes of a test run, without waiting, as configuration files need it.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { PortError, type PortErrorCode } from "../core/index.ts";
import { openHost } from "../host/index.ts";
import { expectName } from "../registry/request.ts";
import { notedPorts, notePorts, runOf } from "./run.ts";

/** What the program says: the port, or why there is none. */
export type Answer = { readonly port: number } | { readonly error: Refusal };
interface Refusal {
  readonly kind: string;
  readonly message: string;
  /** What a PortError has beside its message. */
  readonly details: { readonly code?: PortErrorCode };
}

/**
 * The port that a name has in this test run: the same in its configuration, in its set-up and in each of its workers,
 * and another one in every other run. What the run does not have yet is leased to the runner's process, by a short
 * child process (about 0.2 s); the port is not held in the kernel then. The lease ends with the runner.
 *
 * Playwright Test reads its configuration anew in each worker: this is how all of them are told the same.
 *
 * @throws as `acquire()`.
 * @example
 * // playwright.config.ts
 * const port = runPort("web");
 * export default defineConfig({
 *   use: { baseURL: `http://localhost:${port}` },
 *   webServer: { command: "npm start", env: { PORT: String(port) }, port },
 * });
 */
export function runPort(name: string): number {
  expectName("name", name);
  const run = runOf(process.env, openHost());
  const known = notedPorts(process.env, run);
  if (Object.hasOwn(known, name)) return known[name]!;
  const port = lease(name, run.pid);
  notePorts(process.env, run, { ...known, [name]: port });
  return port;
}

function lease(name: string, pid: number): number {
  const program = fileURLToPath(new URL("run-port-program.js", import.meta.url));
  const { stdout, stderr, error } = spawnSync(process.execPath, [program, String(pid), name], {
    encoding: "utf8",
  });
  if (error) throw error;
  if (stdout === "") throw new Error(`runPort: no port was leased: ${stderr}`);
  const answer = JSON.parse(stdout) as Answer;
  if ("port" in answer) return answer.port;
  const { kind, message, details } = answer.error;
  if (details.code !== undefined) throw new PortError(details.code, message, details);
  throw kind === "RangeError" ? new RangeError(message) : new Error(message);
}
