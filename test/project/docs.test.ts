// The page on projects has a row for each key of a config, and its config is one.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkConfig } from "../../src/project/check-config.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/projects.md");

interface Schema {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly definitions: { readonly service: { readonly properties: Readonly<Record<string, unknown>> } };
}

const schema = JSON.parse(read("moorage.schema.json")) as Schema;

/** The first cells of the rows of a table, without their backticks. */
function keysOf(head: string): string[] {
  const lines = page.split("\n");
  const rows = lines.slice(lines.findIndex((line) => line.startsWith(`| ${head} `)) + 2);
  const end = rows.findIndex((line) => !line.startsWith("|"));
  return rows.slice(0, end).map((row) => row.split("|")[1]!.trim().replaceAll("`", ""));
}

test.each([
  ["key", schema.properties],
  ["key of a service", schema.definitions.service.properties],
])("each %s of the schema has a row", (head, properties) => {
  expect(keysOf(head)).toEqual(Object.keys(properties));
});

test("the config on the page is one", () => {
  const [, json] = /^```json\n(.*?)^```$/msu.exec(page)!;
  const { services, groups } = checkConfig("/shop/moorage.json", JSON.parse(json!));
  expect([...services.keys(), ...groups.keys()]).toEqual(["web", "api", "db", "dev", "all"]);
});
