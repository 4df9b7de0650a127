import { open, PortError } from "moorage";

const registry = await open();

// Three leases in one step; a part may ask for whatever `acquire` takes.
const { web, api, db } = await registry.acquireAll({
  web: { name: "web", ports: "14100-14109" },
  api: { name: "api", ports: "14100-14109", protocol: ["tcp", "udp"] },
  db: { ports: "14110-14119", count: 2 },
});
console.log(new Set([web.port, api.port, ...db.ports]).size); //=> 4

// All or none: one port is leased already, so the other is not taken either.
const before = (await registry.list()).length;
try {
  await registry.acquireAll({ free: { ports: 14120 }, taken: { ports: web.port } });
} catch (error) {
  if (!PortError.is(error)) throw error;
  console.log(error.code); //=> "NO_PORT_AVAILABLE"
}
console.log((await registry.list()).length === before); //=> true

await registry.close();
