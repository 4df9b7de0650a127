// A command line as a message shows it: one short line that says what runs.

import { describe, expect, it } from "vitest";

import { shortCommand } from "../../src/host/command.ts";

describe("shortCommand", () => {
  it.each<[readonly string[], string]>([
    [[], ""],
    [["/usr/bin/node"], "/usr/bin/node"],
    [["nginx: worker process"], "nginx: worker process"],
    [["/usr/bin/python3", "server.py"], "python3 server.py"],
    [["/usr/bin/node", "/app/server.js"], "node server.js"],
    [["node", "server.js", "--port", "80"], "node server.js --port 80"],
    [["/usr/bin/node", "/app/node_modules/.bin/vite", "dev"], "vite dev"],
    [["/usr/bin/node", "/usr/bin/moorage", "run", "--", "npm", "start"], "moorage run -- npm start"],
    [["/usr/bin/node", "-e", "1 + 1"], "node -e 1 + 1"],
    [["/usr/bin/node", "--inspect", "/app/server.js"], "node --inspect /app/server.js"],
    [["/opt/node20/bin/nodejs", "a.js"], "nodejs a.js"],
    [["sh", "-c", "sleep 1;\n\tsleep 2"], "sh -c sleep 1; sleep 2"],
    [["a", "\u001b[31mred\u0007", "\u200b\u202eb"], "a [31mred b"],
    [["  ", " "], ""],
  ])("of %j is %j", (commandLine, text) => {
    expect(shortCommand(commandLine)).toBe(text);
  });

  it("is at most 80 characters, the last of a longer one an ellipsis", () => {
    expect(shortCommand(["x".repeat(80), ""])).toBe("x".repeat(80));
    const long = shortCommand(["sh", "-c", "y".repeat(200)]);
    expect(long).toBe(`sh -c ${"y".repeat(73)}…`);
    expect(long).toHaveLength(80);
  });

  it("never has a line break or a control character", () => {
    const nasty = Array.from({ length: 0xa0 }, (_, code) => String.fromCodePoint(code)).join("x");
    expect(shortCommand(["sh", nasty])).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
  });
});
