import { PortError } from "moorage/core";
import { IPV4, IPV6, PortManager, TCP } from "moorage/netstack";

const manager = new PortManager();
const wildcard = { networks: [IPV4, IPV6], transport: TCP, address: "", port: 80 };

console.log(manager.reservePort(wildcard)); //=> 80
console.log(manager.isPortAvailable({ ...wildcard, networks: [IPV4], address: "10.0.0.1" })); //=> false

// Port 0 picks one: from a random place in 16000–65535 upward (RFC 6056, algorithm 1).
const ephemeral = manager.reservePort({ networks: [IPV4], transport: TCP, address: "10.0.0.1", port: 0 });
console.log(ephemeral >= 16000); //=> true

// Holders that all have loadBalanced share a port.
const shared = { ...wildcard, port: 8080, flags: { loadBalanced: true } };
manager.reservePort(shared);
manager.reservePort(shared);

try {
  manager.reservePort({ ...wildcard, port: 8080 });
} catch (error) {
  if (!PortError.is(error)) throw error;
  console.log(error.code); //=> "PORT_IN_USE"
}
manager.releasePort(wildcard);
