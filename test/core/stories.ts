// Short stories of sockets on one port, told step by step: they read as the specification of the rule.
//
// A step names a socket and binds it ("web = tcp 0.0.0.0 reuseAddress"), makes it listen ("listen web") or
// closes it ("close web"), and says what becomes of it. Any table can be asked to play a story.

import { type Binding, bindingOf, type Transport } from "../../src/core/binding.ts";
import { PortError } from "../../src/core/errors.ts";

export type Outcome = "ok" | "refused";
export type Step = readonly [action: string, outcome: Outcome];

export interface PlayableTable {
  add(binding: Binding): void;
  listen(binding: Binding): Binding;
  remove(binding: Binding): boolean;
}

export const STORIES: Readonly<Record<string, readonly Step[]>> = {
  "a wildcard and the addresses under it exclude each other, in both orders": [
    ["a = tcp 0.0.0.0", "ok"],
    ["b = tcp 10.0.0.1", "refused"],
    ["close a", "ok"],
    ["b = tcp 10.0.0.1", "ok"],
    ["a = tcp 0.0.0.0", "refused"],
    ["c = tcp 10.0.0.1", "refused"],
    ["d = tcp 10.0.0.2", "ok"],
  ],
  "IPv4 and IPv6 addresses do not meet": [
    ["a = tcp 0.0.0.0", "ok"],
    ["b = tcp ::1", "ok"],
    ["c = tcp fd00::1", "ok"],
    ["d = tcp ::1", "refused"],
  ],
  "a dual-stack wildcard covers both families": [
    ["a = tcp ::", "ok"],
    ["b = tcp 0.0.0.0", "refused"],
    ["c = tcp 192.0.2.1", "refused"],
    ["d = tcp 2001:db8::1", "refused"],
    ["e = tcp :: v6only", "refused"],
  ],
  "one IPv4 socket keeps a dual-stack wildcard away": [
    ["a = tcp 192.0.2.1", "ok"],
    ["b = tcp ::", "refused"],
    ["c = tcp :: v6only", "ok"],
  ],
  "a v6only wildcard leaves IPv4 alone": [
    ["a = tcp :: v6only", "ok"],
    ["b = tcp 0.0.0.0", "ok"],
    ["c = tcp ::1", "refused"],
    ["d = tcp ::", "refused"],
    ["close a", "ok"],
    ["d = tcp ::", "refused"],
    ["close b", "ok"],
    ["d = tcp ::", "ok"],
  ],
  "v6only means nothing beside a specific IPv6 address": [
    ["a = tcp ::1 v6only", "ok"],
    ["b = tcp ::1", "refused"],
  ],
  "an IPv4-mapped address is the IPv4 address": [
    ["a = tcp ::ffff:10.0.0.1", "ok"],
    ["b = tcp 10.0.0.1", "refused"],
    ["c = tcp :: v6only", "ok"],
    ["d = tcp ::ffff:0.0.0.0", "refused"],
    ["close a", "ok"],
    ["d = tcp ::ffff:0.0.0.0", "ok"],
    ["e = tcp 10.0.0.2", "refused"],
  ],
  "TCP and UDP have ports of their own": [
    ["a = tcp ::", "ok"],
    ["b = udp ::", "ok"],
    ["c = udp 127.0.0.1", "refused"],
  ],
  "reuseAddress shares a TCP port until one listens": [
    ["a = tcp 127.0.0.1 reuseAddress", "ok"],
    ["b = tcp 127.0.0.1 reuseAddress", "ok"],
    ["listen b", "ok"],
    ["listen b", "ok"],
    ["listen a", "refused"],
    ["c = tcp 127.0.0.1 reuseAddress", "refused"],
    ["close b", "ok"],
    ["c = tcp 127.0.0.1 reuseAddress", "ok"],
    ["listen a", "ok"],
    ["listen c", "refused"],
  ],
  "the listener of two twins is known from the one that is only bound": [
    ["a = tcp :: reuseAddress", "ok"],
    ["b = tcp :: reuseAddress", "ok"],
    ["listen a", "ok"],
    ["listen b", "refused"],
    ["close a", "ok"],
    ["listen b", "ok"],
  ],
  "a listener shuts out the wildcard above it and the address below it": [
    ["a = tcp 0.0.0.0 reuseAddress", "ok"],
    ["b = tcp 127.0.0.1 reuseAddress", "ok"],
    ["c = tcp 127.0.0.2 reuseAddress", "ok"],
    ["listen b", "ok"],
    ["listen c", "ok"],
    ["listen a", "refused"],
    ["d = tcp :: reuseAddress", "refused"],
    ["e = tcp 127.0.0.3 reuseAddress", "ok"],
  ],
  "reuseAddress takes two": [
    ["a = tcp 127.0.0.1", "ok"],
    ["b = tcp 127.0.0.1 reuseAddress", "refused"],
    ["close a", "ok"],
    ["b = tcp 127.0.0.1 reuseAddress", "ok"],
    ["a = tcp 127.0.0.1", "refused"],
  ],
  "reuseAddress shares a UDP port for good, as no UDP socket listens": [
    ["a = udp 0.0.0.0 reuseAddress", "ok"],
    ["b = udp 224.0.0.251 reuseAddress", "ok"],
    ["listen a", "ok"],
    ["c = udp :: reuseAddress", "ok"],
    ["d = udp 127.0.0.1", "refused"],
  ],
  "reusePort shares among listeners of one user": [
    ["a = tcp 0.0.0.0 reusePort user=7 listening", "ok"],
    ["b = tcp 0.0.0.0 reusePort user=7 listening", "ok"],
    ["c = tcp 127.0.0.1 reusePort user=7 listening", "ok"],
    ["d = tcp 0.0.0.0 reusePort user=8", "refused"],
    ["e = tcp 0.0.0.0 user=7", "refused"],
    ["f = tcp 0.0.0.0 reuseAddress user=7", "refused"],
  ],
  "reusePort and reuseAddress are no common ground": [
    ["a = udp 127.0.0.1 reuseAddress", "ok"],
    ["b = udp 127.0.0.1 reusePort", "refused"],
    ["c = udp 127.0.0.1 reuseAddress reusePort", "ok"],
    ["d = udp 127.0.0.1 reusePort", "refused"],
    ["close a", "ok"],
    ["d = udp 127.0.0.1 reusePort", "ok"],
  ],
  "another user may share by reuseAddress, but not listen beside a listener": [
    ["a = tcp 127.0.0.1 reuseAddress reusePort user=7", "ok"],
    ["b = tcp 127.0.0.1 reuseAddress reusePort user=8", "ok"],
    ["c = tcp 127.0.0.1 reuseAddress reusePort user=7", "ok"],
    ["listen a", "ok"],
    ["listen c", "ok"],
    ["listen b", "refused"],
  ],
  "sockets of two devices do not meet, one without a device meets all": [
    ["a = tcp 0.0.0.0 device=eth0", "ok"],
    ["b = tcp 0.0.0.0 device=eth1", "ok"],
    ["c = tcp 10.0.0.1 device=eth1", "refused"],
    ["d = tcp 10.0.0.1", "refused"],
    ["e = tcp :: v6only", "ok"],
    ["f = tcp ::1 device=eth0", "refused"],
  ],
  "a socket without a device keeps every device away": [
    ["a = udp 0.0.0.0", "ok"],
    ["b = udp 10.0.0.1 device=eth0", "refused"],
    ["close a", "ok"],
    ["b = udp 10.0.0.1 device=eth0", "ok"],
    ["a = udp 0.0.0.0", "refused"],
  ],
  "the zone of a link-local address is its device": [
    ["a = tcp fe80::1%eth0", "ok"],
    ["b = tcp fe80::1%eth1", "ok"],
    ["c = tcp fe80::1 device=eth0", "refused"],
    ["d = tcp :: v6only device=eth1", "refused"],
    ["e = tcp :: v6only device=eth2", "ok"],
  ],
  "the zone of any other address is nothing": [
    ["a = tcp ::1%lo", "ok"],
    ["b = tcp ::1%eth0", "refused"],
    ["c = tcp ::1 device=eth0", "refused"],
  ],
};

