// What is read and listed: all of it, nothing else, and to the letter.

import { type ConformanceCase, put, SCOPE } from "./case.ts";
import { done, failure, ok, same } from "./expect.ts";

/** In the order of their code points, which is not that of their 16-bit units. */
const ODD_KEYS = [
  "k/",
  "k/ ",
  'k/"',
  "k/%",
  "k/'",
  "k/*",
  "k/0",
  "k/1",
  "k/10",
  "k/2",
  "k/A",
  "k/[]",
  "k/\\",
  "k/_",
  "k/a",
  "k/a/b",
  "k/~",
  "k/ß",
  "k/Ω",
  "k/\u{2028}",
  "k/⛵",
  "k/\u{fb01}",
  "k/🚢",
  "k/🚢🚢",
];

export const READING_CASES: readonly ConformanceCase[] = [
  {
    name: "reading finds the keys it is asked for, of any text, and no others",
    async run({ open }) {
      const store = await open();
      const revision = done(
        await store.commit(
          SCOPE,
          ODD_KEYS.map((key) => put(key, `the value of ${key}`)),
        ),
      );
      const found = await store.read(SCOPE, [...ODD_KEYS, "k", "k/🚢🚢🚢", "K/A", "k/none"]);
      same("the keys", [...found.keys()].toSorted(), ODD_KEYS.toSorted());
      for (const key of ODD_KEYS) {
        same(key, found.get(key), { key, revision, value: `the value of ${key}` });
      }
      same("one", [...(await store.read(SCOPE, ["k/%"])).keys()], ["k/%"]);
      same("none", await store.read(SCOPE, []), new Map());
      same("the same twice", (await store.read(SCOPE, ["k/a", "k/a"])).size, 1);
    },
  },
  {
    name: "a list has all keys that begin with the prefix, in the order of their code points",
    async run({ open }) {
      const store = await open();
      const others = ["j/z", "k", "k.", "k0", "K/a", "l/"];
      await store.commit(
        SCOPE,
        [...ODD_KEYS.toReversed(), ...others].map((key) => put(key, "v")),
      );
      const keys = async (prefix: string): Promise<string[]> =>
        (await store.list(SCOPE, prefix)).map(({ key }) => key);
      same("k/", await keys("k/"), ODD_KEYS);
      same("k/1", await keys("k/1"), ["k/1", "k/10"]);
      same("k/_", await keys("k/_"), ["k/_"]);
      same("k/%", await keys("k/%"), ["k/%"]);
      same("k/~", await keys("k/~"), ["k/~"]);
      same("l", await keys("l"), ["l/"]);
      same("m/", await keys("m/"), []);
    },
  },
  {
    name: "a prefix that is empty or not ASCII is a mistake",
    async run({ open }) {
      const store = await open();
      for (const prefix of ["", "Ω", "k/🚢"]) {
        const error = await failure(`"${prefix}"`, () => store.list(SCOPE, prefix));
        ok(`"${prefix}": expected a RangeError, received ${String(error)}`, error instanceof RangeError);
      }
    },
  },
  {
    name: "values are kept to the letter",
    async run({ open }) {
      const store = await open();
      const values = [
        "",
        " ",
        "0",
        "null",
        '{"a":"\\u0000"}',
        "\u001f\u001e|,'\"\\",
        "🚢\u2028\r\n",
        "x".repeat(200_000),
      ];
      const changes = values.map((value, index) => put(`k/${index}`, value));
      const revision = done(await store.commit(SCOPE, changes));
      const expected = changes.map(({ key, value }) => ({ key, revision, value }));
      same("listed", await store.list(SCOPE, "k/"), expected);
      for (const slot of expected) {
        same("read", (await store.read(SCOPE, [slot.key])).get(slot.key), slot);
        same("listed alone", (await store.list(SCOPE, slot.key))[0], slot);
      }
    },
  },
  {
    name: "a NUL in a key or a value, which not every engine keeps, is a mistake that changes nothing",
    async run({ open }) {
      const store = await open();
      for (const change of [put("k/a\0", "A"), put("k/a", "A\0B"), put("k/a", "\0")]) {
        const error = await failure("a NUL", () => store.commit(SCOPE, [put("k/b", "B"), change]));
        ok(`a NUL: expected a RangeError, received ${String(error)}`, error instanceof RangeError);
      }
      same("after it", await store.list(SCOPE, "k/"), []);
    },
  },
  {
    name: "a signal that is aborted ends every call with its reason, before it does anything",
    async run({ open }) {
      const store = await open();
      const reason = { why: "no reason" };
      const signal = AbortSignal.abort(reason);
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.commit(SCOPE, [put("k/a", "A")], { signal }),
        () => store.update(SCOPE, ["k/a"], () => [put("k/a", "A")], { signal }),
        () => store.read(SCOPE, ["k/a"], { signal }),
        () => store.list(SCOPE, "k/", { signal }),
      ];
      for (const call of calls) ok("another reason", (await failure("aborted", call)) === reason);
      same("after them", await store.list(SCOPE, "k/"), []);
    },
  },
  {
    name: "an abort after the call changes nothing about its answer",
    async run({ open }) {
      const store = await open();
      const abort = new AbortController();
      const { signal } = abort;
      const revision = done(await store.commit(SCOPE, [put("k/a", "A")], { signal }));
      abort.abort(new Error("too late"));
      same("after it", await store.list(SCOPE, "k/"), [{ key: "k/a", revision, value: "A" }]);
    },
  },
  {
    name: "closing a store is idempotent, ends its calls, and leaves other clients alone",
    async run({ open }) {
      const [one, two] = [await open(), await open()];
      done(await one.commit(SCOPE, [put("k/a", "A")]));
      await Promise.all([one.close(), one.close()]);
      await one.close();
      await failure("a read of a closed store", () => one.read(SCOPE, ["k/a"]));
      await failure("a commit of a closed store", () => one.commit(SCOPE, [put("k/b", "B")]));
      const update = (): Promise<unknown> => one.update(SCOPE, ["k/b"], () => [put("k/b", "B")]);
      await failure("an update of a closed store", update);
      done(await two.commit(SCOPE, [put("k/c", "C")]));
      same(
        "after it",
        (await two.list(SCOPE, "k/")).map(({ key }) => key),
        ["k/a", "k/c"],
      );
    },
  },
];
