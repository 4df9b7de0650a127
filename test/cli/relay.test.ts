import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { prefixes, relay, showsColours } from "../../src/cli/run/relay.ts";

/** What comes out for pieces that are written one after the other. */
async function relayed(...pieces: readonly (string | Buffer)[]): Promise<string> {
  const [source, sink] = [new PassThrough(), new PassThrough()];
  relay(source, sink, "web | ");
  for (const piece of pieces) source.write(piece);
  source.end();
  await once(source, "end");
  sink.end();
  return await text(sink);
}

describe("the output of a service", () => {
  test.each<[string, readonly (string | Buffer)[], string]>([
    ["lines", ["one\ntwo\n"], "web | one\nweb | two\n"],
    ["pieces of lines", ["o", "ne\nt", "wo\n"], "web | one\nweb | two\n"],
    ["a last line without an end", ["one\ntwo"], "web | one\nweb | two\n"],
    ["empty lines", ["\n\n"], "web | \nweb | \n"],
    ["half characters", [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0a])], "web | ä\n"],
    ["nothing", [], ""],
  ])("comes in whole lines behind its name: %s", async (_, pieces, expected) => {
    expect(await relayed(...pieces)).toBe(expected);
  });

  test("waits for a reader that is slow", async () => {
    const written: (() => void)[] = [];
    const sink = new Writable({ highWaterMark: 1, write: (_chunk, _encoding, done) => written.push(done) });
    const source = new PassThrough();
    relay(source, sink, "");
    source.write("one\n");
    await vi.waitFor(() => expect(source.isPaused()).toBe(true));
    written.shift()!();
    await vi.waitFor(() => expect(source.isPaused()).toBe(false));
  });

  test("goes on when its reader is gone", async () => {
    const [source, sink] = [new PassThrough(), new PassThrough({ highWaterMark: 1 })];
    relay(source, sink, "");
    source.write("one\n");
    await vi.waitFor(() => expect(source.isPaused()).toBe(true));
    sink.destroy();
    source.end("two\n");
    await once(source, "end");
  });
});

describe("the names before it", () => {
  afterEach(() => void vi.unstubAllEnvs());

  test("are as wide for all, each in a colour of its own where colours are shown", () => {
    expect([...prefixes(["web", "a"], false)]).toEqual([
      ["web", "web | "],
      ["a", "a   | "],
    ]);
    const coloured = [...prefixes(["web", "a"], true).values()];
    expect(coloured).toEqual(["\u001b[36mweb | \u001b[39m", "\u001b[33ma   | \u001b[39m"]);
  });

  test.each([
    [true, undefined, true],
    [true, "", true],
    [true, "1", false],
    [false, undefined, false],
  ])("have colours on a terminal (%s), unless NO_COLOR (%j) objects: %s", (isTTY, noColor, expected) => {
    vi.stubEnv("NO_COLOR", noColor);
    expect(showsColours({ isTTY })).toBe(expected);
  });
});
