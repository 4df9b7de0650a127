import { open } from "moorage";

// On the engine that MOORAGE_STORE names. Each host is known once a registry was opened there.
const web1 = await open({ scope: { host: "web-1" } });
const web2 = await open({ scope: { host: "web-2" } });

// A port that web-2 has leased is not to be had on both.
const taken = await web2.acquire({ ports: 14510 });
const hosts = ["web-1", "web-2"];
const lease = await web1.acquire({ hosts, ports: "14510-14511" });
console.log(lease.port, lease.hosts); //=> 14511 [ 'web-1', 'web-2' ]

// It is leased on each of them, and given back on all.
const portsOf = async (registry) => (await registry.list()).map(({ ports }) => ports[0]);
console.log(await portsOf(web1), await portsOf(web2)); //=> [ 14511 ] [ 14510, 14511 ]
await lease.release();
console.log(await portsOf(web1), await portsOf(web2)); //=> [] [ 14510 ]

await taken.release();
await web2.close();
await web1.close();
