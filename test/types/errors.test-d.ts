// The types of PortError: a code narrows to the fields of that code and to no others.

import { describe, expectTypeOf, it } from "vitest";
import {
  type AnyPortError,
  type HolderDescription,
  PortError,
  type PortErrorCode,
} from "../../src/core/index.ts";

describe("PortError.is", () => {
  it("narrows an unknown to every PortError there is", () => {
    const error: unknown = undefined;
    if (PortError.is(error)) expectTypeOf(error).toEqualTypeOf<AnyPortError>();
    else expectTypeOf(error).toBeUnknown();
  });

  it("leaves the code a union of all codes", () => {
    expectTypeOf<AnyPortError["code"]>().toEqualTypeOf<PortErrorCode>();
  });
});

describe("the code", () => {
  const error = {} as AnyPortError;

  it("narrows to its fields by comparison", () => {
    if (error.code === "PORT_IN_USE") {
      expectTypeOf(error.address).toBeString();
      expectTypeOf(error.port).toBeNumber();
      expectTypeOf(error).not.toHaveProperty("position");
    }
  });

  it("narrows to its fields in a switch, and the switch can be exhaustive", () => {
    const one = {} as Extract<AnyPortError, { code: "INVALID_PORT" | "NAME_HELD" | "STORE_TOO_NEW" }>;
    switch (one.code) {
      case "INVALID_PORT":
        expectTypeOf(one.position).toBeNumber();
        break;
      case "NAME_HELD":
        expectTypeOf(one.leaseName).toBeString();
        expectTypeOf(one.holder).toEqualTypeOf<HolderDescription>();
        expectTypeOf(one.ports).toEqualTypeOf<readonly number[]>();
        break;
      case "STORE_TOO_NEW":
        expectTypeOf(one.format).toBeNumber();
        break;
      default:
        expectTypeOf(one).toBeNever();
    }
  });

  it("does not give a field before it is known", () => {
    expectTypeOf(error).not.toHaveProperty("address");
    expectTypeOf(error.message).toBeString();
    expectTypeOf(error.name).toBeString();
  });
});

describe("the constructor", () => {
  it("takes exactly the details of its code", () => {
    expectTypeOf(new PortError("STORE_BUSY", "busy", { waitedMs: 5 }).code).toEqualTypeOf<"STORE_BUSY">();
    // @ts-expect-error the port is missing
    void new PortError("PORT_IN_USE", "in use", { address: "::" });
    // @ts-expect-error there is no such code
    void new PortError("PORT_TAKEN", "in use", {});
  });
});