/** Plays a story on an empty table and tells it again with the outcomes that came of it. */
export function play(table: PlayableTable, story: readonly Step[]): Step[] {
  const sockets = new Map<string, Binding>();
  return story.map(([action]) => [action, perform(table, sockets, action)]);
}

function perform(table: PlayableTable, sockets: Map<string, Binding>, action: string): Outcome {
  const [verb, object] = action.split(" ") as [string, string];
  if (verb === "close") return table.remove(socketOf(sockets, object)) ? "ok" : "refused";
  try {
    if (verb === "listen") {
      sockets.set(object, table.listen(socketOf(sockets, object)));
    } else {
      const binding = parseSocket(action);
      table.add(binding);
      sockets.set(verb, binding);
    }
    return "ok";
  } catch (error) {
    if (PortError.is(error) && error.code === "PORT_IN_USE") return "refused";
    throw error;
  }
}

function socketOf(sockets: Map<string, Binding>, name: string): Binding {
  const binding = sockets.get(name);
  if (!binding) throw new Error(`the story has no socket ${name} yet`);
  return binding;
}

/** "name = tcp 127.0.0.1 reuseAddress user=7", on port 80. */
function parseSocket(text: string): Binding {
  const [, , protocol, address, ...words] = text.split(" ");
  const valueOf = (key: string): string =>
    words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? "";
  return bindingOf({
    protocol: protocol as Transport,
    address,
    port: 80,
    v6only: words.includes("v6only"),
    reuseAddress: words.includes("reuseAddress"),
    reusePort: words.includes("reusePort"),
    listening: words.includes("listening"),
    device: valueOf("device"),
    user: Number(valueOf("user")),
  });
}
