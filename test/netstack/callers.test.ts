// Callers that call back, or change what they asked with, while they are asked for it.

import { expect, it } from "vitest";
import { IPV4, IPV6, PortManager, type Reservation, TCP, UDP } from "../../src/netstack/index.ts";

const web: Reservation = { networks: [IPV4], transport: TCP, address: "10.9.9.9", port: 80 };

it("a tester that changes the reservation and says no leaves nothing held", () => {
  const manager = new PortManager();
  const changing = { ...web, networks: [IPV4] };
  const refuse = (): boolean => {
    changing.transport = UDP;
    changing.networks[0] = IPV6;
    return false;
  };
  expect(() => manager.reservePort(changing, refuse)).toThrow("refused by `test`");
  for (const transport of [TCP, UDP]) {
    for (const networks of [[IPV4], [IPV6]]) {
      expect(manager.isPortAvailable({ ...web, networks, transport })).toBe(true);
    }
  }
});

it("a reservation whose flags ask for thousands of other addresses is held on its own", () => {
  const manager = new PortManager();
  const greedy = {
    ...web,
    get flags() {
      for (let i = 0; i < 9000; i++)
        manager.isPortAvailable({ ...web, address: `30.0.${i >> 8}.${i & 255}` });
      return { loadBalanced: true };
    },
  };
  expect(manager.reservePort(greedy)).toBe(80);
  expect(manager.isPortAvailable(web)).toBe(false);
  const others = Array.from({ length: 9000 }, (_, i) => `30.0.${i >> 8}.${i & 255}`);
  expect(others.filter((address) => !manager.isPortAvailable({ ...web, address }))).toEqual([]);
});

it("a tester that asks for thousands of other addresses finds its own held afterwards", () => {
  const manager = new PortManager();
  const accept = (): boolean => {
    for (let i = 0; i < 9000; i++) manager.isPortAvailable({ ...web, address: `30.0.${i >> 8}.${i & 255}` });
    return true;
  };
  manager.reservePort(web, accept);
  expect(manager.isPortAvailable(web)).toBe(false);
  manager.releasePort(web);
  expect(manager.isPortAvailable(web)).toBe(true);
});

it.each(["random", "uniform"] as const)(
  "a `random` that reserves meanwhile is not given the port of its caller, with `%s` selection",
  (selection) => {
    const client = { ...web, port: 0 };
    let inner = 0;
    const random = (): number => {
      if (inner === 0) {
        inner = -1;
        inner = manager.reservePort(client);
      }
      return 0;
    };
    const manager = new PortManager({ random, selection });
    expect([manager.reservePort(client), inner]).toEqual([16001, 16000]);
  },
);

it("a `random` that asks for thousands of other addresses leaves the port to the one that was asked for", () => {
  const others = Array.from({ length: 9000 }, (_, i) => ({ ...web, address: `30.0.${i >> 8}.${i & 255}` }));
  const random = (): number => {
    for (const other of others) manager.isPortAvailable(other);
    return 0;
  };
  const manager = new PortManager({ random });
  const port = manager.reservePort({ ...web, port: 0 });
  expect(manager.isPortAvailable({ ...web, port })).toBe(false);
  expect(others.filter((other) => !manager.isPortAvailable({ ...other, port }))).toEqual([]);
});
