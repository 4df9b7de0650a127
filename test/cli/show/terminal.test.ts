// What a terminal is taken to show, by what it says and by the environment.

import { describe, expect, test } from "vitest";
import { terminalOf } from "../../../src/cli/show/terminal.ts";

const TTY = { isTTY: true, columns: 100, rows: 30 };

test.each([
  [{ LANG: "en_US.UTF-8" }, true],
  [{ LANG: "C.utf8" }, true],
  [{ LANG: "C" }, false],
  [{}, false],
  [{ LANG: "en_US.UTF-8", LC_ALL: "C" }, false],
  [{ LANG: "C", LC_CTYPE: "de_DE.UTF-8" }, true],
  [{ LANG: "de_DE.UTF-8", LC_ALL: "" }, true],
])("with %j it shows more than ASCII: %s", (env, isUnicode) => {
  expect(terminalOf(TTY, env).isUnicode).toBe(isUnicode);
});

describe("colours and links", () => {
  test.each([
    ["a terminal", TTY, {}, true, true],
    ["a terminal with an empty NO_COLOR", TTY, { NO_COLOR: "" }, true, true],
    ["a terminal with NO_COLOR", TTY, { NO_COLOR: "1" }, false, true],
    ["a dumb terminal", TTY, { TERM: "dumb" }, false, false],
    ["the console of Linux, which writes links out", TTY, { TERM: "linux" }, true, false],
    ["a pipe", {}, { TERM: "xterm" }, false, false],
  ])("of %s", (_, screen, env, colours, links) => {
    const terminal = terminalOf(screen, env);
    expect(terminal.style("up", "green")).toBe(colours ? "\x1B[32mup\x1B[0m" : "up");
    expect(terminal.link("web", "http://localhost:3000")).toBe(
      links ? "\x1B]8;;http://localhost:3000\x1B\\web\x1B]8;;\x1B\\" : "web",
    );
  });

  test("a URL cannot end its link, and is ASCII", () => {
    const text = terminalOf(TTY, {}).link("web", "http://localhost:3000/\x1B\\\x07 ü\uD800");
    expect(text).toBe("\x1B]8;;http://localhost:3000/%1B\\%07%20%C3%BC\x1B\\web\x1B]8;;\x1B\\");
  });
});

test.each([
  [TTY, { columns: 100, rows: 30 }],
  [
    { isTTY: true, columns: 0, rows: 0 },
    { columns: 80, rows: 24 },
  ],
  [
    { columns: 100, rows: 30 },
    { columns: Infinity, rows: Infinity },
  ],
])("the size of %j is %j", (screen, size) => expect(terminalOf(screen, {})).toMatchObject(size));
