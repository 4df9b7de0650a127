// A network namespace of the test's own, and the programs that have sockets in it, told what to do over pipes.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

import { hasIPv6 } from "../../core/live-sockets.ts";

/** Where the kernel picks ports in the namespace: few, so that it comes upon each of them often. */
export const EPHEMERAL = { first: 40_000, last: 40_015 };

const SET_UP =
  "ip link set lo up && " +
  `echo "${EPHEMERAL.first} ${EPHEMERAL.last}" > /proc/sys/net/ipv4/ip_local_port_range && `;

/** Whether namespaces can be made and set up here, and python3 is there. */
export function canHaveNamespaces(): boolean {
  return pythonPath() !== "" && spawnSync("unshare", inside(`${SET_UP} nsenter -V`)).status === 0;
}

/** Itself, and not a script that looks for it, which takes far longer to start. */
function pythonPath(): string {
  const { stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" });
  return stdout?.trim() ?? "";
}

function inside(script: string): string[] {
  return ["--net", "sh", "-c", script];
}

/** A program in the namespace that answers each message. */
export class Program {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: ChildProcess, lines: Interface) {
    this.#process = process;
    this.#lines = lines[Symbol.asyncIterator]();
  }

  static async start(command: string, parameters: readonly string[]): Promise<Program> {
    const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "inherit"] });
    const program = new Program(child, createInterface({ input: child.stdout }));
    onTestFinished(() => program.kill());
    await program.#answer();
    return program;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  async ask(does: string, what: object): Promise<unknown> {
    this.#process.stdin!.write(`${JSON.stringify({ does, ...what })}\n`);
    return await this.#answer();
  }

  /** Ends it at once, and with it all its sockets. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }

  async #answer(): Promise<unknown> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`${this.#process.spawnargs.join(" ")} ended`);
    return JSON.parse(value);
  }
}

export class Namespace {
  readonly #keeper: Program;
  readonly #python = pythonPath();
  /** The next port, outside of the kernel's range, at which a stranger's connections end. */
  #peerPort = 30_000;

  private constructor(keeper: Program) {
    this.#keeper = keeper;
  }

  static async make(): Promise<Namespace> {
    return new Namespace(await Program.start("unshare", inside(`${SET_UP} echo '"ready"' && exec cat`)));
  }

  /** A program that is not Node. */
  async startStranger(): Promise<Program> {
    const options = hasIPv6() ? [] : ["--without-ipv6"];
    return await this.#start(this.#python, "stranger.py", `${this.#peerPort++}`, ...options);
  }

  /** A Node process with a host. */
  async startNeighbour(): Promise<Program> {
    return await this.#start(process.execPath, "neighbour.mjs");
  }

  async end(): Promise<void> {
    await this.#keeper.kill();
  }

  async #start(interpreter: string, script: string, ...parameters: readonly string[]): Promise<Program> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const place = [`--net=/proc/${this.#keeper.pid}/ns/net`, "--"];
    return await Program.start("nsenter", [...place, interpreter, path, ...parameters]);
  }
}
