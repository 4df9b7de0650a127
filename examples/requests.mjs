import { open } from "moorage";

const registry = await open();

// Out of these and no others; the wish comes first.
const first = await registry.acquire({ ports: "14000-14019,!14010", exclude: 14000, prefer: 14007 });
console.log(first.port); //=> 14007

// A name finds its port again.
const web = await registry.acquire({ name: "web", ports: "14020-14039" });
await web.release();
const again = await registry.acquire({ name: "web", ports: "14020-14039" });
console.log(again.port === web.port); //=> true

// In the same process it is the same lease as long as it lives.
console.log((await registry.acquire({ name: "web", ports: "14020-14039" })) === again); //=> true

// Upward, from behind the port that this registry was granted last.
const ports = "14040-14042";
const one = await registry.acquire({ ports, selection: "next-fit" });
const two = await registry.acquire({ ports, selection: "next-fit" });
console.log(one.port, two.port); //=> 14040 14041

await registry.close();
