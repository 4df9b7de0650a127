import { open } from "moorage";

// The longest time an old server is given to go away; 2 seconds when nothing is said.
const registry = await open({ quarantineMs: 60_000 });
const web = await registry.acquire({ name: "web", ports: 14200 });
await web.release();

// For others the port is the last choice now ...
const other = await registry.acquire({ ports: "14200-14201" });
console.log(other.port); //=> 14201

// ... or none, where they want it so.
const attempt = await registry.tryAcquire({ ports: 14200, quarantine: "refuse" });
console.log(attempt.granted, attempt.refusal.refused.quarantined); //=> false 1

// For its old name it is as it was.
const again = await registry.acquire({ name: "web", ports: "14200-14209", quarantine: "refuse" });
console.log(again.port); //=> 14200

await registry.close();
