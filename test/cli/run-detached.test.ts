// Services whose command ends and leaves a server to somebody else.

import { chownSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openHost } from "../../src/host/index.ts";
import { newFolder } from "./moorage.ts";
import { projectWith, runIn, startIn } from "./projects.ts";
import { asNobody, IS_ROOT, SEES_LISTENERS } from "./servers.ts";

const NODE = process.execPath;
const SOON = { timeout: 20_000, interval: 50 };
const NOBODY = 65534;

/** A project whose service leaves a server behind that says nothing of its lease, and its pid in a file. */
function projectWithDaemon(port: number): string {
  const server = `require("http").createServer((_, response) => response.end()).listen(process.env.PORT, "127.0.0.1");
    require("fs").writeFileSync("pid", String(process.pid))`;
  const command = `echo begun; env -u MOORAGE_LEASE setsid "$NODE" -e '${server}' > /dev/null 2>&1 &`;
  const services = {
    db: { prefer: port, command, detached: true },
    web: { command: 'echo "web of $DB_PORT"' },
  };
  return projectWith({ "moorage.json": { services } });
}

describe.skipIf(!SEES_LISTENERS)("a detached service (Linux only)", () => {
  test("is leased to whoever listens when its command has ended, and is not begun again while it runs", async () => {
    await using state = newFolder();
    const folder = projectWithDaemon(14801);
    const { code, stdout, stderr } = await runIn(state, folder, ["run", "--ready", "20", "db"], { NODE });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "begun\n" });
    const [lease] = await state.leases();
    expect(lease).toMatchObject({ ports: [14801], state: "listening", livesWith: "holder" });
    const { pid } = lease!.holder;
    const server = openHost().process(pid)!;
    onTestFinished(() => {
      if (openHost().liveness(server) === "alive") process.kill(pid, "SIGKILL");
    });
    expect(stderr).toContain(`moorage: db runs in the background on port 14801: node -e`);
    expect(stderr).toContain(`(pid ${pid})\n`);
    expect(stderr).toContain("moorage: db is ready: http://localhost:14801\n");
    const again = await runIn(state, folder, ["run"], { NODE });
    expect(again).toMatchObject({ code: 0, stdout: "web of 14801\n" });
    expect(again.stderr).toContain("moorage: db runs already, on port 14801\n");
    process.kill(pid, "SIGTERM");
    await vi.waitFor(() => expect(openHost().liveness(server)).toBe("dead"), SOON);
    expect((await runIn(state, folder, ["run", "db"], { NODE })).stdout).toBe("begun\n");
    process.kill((await state.leases())[0]!.holder.pid, "SIGTERM");
  });

  test("keeps its port, and that is said, when nobody listens in time", async () => {
    await using state = newFolder();
    const services = { db: { prefer: 14802, command: "true", detached: true } };
    const folder = projectWith({ "moorage.json": { services } });
    const { code, stderr } = await runIn(state, folder, ["run", "db"]);
    expect(code).toBe(0);
    expect(stderr).toContain("moorage: db: nothing listens on port 14802, 10 s after its command has ended");
    expect(await state.leases()).toEqual([]);
    expect((await state.run("ls")).stdout).toMatch(/14802.*kept/u);
  });

  test("whose command fails has failed", async () => {
    await using state = newFolder();
    const services = { db: { command: "exit 4", detached: true } };
    expect(await runIn(state, projectWith({ "moorage.json": { services } }), ["run"])).toMatchObject({
      code: 4,
    });
  });

  test.skipIf(!IS_ROOT)(
    "has no lease where its server cannot be seen, and is known by its port (needs root)",
    async () => {
      await using state = newFolder();
      chownSync(state.directory, NOBODY, NOBODY);
      const services = { db: { prefer: 14803, command: "echo begun", detached: true } };
      const folder = projectWith({ "moorage.json": { services } });
      chownSync(folder, NOBODY, NOBODY);
      writeFileSync(join(folder, "package.json"), "{}");
      const started = startIn(state, folder, ["run", "db"], asNobody());
      expect(await started.line()).toBe("begun");
      const server = createServer().listen(14803, "127.0.0.1");
      onTestFinished(() => void server.close());
      await once(server, "listening");
      const { code, stderr } = await started.finished;
      expect(code).toBe(0);
      expect(stderr).toContain("cannot be seen from here: there is no lease, and the name keeps the port\n");
      const again = await startIn(state, folder, ["run", "db"], asNobody()).finished;
      expect(again).toMatchObject({ code: 0, stdout: "" });
      expect(again.stderr).toBe("moorage: db runs already, on port 14803\n");
    },
  );
});
