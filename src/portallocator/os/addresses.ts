// The addresses of a request for sockets: each one apart from the others, or its own socket would be in the way.

import { IpAddress } from "../../core/ip-address.ts";
import { expectList, listedText, readAddress } from "../request.ts";

/**
 * @throws PortError `INVALID_ADDRESS`; RangeError for an address that another one of the list covers.
 */
export function distinctAddresses(ips: readonly string[]): IpAddress[] {
  expectList(ips);
  const addresses = ips.map((ip) => readAddress(listedText(ip)));
  for (const [at, address] of addresses.entries()) {
    const covering = addresses.find((other, place) => place !== at && covers(other, address));
    if (!covering) continue;
    const what =
      covering.text === address.text ? `${address.text} twice` : `${address.text}, which it covers`;
    throw new RangeError(
      `\`ips\`: expected addresses apart from one another, received ${covering.text} and ${what}`,
    );
  }
  return addresses;
}

function covers(wide: IpAddress, address: IpAddress): boolean {
  if (wide.family !== address.family) return false;
  return wide.isUnspecified || wide.text === address.text;
}
