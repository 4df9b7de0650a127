// The full names of services.

import { describe, expect, test } from "vitest";
import { bracedIn, expandReferences, type Reference } from "../../src/project/references.ts";
import { namePrefix, parseServiceName, serviceName } from "../../src/project/service-name.ts";
import { portVariable, urlVariable } from "../../src/project/variables.ts";

const PLACE = { project: { id: "my-shop-0123abcd" }, worktree: { id: "main" } };

describe("the full name of a service", () => {
  test.each(["web", "a/b/c", "été 2"])("is told and read back: %s", (service) => {
    const name = serviceName(PLACE, service);
    expect(name).toBe(`my-shop-0123abcd/main/${service}`);
    expect(parseServiceName(name)).toEqual({ project: "my-shop-0123abcd", worktree: "main", service });
    expect(name.startsWith(namePrefix(PLACE))).toBe(true);
  });

  test.each(["web", "a/b/c", "shop-0123abcd/main", "shop-0123abcd/main/", "shop-0123abc/main/web"])(
    "%s is none",
    (name) => {
      expect(parseServiceName(name)).toBeUndefined();
    },
  );

  test.each<[unknown, RegExp]>([
    ["", /^`service`: expected one line of text/u],
    ["80", /^`service`: expected a name that cannot be taken for a port/u],
    ["w".repeat(65), /^`service`: expected at most 64 characters/u],
    [7, /^`service`: expected a string, received 7/u],
  ])("is not made of %j", (service, message) => {
    expect(() => serviceName(PLACE, service as string)).toThrow(message);
  });
});

test.each([
  ["web", "WEB_PORT", "WEB_URL"],
  ["my-api.v2", "MY_API_V2_PORT", "MY_API_V2_URL"],
  ["2nd", "_2ND_PORT", "_2ND_URL"],
])("the variables of %s are %s and %s", (service, port, url) => {
  expect([portVariable(service), urlVariable(service)]).toEqual([port, url]);
});

function valueOf({ service, what }: Reference): string | undefined {
  return service === "db" ? undefined : `<${service ?? "own"} ${what}>`;
}

describe("references", () => {
  test("are told apart from other words in braces", () => {
    expect([...bracedIn("{port} {web.url} {a.b.port} {prot} {} {a b} ${HOME}")]).toEqual([
      { word: "port", reference: { service: null, what: "port" } },
      { word: "web.url", reference: { service: "web", what: "url" } },
      { word: "a.b.port", reference: { service: "a.b", what: "port" } },
      { word: "prot", reference: undefined },
    ]);
  });

  test("are replaced where they have a value; everything else stays as it is", () => {
    expect(expandReferences('{port}{web.url} {db.port} {print} {"port": 1} {{port}}', valueOf)).toBe(
      '<own port><web url> {db.port} {print} {"port": 1} {{port}}',
    );
  });
});
