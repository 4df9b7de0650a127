import { PortError } from "moorage/core";
import { PortAllocator } from "moorage/portallocator";

const allocator = new PortAllocator({ begin: 49153, end: 65535 });

console.log(allocator.requestPort("192.0.2.1", "tcp", 8080)); //=> 8080
// Port 0 is the next free one of the range; no address is 0.0.0.0.
console.log(allocator.requestPort(null, "udp", 0)); //=> 49153

// One number for several addresses, or nothing.
const ports = allocator.requestPortsInRange(["192.0.2.1", "2001:db8::1"], "tcp", 9000, 9009);
console.log(ports); //=> 9000

try {
  allocator.requestPort("0.0.0.0", "tcp", 8080);
} catch (error) {
  if (!PortError.is(error)) throw error;
  console.log(error.message); //=> "Bind for 192.0.2.1:8080 failed: port is already allocated"
}
allocator.releasePort("192.0.2.1", "tcp", 8080);
allocator.releaseAll();
