// PortError: what every code carries, and that one is known as such across two copies of the package.

import { describe, expect, it, vi } from "vitest";
import { PortError, type PortErrorCode, type PortErrorDetails } from "../../src/core/errors.ts";

const HOLDER = { pid: 4711, command: "node server.js" };

const DETAILS: { readonly [Code in PortErrorCode]: PortErrorDetails[Code] } = {
  PORT_IN_USE: { address: "127.0.0.1", port: 80 },
  PORT_FORBIDDEN: { address: "127.0.0.1", port: 80 },
  NO_PORT_AVAILABLE: {
    refused: {
      leased: 3,
      kept: 1,
      awaited: 0,
      quarantined: 2,
      guarded: 0,
      stranger: 2,
      forbidden: 1,
      reserved: 0,
      excluded: 4,
      holders: [{ ...HOLDER, ports: 3 }],
    },
  },
  INVALID_PORT: { input: "80 ", position: 2 },
  INVALID_PORT_RANGE: { input: "81-80" },
  INVALID_ADDRESS: { input: "1.2.3", position: 5 },
  UNKNOWN_PROTOCOL: { input: "icmp" },
  NAME_HELD: { leaseName: "web", ports: [3000], holder: HOLDER },
  NAME_KEPT: { leaseName: "web", ports: [3000] },
  LEASE_LOST: { ports: [3000], reason: "expired" },
  LEASE_HELD: { ports: [3000, 3001], holder: HOLDER },
  LEASE_NOT_FOUND: { input: "web" },
  PROCESS_NOT_FOUND: { pid: 4711 },
  REGISTRY_CLOSED: {},
  STORE_UNAVAILABLE: { path: "/state/ports.db" },
  STORE_TOO_NEW: { path: "/state/ports.db", format: 3, supported: 2 },
  STORE_DAMAGED: { path: "/state/ports.db" },
  STORE_BUSY: { waitedMs: 5000 },
  DRIVER_MISSING: { driver: "libsql" },
  HOST_UNSUPPORTED: { missing: "/proc" },
  INVALID_CONFIG: { path: "/shop/moorage.json", at: "services.web" },
};

describe("a PortError", () => {
  it.each(Object.entries(DETAILS))("%s carries its fields and stays an Error", (code, details) => {
    const cause = new Error("the reason");
    const error = new PortError(code as PortErrorCode, "what happened", details, { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ ...details, code, name: "PortError", message: "what happened", cause });
    expect(String(error)).toBe("PortError: what happened");
    expect(error.stack).toContain("errors.test.ts");
    expect(Object.keys(error).toSorted()).toEqual(["code", ...Object.keys(details)].toSorted());
    expect(PortError.is(error)).toBe(true);
  });

  it("has no cause unless one was given", () => {
    expect("cause" in new PortError("REGISTRY_CLOSED", "closed", {})).toBe(false);
  });

  it.each([
    undefined,
    null,
    "PORT_IN_USE",
    80,
    new Error("PORT_IN_USE"),
    Object.assign(new Error("in use"), { code: "PORT_IN_USE", name: "PortError" }),
    PortError,
  ])("is not %o", (value) => {
    expect(PortError.is(value)).toBe(false);
  });

  it("of another copy of the package is one too, though no instance of this copy's class", async () => {
    vi.resetModules();
    const other = await import("../../src/core/errors.ts");
    expect(other.PortError).not.toBe(PortError);
    const theirs: unknown = new other.PortError("PORT_IN_USE", "in use", DETAILS.PORT_IN_USE);
    expect(theirs).not.toBeInstanceOf(PortError);
    expect(PortError.is(theirs)).toBe(true);
    expect(other.PortError.is(new PortError("PORT_IN_USE", "in use", DETAILS.PORT_IN_USE))).toBe(true);
  });
});
