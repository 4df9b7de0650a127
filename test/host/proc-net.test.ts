// The kernel's tables of sockets, whatever is in them.

import { readFileSync } from "node:fs";
import { endianness } from "node:os";

import { describe, expect, it } from "vitest";

import type { Transport } from "../../src/core/index.ts";
import { parseSockets } from "../../src/host/proc-net.ts";
import { occupy } from "./sockets.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";

interface Line {
  readonly local: string;
  readonly remote?: string;
  readonly state?: string;
  readonly uid?: number | string;
  readonly inode?: number | string;
}

/** A line as the kernel writes it. */
function line({ local, remote, state = "0A", uid = 1000, inode = 4711 }: Line): string {
  const nobody = `${"0".repeat(local.indexOf(":"))}:0000`;
  const user = String(uid).padStart(5);
  return (
    `   0: ${local} ${remote ?? nobody} ${state} 00000000:00000000 00:00000000 00000000 ${user}        0 ` +
    `${inode} 1 000000003d4e5f60 100 0 0 10 0`
  ).padEnd(149);
}

function parse(lines: readonly string[], protocol: Transport = "tcp", port?: number): string[] {
  const sockets = parseSockets([HEAD, ...lines, ""].join("\n"), protocol, port, "LE");
  return sockets.map((socket) => `${socket.address.text} ${socket.port} ${socket.uid} ${socket.inode}`);
}

describe("the local address", () => {
  it.each([
    ["00000000:0050", "0.0.0.0 80"],
    ["0100007F:1F90", "127.0.0.1 8080"],
    ["0201A8C0:FFFF", "192.168.1.2 65535"],
    [`${"0".repeat(32)}:0001`, ":: 1"],
    ["00000000000000000000000001000000:0BB8", "::1 3000"],
    ["B80D0120000000000000000001000000:0050", "2001:db8::1 80"],
    ["000080FE00000000FF00A8C0010000FE:0050", "fe80::c0a8:ff:fe00:1 80"],
    ["0000000000000000FFFF000000000000:0050", "0.0.0.0 80"],
    ["0000000000000000FFFF00000100007F:0050", "127.0.0.1 80"],
  ])("%s is %s", (local, expected) => {
    expect(parse([line({ local })])).toEqual([`${expected} 1000 4711`]);
  });

  it.each([
    ["7F000001:1F90", "127.0.0.1"],
    ["20010DB8000000000000000000000001:1F90", "2001:db8::1"],
  ])("%s is %s where the first byte is the greatest", (local, expected) => {
    const [socket] = parseSockets(`${line({ local })}\n`, "tcp", undefined, "BE");
    expect(socket?.address.text).toBe(expected);
  });
});

describe("a socket that listens", () => {
  const remote = "0100007F:C350";
  it.each<[Transport, string, boolean]>([
    ["tcp", "0A", true],
    ["tcp", "01", false],
    ["tcp", "06", false],
    ["tcp", "07", false],
    ["tcp", "0C", false],
    ["udp", "07", true],
    ["udp", "01", false],
    ["udp", "0A", false],
  ])("by %s is in state %s: %s", (protocol, state, listens) => {
    const lines = [line({ local: "0100007F:1F90", state, ...(state === "01" ? { remote } : {}) })];
    expect(parse(lines, protocol)).toHaveLength(listens ? 1 : 0);
  });

  it("is told beside those that do not, with its user and inode, however long they are", () => {
    const lines = [
      line({ local: "0100007F:1F90", state: "01", remote }),
      line({ local: "0100007F:1F91", uid: 4_294_967_294, inode: 4_294_967_295 }),
      line({ local: "0100007F:1F92", state: "06" }),
      line({ local: "00000000:1F93", uid: 0, inode: 0 }),
    ];
    expect(parse(lines)).toEqual(["127.0.0.1 8081 4294967294 4294967295", "0.0.0.0 8083 0 0"]);
  });

  it.each([
    [8080, ["127.0.0.1 8080 1000 4711"]],
    [80, ["0.0.0.0 80 1000 4711"]],
    [1, []],
    [0x1f9, []],
  ])("on port %i alone is found as %j", (port, expected) => {
    const lines = [line({ local: "0100007F:1F90" }), line({ local: "00000000:0050" })];
    expect(parse(lines, "tcp", port)).toEqual(expected);
  });
});

describe("a line that is no socket's", () => {
  const whole = line({ local: "0100007F:1F90" });
  it.each([
    "",
    " ",
    HEAD,
    "nothing like it",
    whole.slice(0, 20),
    whole.slice(0, 60),
    whole.slice(0, whole.indexOf("4711") + 2),
    whole.replace("0100007F", "0100007"),
    whole.replace("0100007F", "0100007F00"),
    whole.replace("0100007F", "0100007G"),
    whole.replace("1F90", "11F90"),
    whole.replace(" 1000 ", "  -1 "),
    whole.replace("4711", "x"),
    `x${whole}`,
    "\0".repeat(149),
  ])("says nothing, and hides no other: %j", (broken) => {
    expect(parse([broken, line({ local: "00000000:0050" }), broken])).toEqual(["0.0.0.0 80 1000 4711"]);
  });

  it("can be all there is", () => {
    expect(parse([])).toEqual([]);
    expect(parseSockets("", "udp")).toEqual([]);
  });
});

describe.skipIf(process.platform !== "linux")("the table of this machine", () => {
  it("is in the form and the byte order that is read", async () => {
    const { port } = await occupy("127.0.0.3", 11_700);
    const [found] = parseSockets(readFileSync("/proc/self/net/tcp", "latin1"), "tcp", port, endianness());
    expect(found).toMatchObject({ protocol: "tcp", port, uid: process.getuid!() });
    expect(found?.address.text).toBe("127.0.0.3");
  });
});
