// How wide texts are on a terminal, and how they are cut.

import { describe, expect, test } from "vitest";
import { displayWidth, fit, onOneLine } from "../../../src/cli/show/width.ts";

test.each([
  ["web", 3],
  ["", 0],
  ["日本語", 6],
  ["한글", 4],
  ["ﾊﾝｶｸ", 4],
  ["Ｗ", 2],
  ["e\u0301", 1],
  ["Zürich", 6],
  ["🚀 go", 5],
  ["⚡", 2],
  ["❤\uFE0F", 2],
  ["🇨🇭", 2],
  ["𠀀", 2],
  ["…", 1],
  ["●", 1],
])("%j takes %d columns", (text, columns) => expect(displayWidth(text)).toBe(columns));

describe("a text that is cut", () => {
  test.each([
    ["web", 3, "web"],
    ["web-server", 5, "web-…"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
    ["🚀🚀", 3, "🚀…"],
    ["web", 1, "…"],
    ["web", 0, ""],
  ])("%j takes %d columns at most: %j", (text, columns, cut) => expect(fit(text, columns, "…")).toBe(cut));

  test.each([
    ["web-server", 7, "web-..."],
    ["web-server", 3, "..."],
    ["web-server", 2, ".."],
  ])("%j in %d columns of ASCII: %j", (text, columns, cut) => expect(fit(text, columns, "...")).toBe(cut));

  test("moves no cursor", () => {
    expect(onOneLine("a\x1B[2Jb\nc\u202Ed")).toBe("a\uFFFD[2Jb\uFFFDc\uFFFDd");
    expect(fit("two\nlines", 20, "…")).toBe("two\uFFFDlines");
  });
});
