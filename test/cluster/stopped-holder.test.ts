// A process of a host that is stopped for longer than its session lives: its lease is over, and its sockets still have the
// port. Whoever asks for it is told so.

import { expect, it, onTestFinished } from "vitest";
import { MAIN, newFolder } from "../cli/moorage.ts";
import { startChild } from "../stores/child.ts";
import { hasEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";

/** The shortest that etcd has. */
const TTL_MS = 2000;
const PORT = "10710";

it.skipIf(!hasEtcd)(
  `the port of a process that was stopped is nobody's until it goes on, and all say whose it was${WITHOUT_ETCD}`,
  async () => {
    const { server, url } = await startEtcd();
    onTestFinished(() => server.end());
    await using folder = newFolder();
    const env = { MOORAGE_STORE: url.replace("http:", "etcd:"), MOORAGE_SCOPE: "host/web-1" };
    const moorage = async (...parameters: string[]): Promise<string> => {
      const { stdout, stderr } = await folder.start(process.execPath, [MAIN, ...parameters], {
        env: { ...process.env, ...env },
      }).finished;
      return stdout + stderr;
    };
    const holder = startChild("cluster/worker.mjs");
    const tell = async (action: string, parameters: object): Promise<unknown> => {
      holder.send({ action, ...parameters });
      return await holder.next();
    };
    const options = { scope: { host: "web-1" }, sessionTtlMs: TTL_MS };
    await tell("open", { engine: { etcd: { endpoints: [url] } }, options });
    await tell("acquire", { options: { ports: PORT } });
    holder.process.kill("SIGSTOP");
    await expect.poll(() => moorage("who", PORT), { timeout: 20_000 }).toContain("whose session is over");
    expect(await moorage("who", PORT)).toMatch(new RegExp(`^ +had by .*\\(pid ${holder.pid}\\)$`, "mu"));

    // The first to ask for it takes the record away; the port stays where it is.
    const refused = await moorage("get", "--ports", PORT, "--for", String(process.pid));
    expect(refused).toContain(
      "1 leased in another state folder or by another user, or had by a process whose",
    );
    expect(await moorage("who", PORT)).toMatch(new RegExp(`^ +had by .*\\(pid ${holder.pid}\\)$`, "mu"));
    expect(await moorage("release", PORT)).toContain(
      `no lease has port ${PORT} here: it is leased in another`,
    );

    holder.process.kill("SIGCONT");
    await expect
      .poll(() => moorage("get", "--ports", PORT, "--for", String(process.pid)), { timeout: 20_000 })
      .toMatch(new RegExp(`^${PORT}$`, "mu"));
  },
);
