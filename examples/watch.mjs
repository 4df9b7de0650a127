import { open } from "moorage";

const registry = await open();
const events = registry.watch();

// What happens from the call on, here or in any other process.
const lease = await registry.acquire({ name: "web", ports: 14230, ttlMs: 1000 });
for await (const { type, lease: subject } of events) {
  console.log(type, subject.name, subject.ports[0]);
  //=> "granted" "web" 14230
  //=> "renewed" "web" 14230
  //=> "released" "web" 14230
  if (type === "renewed") await lease.release();
  if (type === "released") break;
}

await registry.close();
