import { setTimeout as sleep } from "node:timers/promises";
import { open } from "moorage";

const registry = await open();
const lease = await registry.acquire({ ports: "14170-14179", ttlMs: 1000 });

// It is renewed as long as this process has turns.
await sleep(1200);
console.log(lease.isValid(), lease.lost.aborted); //=> true false

// Here it has none for longer than the limit, as one that is stopped or swapped out.
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);

// isValid() looks at the clock at once; lost fires at the next turn.
console.log(lease.isValid(), lease.lost.aborted); //=> false false
await sleep(20);
const { code, reason } = lease.lost.reason;
console.log(code, reason); //=> "LEASE_LOST" "expired"

await registry.close();
