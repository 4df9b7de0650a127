// Who may stand beside whom: holds of one port in turn, as tables of actions.

import { describe, expect, it } from "vitest";
import { IPV4, IPV6, PortManager, type Reservation, UDP } from "../../src/netstack/index.ts";
import { on, outcome } from "./reservations.ts";

type Action = readonly [call: "reserve" | "tuple" | "release", what: Partial<Reservation>, gives?: unknown];

const USED = "PORT_IN_USE";
const MR = { mostRecent: true };
const LB = { loadBalanced: true };
const TO = { tupleOnly: true };
const PEER = { address: "192.0.2.1", port: 443 };
const OTHER_PEER = { address: "192.0.2.2", port: 443 };

/** What is done in turn, and what each reservation gives. */
const STORIES: Readonly<Record<string, readonly Action[]>> = {
  "two specific addresses do not meet, either of them and the wildcard do": [
    ["reserve", { address: "10.0.0.1" }, 80],
    ["reserve", { address: "10.0.0.2" }, 80],
    ["reserve", { address: "" }, USED],
    ["release", { address: "10.0.0.1" }],
    ["reserve", { address: "" }, USED],
    ["release", { address: "10.0.0.2" }],
    ["reserve", { address: "" }, 80],
    ["reserve", { address: "10.0.0.1" }, USED],
  ],
  "an address is one and the same however it is written": [
    ["reserve", { address: "2001:db8::1" }, 80],
    ["reserve", { address: "2001:DB8:0:0:0:0:0:1" }, USED],
    ["release", { address: "2001:0db8::0001" }],
    ["reserve", { address: "2001:db8::1" }, 80],
  ],
  "transports and networks do not meet": [
    ["reserve", {}, 80],
    ["reserve", { transport: UDP }, 80],
    ["reserve", { networks: [IPV6] }, 80],
    ["reserve", { transport: UDP }, USED],
  ],
  "all networks or none: a refusal on the second leaves nothing on the first": [
    ["reserve", { networks: [IPV6] }, 80],
    ["reserve", { networks: [IPV4, IPV6] }, USED],
    ["reserve", { networks: [IPV4] }, 80],
  ],
  "all networks or none, with tuples too": [
    ["tuple", { networks: [IPV6], destination: PEER }, true],
    ["tuple", { networks: [IPV4, IPV6], destination: PEER }, false],
    ["tuple", { networks: [IPV4], destination: PEER }, true],
  ],
  "a hold may be released network by network": [
    ["reserve", { networks: [IPV4, IPV6] }, 80],
    ["release", { networks: [IPV4] }],
    ["reserve", { networks: [IPV4] }, 80],
    ["reserve", { networks: [IPV6] }, USED],
  ],
  "all holders share one flag with the newcomer, not each some flag": [
    ["reserve", { flags: { ...MR, ...LB } }, 80],
    ["reserve", { flags: MR }, 80],
    ["reserve", { flags: LB }, USED],
    ["reserve", { flags: { ...MR, ...LB } }, 80],
  ],
  "when the one without the flag goes, the flag counts again": [
    ["reserve", { flags: { ...MR, ...LB } }, 80],
    ["reserve", { flags: MR }, 80],
    ["release", { flags: MR }],
    ["reserve", { flags: LB }, 80],
  ],
  "a wildcard newcomer has to suit each address, not all of them at once": [
    ["reserve", { address: "10.0.0.1", flags: MR }, 80],
    ["reserve", { address: "10.0.0.2", flags: LB }, 80],
    ["reserve", { address: "", flags: { ...MR, ...LB } }, 80],
    ["reserve", { address: "10.0.0.3", flags: LB }, 80],
  ],
  "a wildcard newcomer with flags is refused by a plain hold anywhere": [
    ["reserve", { address: "10.0.0.1", flags: LB }, 80],
    ["reserve", { address: "10.0.0.2" }, 80],
    ["reserve", { address: "", flags: LB }, USED],
    ["reserve", { address: "", flags: LB, bindToDevice: 3 }, USED],
    ["release", { address: "10.0.0.2" }],
    ["reserve", { address: "", flags: LB }, 80],
  ],
  "two devices never meet, every device meets them all": [
    ["reserve", { bindToDevice: 1 }, 80],
    ["reserve", { bindToDevice: 2 }, 80],
    ["reserve", { bindToDevice: 1 }, USED],
    ["reserve", {}, USED],
    ["reserve", { bindToDevice: 0, flags: LB }, USED],
  ],
  "a hold on every device shares with all devices or with none": [
    ["reserve", { bindToDevice: 1, flags: LB }, 80],
    ["reserve", { bindToDevice: 2, flags: MR }, 80],
    ["reserve", { flags: LB }, USED],
    ["release", { bindToDevice: 2, flags: MR }],
    ["reserve", { flags: LB }, 80],
    ["reserve", { bindToDevice: 2, flags: MR }, USED],
  ],
  "two destinations do not meet": [
    ["reserve", { destination: PEER }, 80],
    ["reserve", { destination: OTHER_PEER }, 80],
    ["reserve", { destination: { ...PEER, port: 444 } }, 80],
    ["reserve", { destination: PEER }, USED],
  ],
  "a hold without destination and one with have a say about TupleOnly alone": [
    ["reserve", {}, 80],
    ["reserve", { destination: PEER }, USED],
    ["reserve", { destination: PEER, flags: TO }, USED],
    ["reserve", { destination: PEER, flags: LB }, 80],
    ["reserve", {}, USED],
    ["reserve", { flags: LB }, USED],
  ],
  "a listener with TupleOnly leaves room for its connections": [
    ["reserve", { address: "", flags: TO }, 80],
    ["reserve", { destination: PEER, flags: TO }, 80],
    ["reserve", { destination: PEER, flags: TO }, 80],
    ["reserve", { destination: OTHER_PEER, flags: LB }, 80],
    ["reserve", { destination: OTHER_PEER, flags: TO }, USED],
  ],
  "a tuple looks at its own kind alone": [
    ["reserve", {}, 80],
    ["tuple", { destination: PEER }, true],
    ["tuple", { destination: PEER }, false],
    ["tuple", { destination: PEER, flags: LB }, false],
    ["tuple", { destination: OTHER_PEER, flags: LB }, true],
    ["tuple", { destination: OTHER_PEER, flags: LB }, true],
    ["tuple", {}, false],
    ["tuple", { bindToDevice: 4 }, true],
  ],
  "a plain tuple may come to a held port, and both go one by one": [
    ["reserve", { flags: LB, destination: PEER }, 80],
    ["tuple", {}, true],
    ["release", { flags: LB, destination: PEER }],
    ["reserve", {}, USED],
    ["release", {}],
    ["reserve", {}, 80],
  ],
  "a plain hold outlives those that came beside it": [
    ["reserve", {}, 80],
    ["reserve", { destination: PEER, flags: LB }, 80],
    ["release", { destination: PEER, flags: LB }],
    ["tuple", {}, false],
    ["release", {}],
    ["tuple", {}, true],
  ],
  "a release that fits nothing changes nothing": [
    ["reserve", { flags: LB }, 80],
    ["release", {}],
    ["release", { flags: MR }],
    ["release", { flags: LB, bindToDevice: 1 }],
    ["release", { flags: LB, destination: PEER }],
    ["release", { flags: LB, address: "" }],
    ["release", { flags: LB, address: "10.0.0.2" }],
    ["release", { flags: LB, networks: [IPV6] }],
    ["release", { flags: LB, transport: UDP }],
    ["release", { flags: LB, port: 81 }],
    ["reserve", {}, USED],
    ["release", { flags: LB }],
    ["reserve", {}, 80],
    ["release", { flags: LB }],
    ["reserve", {}, USED],
  ],
  "flags that are all off, device 0 and an empty destination are what leaving them out is": [
    [
      "reserve",
      { flags: { loadBalanced: false }, bindToDevice: 0, destination: { address: "", port: 0 } },
      80,
    ],
    ["release", {}],
    ["reserve", {}, 80],
    ["release", { flags: {}, destination: { address: "0.0.0.0", port: 0 } }],
    ["reserve", {}, 80],
  ],
};

describe("holds of one port", () => {
  it.each(Object.entries(STORIES))("%s", (_title, story) => {
    const manager = new PortManager();
    expect(story.map(([call, what]) => play(manager, call, what))).toEqual(story);
  });

  it.each(Object.entries(STORIES))("isPortAvailable foretells: %s", (_title, story) => {
    const manager = new PortManager();
    const foretold: unknown[] = [];
    const given: unknown[] = [];
    for (const [call, what] of story) {
      if (call === "reserve") foretold.push(manager.isPortAvailable(on(what)) ? 80 : USED);
      const [, , gives] = play(manager, call, what);
      if (call === "reserve") given.push(gives);
    }
    expect(foretold).toEqual(given);
  });
});

function play(manager: PortManager, call: Action[0], what: Partial<Reservation>): Action {
  const reservation = on(what);
  if (call === "reserve") return [call, what, outcome(() => manager.reservePort(reservation))];
  if (call === "tuple") return [call, what, manager.reserveTuple(reservation)];
  manager.releasePort(reservation);
  return [call, what];
}
