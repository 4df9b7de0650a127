// etcd, as the benchmark starts it: one member, which syncs every commit to the disk.

import { join } from "node:path";
import type { BenchedEngine } from "./engine.ts";
import { cpuOf, dataFolder, freePort, isInstalled, startServer } from "./servers.ts";

export const ETCD: BenchedEngine = {
  name: "etcd",
  door: "stores/etcd/index.js",
  factory: "etcd",
  bare: "etcd-bare.js",
  async start() {
    if (!isInstalled("etcd")) return undefined;
    const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
    const folder = dataFolder();
    const flags = {
      "data-dir": join(folder, "data"),
      "listen-client-urls": clients,
      "advertise-client-urls": clients,
      "listen-peer-urls": peers,
      "initial-advertise-peer-urls": peers,
      "initial-cluster": `default=${peers}`,
    };
    const command = ["etcd", ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)];
    const { process, end } = await startServer(command, "ready to serve client requests", folder);
    return { options: { endpoints: [clients] }, cpu: () => cpuOf(process.pid!), end };
  },
};
