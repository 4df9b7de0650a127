// A PostgreSQL of the tests' own: Debian's server, as a user without rights, on loopback and a unix socket, in a temporary
// folder. It ends with the test process, whatever happens to that. Tests that crash it kill all of its processes at once.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { Client } from "pg";

const DEBIAN = "/usr/lib/postgresql";
/** The oldest that the store takes. */
const OLDEST = 15;
const NOBODY = 65_534;
/** More than twice what a loaded machine takes. */
const START_MS = 20_000;
const BASE = { listen_addresses: "127.0.0.1", max_connections: "120", shared_buffers: "32MB" };

const version = existsSync(DEBIAN)
  ? readdirSync(DEBIAN)
      .map(Number)
      .filter((each) => each >= OLDEST)
      .toSorted((a, b) => a - b)[0]
  : undefined;

/** Whether the server is installed (Debian: postgresql). */
export const hasPostgres: boolean = version !== undefined;

/** As a part of a test's name where it is not. */
export const WITHOUT_POSTGRES: string = hasPostgres ? "" : " (skipped: PostgreSQL is not installed)";

/** A command line that runs another one as a user without rights, and ends it when this process ends. */
function asNobody(): readonly string[] {
  const end = ["setpriv", "--pdeathsig", "KILL"];
  if (process.getuid?.() !== 0) return end;
  return [...end, `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}

/** A port of the loopback address that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await once(server.close(), "close");
  return port;
}

export interface PostgresServer {
  /** The URL of its database, by its unix socket, with parameters. */
  readonly url: string;
  /** Of the loopback address. */
  readonly port: number;
  /** Does statements, as its administrator, each in a transaction of its own; the rows of the last one. */
  sql(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]>;
  /** A connection of an administrator, which the caller ends. */
  client(): Promise<Client>;
  /** Starts it, again or for the first time. */
  start(): Promise<void>;
  /** Kills all of its processes at once. */
  crash(): Promise<void>;
  /** It stands still, as on a machine that is overloaded, and its connections stay. */
  pause(): void;
  goOn(): void;
  /** A standby that has what this one has now, and gets no more; to be started on a port. */
  standby(port: number): PostgresServer;
  /** What pg_dump says of its database. */
  dump(): string;
  /** Does what a dump says. */
  restore(dump: string): void;
  /** Ends it, and removes its folder. */
  stop(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;

/** Starts a server on an empty database, with settings beside those of postgresql.conf. */
export async function startPostgres(settings: Settings = {}): Promise<PostgresServer> {
  const folder = freshFolder();
  execFileSync(
    ...program(
      "initdb",
      "-D",
      join(folder, "data"),
      "--no-sync",
      "-U",
      "moorage",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale",
      "C",
    ),
    { cwd: folder, stdio: "ignore" },
  );
  const server = serverIn(folder, { ...settings, port: `${await freePort()}` });
  await server.start();
  return server;
}

/** A server of the data in a folder. */
function serverIn(folder: string, settings: Settings & { readonly port: string }): PostgresServer {
  const port = Number(settings.port);
  const url = `postgres:///postgres?host=${folder}&port=${port}&user=moorage`;
  const login = ["-h", folder, "-p", `${port}`, "-U", "moorage", "-d", "postgres"];
  let running: ChildProcess | undefined;
  const client = async (): Promise<Client> => {
    const connected = new Client({ connectionString: url });
    connected.on("error", () => {});
    await connected.connect();
    return connected;
  };
  const end = async (signal: NodeJS.Signals, among: (pid: number) => readonly number[]): Promise<void> => {
    const server = running;
    running = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, "exit");
    for (const pid of among(server.pid!)) kill(pid, signal);
    await exited;
  };
  return {
    url,
    port,
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
    async start() {
      running = await startIn(folder, settings);
    },
    crash: () => end("SIGKILL", withChildren),
    pause: () => {
      for (const pid of withChildren(running!.pid!)) kill(pid, "SIGSTOP");
    },
    goOn: () => {
      for (const pid of withChildren(running!.pid!)) kill(pid, "SIGCONT");
    },
    standby(itsPort) {
      const copy = freshFolder();
      const data = join(copy, "data");
      const how = ["-X", "fetch", "-c", "fast", "--no-sync"];
      execFileSync(...program("pg_basebackup", "-D", data, ...login.slice(0, -2), ...how), {
        cwd: copy,
        stdio: "ignore",
      });
      writeFileSync(join(data, "standby.signal"), "");
      return serverIn(copy, { ...settings, port: `${itsPort}` });
    },
    dump: () => execFileSync(...program("pg_dump", ...login), { cwd: folder, encoding: "utf8" }),
    restore: (dump) => {
      const quietly = ["-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"];
      execFileSync(...program("psql", ...login, ...quietly), { cwd: folder, input: dump });
    },
    async stop() {
      await end("SIGQUIT", (pid) => [pid]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startIn(folder: string, settings: Settings): Promise<ChildProcess> {
  const flags = argumentsOf({ ...BASE, unix_socket_directories: folder, ...settings });
  const server = spawn(...program("postgres", "-D", join(folder, "data"), ...flags), {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const timer = setTimeout(() => server.kill("SIGKILL"), START_MS);
  const said: string[] = [];
  try {
    for await (const line of createInterface(server.stderr)) {
      said.push(line);
      if (!line.includes("ready to accept")) continue;
      // What it says from now on is nobody's business, and must not fill the pipe.
      server.stderr.resume();
      return server;
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`PostgreSQL did not start: ${said.slice(-5).join("\n")}`);
}

/** A command line of the server's own programs. */
function program(name: string, ...parameters: readonly string[]): [string, string[]] {
  const [command = "", ...before] = asNobody();
  return [command, [...before, `${DEBIAN}/${version}/bin/${name}`, ...parameters]];
}

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moorage-postgres-"));
  if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY);
  return folder;
}

function argumentsOf(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself.
  }
}
