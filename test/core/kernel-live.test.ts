// The port table beside the kernel: random sockets are opened and closed for real, and both must agree.
//
// What the kernel refuses the table refuses, always. Without SO_REUSEPORT they are equal; with it the kernel
// is at times laxer. The sequence follows from SEED, which a failure shows together with the sockets it met.

import { describe, expect, it } from "vitest";
import { formatBinding } from "../../src/core/binding.ts";
import { PortTable } from "../../src/core/port-table.ts";
import { generator } from "./generator.ts";
import {
  bindingOfPlan,
  freeBlock,
  hasIPv6,
  knowsReusePort,
  type LiveSocket,
  open,
  Peer,
  type SocketPlan,
} from "./live-sockets.ts";

const SEED = 20_251_122;
const STEPS = 1_500;
const MOST_SOCKETS = 9;

const IPV4 = ["0.0.0.0", "127.0.0.1", "127.0.0.2"] as const;
const IPV6 = ["::", "::", "::1", "::ffff:127.0.0.1"] as const;
const isLinux = process.platform === "linux";
const families = isLinux && !hasIPv6() ? "IPv4 alone, as this machine has no ::1" : "IPv4 and IPv6";
const withReusePort = knowsReusePort() ? families : "skipped, as this Node knows no reusePort";

describe.skipIf(!isLinux)(
  "the kernel and the port table (Linux only: other kernels have other rules)",
  () => {
    it(`agree on every socket that Node can open without reusePort, ${families}`, async () => {
      const seen = await compare(SEED, { reusePort: false });
      expect(seen.differences, `seed ${SEED}`).toEqual([]);
      expect(seen.opened).toBeGreaterThan(100);
      expect(seen.refused).toBeGreaterThan(100);
    });

    it.skipIf(!knowsReusePort())(
      `with reusePort the table refuses at least what the kernel refuses, ${withReusePort}`,
      async () => {
        const seen = await compare(SEED + 1, { reusePort: true });
        expect(
          seen.differences.filter((difference) => !difference.includes("the kernel allows")),
          `seed ${SEED + 1}`,
        ).toEqual([]);
        expect(seen.opened).toBeGreaterThan(100);
        expect(seen.refused).toBeGreaterThan(50);
      },
    );
  },
);

interface Seen {
  opened: number;
  refused: number;
  readonly differences: string[];
}

interface Open {
  readonly plan: SocketPlan;
  readonly socket: LiveSocket;
}

async function compare(seed: number, { reusePort }: { reusePort: boolean }): Promise<Seen> {
  const random = generator(seed);
  const table = new PortTable();
  const seen: Seen = { opened: 0, refused: 0, differences: [] };
  const peer = await Peer.start(hasIPv6() ? [4, 6] : [4]);
  const live: Open[] = [];
  try {
    const ports = await freeBlock(3, peer);
    for (let step = 0; step < STEPS; step++) {
      if (live.length >= MOST_SOCKETS || (live.length > 0 && random() < 0.25)) {
        const [gone] = live.splice(Math.floor(random() * live.length), 1);
        await gone!.socket.close();
        table.remove(bindingOfPlan(gone!.plan));
        continue;
      }
      const plan = randomPlan(random, ports, reusePort);
      if (isSecondClient(plan, live)) continue;
      const socket = await open(plan, peer);
      const conflict = table.conflictAtBind(bindingOfPlan(plan));
      if ((socket === undefined) !== (conflict !== undefined)) {
        const verdict = socket
          ? "the kernel allows, the table refuses"
          : "the kernel refuses, the table allows";
        seen.differences.push(
          `step ${step}: ${verdict} ${show(plan)} beside ${live.map((one) => show(one.plan)).join("; ")}`,
        );
      }
      if (!socket) {
        seen.refused++;
      } else if (conflict) {
        await socket.close();
      } else {
        seen.opened++;
        table.add(bindingOfPlan(plan));
        live.push({ plan, socket });
      }
    }
  } finally {
    await Promise.all(live.map(({ socket }) => socket.close()));
    await peer.close();
  }
  return seen;
}

function randomPlan(random: () => number, ports: readonly number[], reusePort: boolean): SocketPlan {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const what = pick(["server", "server", "client", "datagram", "datagram"] as const);
  const known = hasIPv6() ? [...IPV4, ...IPV6] : [...IPV4];
  const concrete = known.filter((address) => ["127.0.0.1", "127.0.0.2", "::1"].includes(address));
  const address = pick(what === "client" ? concrete : known);
  return {
    what,
    address,
    port: pick(ports),
    ipv6Only: address === "::" && random() < 0.5,
    reuseAddr: what === "datagram" && random() < 0.6,
    reusePort: reusePort && what !== "client" && random() < 0.5,
  };
}

/** Two connections of one address and port to one peer are refused as such, which says nothing about bind. */
function isSecondClient(plan: SocketPlan, live: readonly Open[]): boolean {
  if (plan.what !== "client") return false;
  return live.some(
    (one) => one.plan.what === "client" && one.plan.address === plan.address && one.plan.port === plan.port,
  );
}

function show(plan: SocketPlan): string {
  const flags = (["ipv6Only", "reuseAddr", "reusePort"] as const).filter((flag) => plan[flag]);
  return [plan.what, formatBinding(bindingOfPlan(plan)), ...flags].join(" ");
}
