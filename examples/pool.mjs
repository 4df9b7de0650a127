import { open } from "moorage";

// On the engine that MOORAGE_STORE names. The ports of a pool are said once: two machines would each open one of these.
const one = await open({ scope: { pool: "vip-1", ports: "14500-14503" } });
const two = await open({ scope: { pool: "vip-1" } });

// Four ports for all that ask, whatever machine they are on; no kernel is asked for them.
const lease = await one.acquire({ name: "web" });
const others = await two.acquire({ count: 3 });
console.log(new Set([lease.port, ...others.ports]).size, lease.isHeldInKernel); //=> 4 false

const attempt = await two.tryAcquire();
if (attempt.granted) throw new Error("nobody expected that");
console.log(attempt.refusal.code, attempt.refusal.refused.leased); //=> "NO_PORT_AVAILABLE" 4

// Who waits is woken by the engine.
const waiting = two.acquire({ wait: true });
await lease.release();
console.log((await waiting).port === lease.port); //=> true

await two.close();
await one.close();
