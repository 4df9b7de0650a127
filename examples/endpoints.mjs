import { open } from "moorage";

const registry = await open();

// One number for both protocols, as DNS and HTTP/3 servers want it.
const dns = await registry.acquire({ ports: "14050-14059", protocol: ["tcp", "udp"] });
console.log(dns.endpoints.map(({ protocol, address }) => `${protocol} ${address}`)); //=> [ 'tcp ::', 'udp ::' ]

// Two leases on one number, on addresses that do not meet.
const ports = 14060;
const here = await registry.acquire({ ports, address: ["127.0.0.1", "::1"] });
const there = await registry.acquire({ ports, address: "127.0.0.2" });
console.log(here.addresses, there.addresses); //=> [ '127.0.0.1', '::1' ] [ '127.0.0.2' ]

// Any three ports, all or none.
const three = await registry.acquire({ ports: "14061-14079", count: 3 });
console.log(three.ports.length, three.port === three.ports[0]); //=> 3 true

// Four in a row, the first a multiple of 16.
const block = await registry.acquire({ ports: "14080-14095", count: 4, contiguous: true, align: 16 });
console.log(block.ports); //=> [ 14080, 14081, 14082, 14083 ]

await registry.close();
