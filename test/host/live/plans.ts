// What may come next: random sockets, holds, looks and picks, on few ports so that they meet.
//
// SO_REUSEPORT is on ports of its own: beside it the kernel is at times laxer than the table, and only there.

import { hasIPv6 } from "../../core/live-sockets.ts";
import { EPHEMERAL } from "./namespace.ts";

/** A socket to be, as `bindingOf` takes it; `listening` says whether it is to listen. */
export interface SocketPlan {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  readonly v6only: boolean;
  readonly reuseAddress: boolean;
  readonly reusePort: boolean;
  readonly user: number;
  readonly listening: boolean;
}

/** What a hold or a look is about. */
export type EndpointPlan = Pick<SocketPlan, "protocol" | "address" | "port">;

/** A port that the kernel is to pick. */
export interface PickPlan extends Omit<SocketPlan, "port"> {
  readonly how: "bind" | "connect";
}

const OFFSETS = { plain: [1, 2, 5, 8], shared: [4, 7] };
const PLAIN = OFFSETS.plain.map((offset) => EPHEMERAL.first + offset);
const SHARED = OFFSETS.shared.map((offset) => EPHEMERAL.first + offset);

/** The ports that anything but the kernel's picks is on. */
export const PORTS: readonly number[] = [...PLAIN, ...SHARED];

const IPV4 = ["0.0.0.0", "127.0.0.1", "127.0.0.2"];
const IPV6 = hasIPv6() ? ["::", "::", "::1", "::ffff:127.0.0.1"] : [];
const LOOPBACK = hasIPv6() ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
const USERS = [0, 65_534];

export class Plans {
  readonly random: () => number;

  /** @param random numbers from 0 to 1, without 1 */
  constructor(random: () => number) {
    this.random = random;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[Math.floor(this.random() * values.length)]!;
  }

  chance(likelihood: number): boolean {
    return this.random() < likelihood;
  }

  /** Of any program. */
  socket(): SocketPlan {
    const port = this.pick(PORTS);
    const address = this.pick([...IPV4, ...IPV6]);
    const protocol = this.chance(0.7) ? "tcp" : "udp";
    return {
      protocol,
      address,
      port,
      v6only: address === "::" && this.chance(0.5),
      reuseAddress: this.chance(0.6),
      reusePort: SHARED.includes(port) && this.chance(0.6),
      user: this.pick(USERS),
      listening: protocol === "tcp" && this.chance(0.5),
    };
  }

  /** Of Node, whose TCP sockets all have SO_REUSEADDR. */
  nodeSocket(): SocketPlan {
    const plan = this.socket();
    const isTcp = plan.protocol === "tcp";
    const reuseAddress = isTcp || plan.reuseAddress;
    return { ...plan, reuseAddress, reusePort: false, user: 0, listening: isTcp };
  }

  /** The whole port, or one or two addresses. */
  endpoints(protocol: "tcp" | "udp" = this.chance(0.7) ? "tcp" : "udp"): EndpointPlan[] {
    const port = this.pick(PORTS);
    const whole = hasIPv6() ? ["::"] : ["0.0.0.0"];
    const addresses = this.pick([whole, whole, ["127.0.0.1"], ["127.0.0.2", ...LOOPBACK.slice(1)]]);
    return addresses.map((address) => ({ protocol, address, port }));
  }

  /** A port of the kernel's own choice. */
  ephemeral(): PickPlan {
    const how = this.chance(0.5) ? "bind" : "connect";
    const protocol = how === "connect" || this.chance(0.7) ? "tcp" : "udp";
    const address = this.pick(how === "connect" ? LOOPBACK : [...IPV4, ...IPV6]);
    // A UDP socket with it may be given a port that others have.
    const reuseAddress = protocol === "tcp" && this.chance(0.5);
    return {
      how,
      protocol,
      address,
      v6only: false,
      reuseAddress,
      reusePort: false,
      user: 0,
      listening: false,
    };
  }
}
