// An etcd of the tests' own: Debian's server, as a user without rights, on loopback, in a temporary folder. It ends with the
// test process, whatever happens to that.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import type { Store } from "../../src/contract/index.ts";
import { systemChance, systemClock } from "../../src/node/clock.ts";
import { etcd, type EtcdOptions } from "../../src/stores/etcd/index.ts";

/** Whether the server is installed (Debian: etcd-server). */
export const hasEtcd = spawnSync("etcd", ["--version"]).status === 0;

/** As a part of a test's name where it is not. */
export const WITHOUT_ETCD = hasEtcd ? "" : " (skipped: etcd is not installed)";

const NOBODY = 65_534;
/** More than twice what a loaded machine takes. */
const START_MS = 20_000;

export interface ServerOptions {
  /** A command line that runs another one, given behind it: in another place. */
  readonly place?: readonly string[];
  readonly folder?: string;
  readonly flags: readonly string[];
}

/** A command line that runs another one as a user without rights, and ends it when this process ends. */
function asNobody(): readonly string[] {
  const end = ["setpriv", "--pdeathsig", "KILL"];
  if (process.getuid?.() !== 0) return end;
  return [...end, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}

/** A folder for the data of a server. */
export function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moorage-etcd-"));
  chmodSync(folder, 0o700);
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

/** One server, which can be killed and started again on its data. */
export class EtcdServer {
  readonly #options: ServerOptions;
  readonly folder: string;
  #process: ChildProcess | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.folder = options.folder ?? dataFolder();
  }

  /** Settles when it answers. */
  async start(): Promise<void> {
    const { place = [], flags } = this.#options;
    const [command, ...parameters] = [
      ...place,
      ...asNobody(),
      "etcd",
      "--data-dir",
      join(this.folder, "data"),
      ...flags,
    ];
    const child = spawn(command!, parameters, { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    const lines = createInterface({ input: child.stderr });
    const last: string[] = [];
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS);
    try {
      for await (const line of lines) {
        last.push(line);
        if (line.includes("ready to serve client requests")) {
          child.stderr.resume();
          return;
        }
      }
    } finally {
      clearTimeout(timer);
      lines.close();
    }
    throw new Error(`etcd did not start: ${last.slice(-5).join("\n")}`);
  }

  /** As a power cut of the server alone would: SIGKILL. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  /** It stands still, as on a machine that is overloaded, and its connections stay. */
  pause(): void {
    this.#process?.kill("SIGSTOP");
  }

  goOn(): void {
    this.#process?.kill("SIGCONT");
  }

  /** For good, with its data. */
  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Ports of this moment that nobody has. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as { readonly port: number }).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** Where a member answers clients and other members, and who belongs to the cluster. */
export function flagsOf(name: string, clients: string, peers: string, cluster: string): string[] {
  const own = { name, "listen-client-urls": clients, "advertise-client-urls": clients };
  const others = {
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": cluster,
  };
  return Object.entries({ ...own, ...others }).map(([flag, value]) => `--${flag}=${value}`);
}

/** A server alone, and how stores are opened on it. */
export interface LoneServer {
  readonly server: EtcdServer;
  readonly url: string;
  readonly port: number;
}

export async function startEtcd(scheme = "http", flags: readonly string[] = []): Promise<LoneServer> {
  const [port, peer] = (await freePorts(2)) as [number, number];
  const [url, peers] = [`${scheme}://127.0.0.1:${port}`, `http://127.0.0.1:${peer}`];
  const server = new EtcdServer({ flags: [...flagsOf("default", url, peers, `default=${peers}`), ...flags] });
  await server.start();
  return { server, url, port };
}

export async function openEtcd(options: EtcdOptions): Promise<Store> {
  return await etcd(options).open({ clock: systemClock, chance: systemChance });
}
