import { open, PortError } from "moorage";

const registry = await open();
await registry.acquire({ name: "web", ports: 14280 });

function explain(error) {
  // A misuse is no refusal: it names the option and says what it received.
  if (!PortError.is(error)) return `${error.name}: ${error.message}`;
  switch (error.code) {
    case "NO_PORT_AVAILABLE":
      return `${error.code}, ${error.refused.leased} leased`;
    case "LEASE_NOT_FOUND":
      return `${error.code}, ${error.input}`;
    default:
      return error.code;
  }
}
const say = (error) => console.log(explain(error));

await registry.acquire({ ports: 14280 }).catch(say); //=> "NO_PORT_AVAILABLE, 1 leased"
await registry.release("api").catch(say); //=> "LEASE_NOT_FOUND, api"
await registry.acquire({ for: 2 ** 31 - 1 }).catch(say); //=> "PROCESS_NOT_FOUND"
await registry.acquire({ count: 0 }).catch(say);
//=> "RangeError: `count`: expected a whole number from 1 to 1000, received 0"

await registry.close();
