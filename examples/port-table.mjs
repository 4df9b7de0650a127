import { bindingOf, PortTable } from "moorage/core";

const table = new PortTable();
const listener = bindingOf({ protocol: "tcp", address: "0.0.0.0", port: 8080, reuseAddress: true });
table.add(listener);
table.listen(listener);

// What would the kernel say? The wildcard of the other family stands beside it, its own addresses do not.
const onLoopback = bindingOf({ protocol: "tcp", address: "127.0.0.1", port: 8080, reuseAddress: true });
const onIPv6 = bindingOf({ protocol: "tcp", address: "::", v6only: true, port: 8080, reuseAddress: true });
console.log(table.conflictAtBind(onLoopback)?.address.text); //=> "0.0.0.0"
console.log(table.conflictAtBind(onIPv6)); //=> undefined
console.log(table.nextFree(onLoopback, 8080, 8090)); //=> 8081
