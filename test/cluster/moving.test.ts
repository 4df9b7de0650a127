// What a registry keeps, from a folder through etcd and PostgreSQL and back into a folder.

import { expect, it } from "vitest";
import { exportRecords, importRecords, open } from "../../src/node/index.ts";
import { etcd } from "../../src/stores/etcd/index.ts";
import { postgres } from "../../src/stores/postgres/index.ts";
import { temporaryFolder } from "../stores/folder.ts";
import { hasEtcd, startEtcd, WITHOUT_ETCD } from "./etcd-server.ts";
import { hasPostgres, startPostgres, WITHOUT_POSTGRES } from "./postgres-server.ts";
import { freshSchema } from "./postgres-stores.ts";

it.skipIf(!hasEtcd || !hasPostgres)(
  `names keep their ports from SQLite to etcd, to PostgreSQL, to SQLite${WITHOUT_ETCD}${WITHOUT_POSTGRES}`,
  async () => {
    const [lone, server] = await Promise.all([startEtcd(), startPostgres()]);
    try {
      const [first, last] = [{ directory: temporaryFolder() }, { directory: temporaryFolder() }];
      const places = [
        first,
        { store: etcd({ endpoints: [lone.url] }) },
        { store: postgres({ connectionString: server.url, schema: freshSchema() }) },
        last,
      ];
      let ports: readonly number[];
      {
        await using registry = await open(first);
        const lease = await registry.acquire({ name: "db", ports: "10800-10999", count: 50, kept: true });
        ({ ports } = lease);
      }
      const epochs: number[] = [];
      for (const [at, place] of places.entries()) {
        const before = places[at - 1];
        if (before) await importRecords(await exportRecords(before), place);
        await using registry = await open(place);
        const lease = await registry.acquire({ name: "db" });
        expect(lease.ports.toSorted((a, b) => a - b)).toEqual(ports.toSorted((a, b) => a - b));
        epochs.push(lease.token.epoch);
      }
      expect(epochs.every((epoch, at) => at === 0 || epoch > epochs[at - 1]!)).toBe(true);
    } finally {
      await lone.server.end();
      await server.stop();
    }
  },
);

it.skipIf(!hasEtcd || !hasPostgres)(
  `a pool goes from etcd to PostgreSQL and back, and an import that is refused raises no epoch${WITHOUT_ETCD}${WITHOUT_POSTGRES}`,
  async () => {
    const [lone, server] = await Promise.all([startEtcd(), startPostgres()]);
    try {
      const endpoints = [lone.url];
      const first = etcd({ endpoints, prefix: "first" });
      const scope = { pool: "vip-1", ports: "30000-30009" };
      {
        await using registry = await open({ store: first, scope });
        await registry.acquire({ name: "lb", ports: 30_001, kept: true });
      }
      let text = await exportRecords({ store: first, scope });
      for (const store of [
        postgres({ connectionString: server.url, schema: freshSchema() }),
        etcd({ endpoints, prefix: "last" }),
      ]) {
        const options = { store, scope: { pool: "vip-1" } };
        await expect(importRecords(text, { store })).rejects.toThrow("`scope`: expected pool/vip-1");
        expect(await importRecords(text, options)).toMatchObject({ names: 1 });
        const moved = await exportRecords(options);
        await expect(importRecords(moved, options)).rejects.toThrow("`merge`: there are records");
        // The first line has the epoch.
        expect(await exportRecords(options)).toBe(moved);
        text = moved;
        await using registry = await open(options);
        expect((await registry.acquire({ name: "lb" })).port).toBe(30_001);
        await expect(registry.acquire({ ports: 30_010 })).rejects.toThrow("which are 30000-30009");
      }
    } finally {
      await lone.server.end();
      await server.stop();
    }
  },
);
