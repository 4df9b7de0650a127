// PostgreSQL, as the benchmark starts it: with its own defaults, which sync every commit to the disk.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BenchedEngine } from "./engine.ts";
import { asNobody, cpuOfAll, dataFolder, freePort, startServer } from "./servers.ts";

/** Where Debian has it, each version in a folder of its own. */
const DEBIAN = "/usr/lib/postgresql";
const OLDEST = 15;

export const POSTGRES: BenchedEngine = {
  name: "postgres",
  door: "stores/postgres/index.js",
  factory: "postgres",
  bare: "postgres-bare.js",
  async start() {
    const version = (existsSync(DEBIAN) ? readdirSync(DEBIAN) : []).find((name) => Number(name) >= OLDEST);
    if (version === undefined) return undefined;
    const program = (name: string): string => join(DEBIAN, version, "bin", name);
    const folder = dataFolder();
    const data = join(folder, "data");
    const [command, ...before] = [...asNobody(), program("initdb"), "-D", data];
    spawnSync(command, [...before, "--no-sync", "-U", "moorage", "-A", "trust", "-E", "UTF8"], {
      cwd: folder,
    });
    const port = await freePort();
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: folder,
      max_connections: 200,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const ready = "ready to accept connections";
    const { process, end } = await startServer([program("postgres"), "-D", data, ...flags], ready, folder);
    const connectionString = `postgres://moorage@127.0.0.1:${port}/postgres`;
    return { options: { connectionString }, cpu: () => cpuOfAll(process.pid!), end };
  },
};
