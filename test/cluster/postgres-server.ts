// A PostgreSQL server for tests: Debian's, run by an unprivileged user in a folder of its own, on a unix socket, ended by
// its pid. Tests that crash it kill all of its processes at once, as a power cut would.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Client } from "pg";

const DEBIAN = "/usr/lib/postgresql";
/** The oldest that the store takes. */
const OLDEST = 15;
const NOBODY = 65_534;

const version = existsSync(DEBIAN)
  ? readdirSync(DEBIAN)
      .map(Number)
      .filter((each) => each >= OLDEST)
      .toSorted((a, b) => a - b)[0]
  : undefined;

/** For `describe.skipIf`, and what the name of what is skipped says. */
export const hasPostgres: boolean = version !== undefined;
export const NEEDS_POSTGRES: string = hasPostgres ? "" : " (needs PostgreSQL 15: apt-get install postgresql)";

/** PostgreSQL runs for nobody who is root. */
const asUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

export interface PostgresServer {
  /** The folder of its socket, which is its host. */
  readonly folder: string;
  /** The URL of a database, with further parameters of the connection. */
  readonly url: string;
  /** The unix socket, for a proxy in front of it. */
  readonly socket: string;
  /** Does statements, as its administrator, each in a transaction of its own. */
  sql(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]>;
  /** A connection that the caller ends. */
  client(): Promise<Client>;
  /** Kills all of its processes at once. */
  crash(): Promise<void>;
  /** Starts it again, in the same folder, with these settings instead. */
  start(settings?: Settings): Promise<void>;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;

/** Starts a server on an empty database, with settings beside those of postgresql.conf. */
export async function startPostgres(settings: Settings = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "moorage-postgres-"));
  if (asUser.uid !== undefined) chownSync(folder, asUser.uid, asUser.gid);
  const data = join(folder, "data");
  const initdb = ["-D", data, "--no-sync", "-U", "moorage", "-A", "trust", "-E", "UTF8", "--locale", "C"];
  execFileSync(binary("initdb"), initdb, { ...asUser, cwd: folder, stdio: "ignore" });
  let running: ChildProcess | undefined;
  const start = async (with_: Settings = settings): Promise<void> => {
    const server = spawn(binary("postgres"), ["-D", data, ...argumentsOf({ ...base(folder), ...with_ })], {
      ...asUser,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    });
    running = server;
    const said: string[] = [];
    for await (const line of createInterface(server.stderr)) {
      said.push(line);
      if (line.includes("ready to accept connections")) {
        // What it says from now on is nobody's business, and must not fill the pipe.
        server.stderr.resume();
        return;
      }
    }
    throw new Error(`PostgreSQL did not start:\n${said.join("\n")}`);
  };
  const end = async (signal: NodeJS.Signals, among: (pid: number) => readonly number[]): Promise<void> => {
    const server = running;
    running = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    for (const pid of among(server.pid!)) kill(pid, signal);
    await exited;
  };
  const url = `postgres:///postgres?host=${folder}&user=moorage`;
  const client = async (): Promise<Client> => {
    const connected = new Client({ connectionString: url });
    connected.on("error", () => {});
    await connected.connect();
    return connected;
  };
  await start();
  return {
    folder,
    url,
    socket: join(folder, ".s.PGSQL.5432"),
    client,
    async sql(...statements) {
      const connected = await client();
      try {
        let rows: readonly Record<string, unknown>[] = [];
        for (const statement of statements) ({ rows } = await connected.query(statement));
        return rows;
      } finally {
        await connected.end();
      }
    },
    crash: () => end("SIGKILL", (pid) => [pid, ...childrenOf(pid)]),
    start,
    async stop() {
      await end("SIGQUIT", (pid) => [pid]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function binary(name: string): string {
  return `${DEBIAN}/${version}/bin/${name}`;
}

function base(folder: string): Settings {
  return {
    listen_addresses: "",
    unix_socket_directories: folder,
    max_connections: "120",
    shared_buffers: "32MB",
  };
}

function argumentsOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
