// Words that several commands share: ages, places, and who listens.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { formatAge, formatListeners, formatPlace } from "../../src/report/describe.ts";
import { projectFolder } from "../../src/report/project-folder.ts";
import { listenerOn, ownerOf, UNSEEN } from "../inspect/scenes.ts";
import { temporaryFolder } from "../stores/folder.ts";

test.each([
  [0, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [3_600_000, "1h"],
  [86_400_000 * 3, "3d"],
  [-5, "0s"],
])("%d ms is shown as %s", (ms, shown) => expect(formatAge(ms)).toBe(shown));

test.each([
  [{ ports: [3000], protocols: ["tcp"], addresses: ["::"] }, "3000"],
  [{ ports: [3000, 3001, 3005], protocols: ["udp"], addresses: ["::"] }, "3000-3001,3005/udp"],
  [
    { ports: [53], protocols: ["tcp", "udp"], addresses: ["127.0.0.1", "::1"] },
    "53/tcp+udp on 127.0.0.1, ::1",
  ],
] as const)("%j is shown as %s", (extent, shown) => expect(formatPlace(extent)).toBe(shown));

describe("who listens", () => {
  test("is a line for each who, with the first socket and how many more", () => {
    const one = ownerOf(1);
    const listeners = [listenerOn("127.0.0.1", [one]), listenerOn("::1", [one]), UNSEEN.ofOtherUser];
    expect(formatListeners(listeners)).toEqual([
      "program-1 (pid 1) in /project, on tcp 127.0.0.1:3000 and 1 more",
      "a process of uid 0 that cannot be seen from here (sudo may show it), on tcp [::]:3000",
    ]);
  });

  test("is told without what its folder's name would do to a terminal", () => {
    const odd = ownerOf(1, [], { folder: "/evil\u001b[31mRED\nport 9999" });
    expect(formatListeners([listenerOn("::", [odd])])).toEqual([
      "program-1 (pid 1) in /evil\ufffd[31mRED\ufffdport 9999, on tcp [::]:3000",
    ]);
  });

  test("is its first process where several have the socket, with the container", () => {
    const inside = ownerOf(1, [], { folder: null, container: "0123456789abcdef" });
    expect(formatListeners([listenerOn("::", [inside, ownerOf(2), ownerOf(3)])])).toEqual([
      "program-1 (pid 1), container 0123456789ab and 2 more of its processes, on tcp [::]:3000",
    ]);
  });
});

describe("the project of a folder", () => {
  test.each([".git", "package.json"])("is the nearest one upward with a %s", (mark) => {
    const root = temporaryFolder();
    const below = join(root, "a", "b");
    mkdirSync(below, { recursive: true });
    writeFileSync(join(root, "a", mark), "");
    expect(projectFolder(below)).toBe(join(root, "a"));
    expect(projectFolder(join(root, "a"))).toBe(join(root, "a"));
  });

  test("is none where no folder has one", () => expect(projectFolder("/proc/self")).toBeUndefined());
});
