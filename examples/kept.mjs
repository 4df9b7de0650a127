import { open, PortError } from "moorage";

const registry = await open();
const lease = await registry.acquire({ name: "api", ports: "14180-14189", kept: true });
await lease.release();

// The lease is over, the port stays the name's: over the end of processes, boots and power cuts.
const [kept] = await registry.reservations();
console.log(kept.name, kept.ports[0] === lease.port); //=> "api" true

// Nobody else gets it.
const attempt = await registry.tryAcquire({ ports: lease.port });
console.log(attempt.granted, attempt.refusal.refused.kept); //=> false 1

// Nor does the name get another one by accident.
try {
  await registry.acquire({ name: "api", ports: "14190-14199" });
} catch (error) {
  if (!PortError.is(error)) throw error;
  console.log(error.code); //=> "NAME_KEPT"
}

await registry.giveUp("api");
console.log(await registry.reservations()); //=> []

await registry.close();
