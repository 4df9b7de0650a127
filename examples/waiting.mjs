import { open } from "moorage";

// Two registries of one folder, as two programs would have them.
const mine = await open();
const yours = await open();
const lease = await mine.acquire({ ports: 14140 });

// A signal ends the wait.
const signal = AbortSignal.timeout(50);
await yours.acquire({ ports: 14140, wait: true, signal }).catch((error) => {
  console.log(error.name); //=> "TimeoutError"
});

// Without one it takes as long as it takes. The guard of the lease wakes who waits for it.
const waiting = yours.acquire({ ports: 14140, wait: true });
await lease.release();
console.log((await waiting).port); //=> 14140

await yours.close();
await mine.close();
