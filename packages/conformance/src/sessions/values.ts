// Sessions 11-12: values come out as they went in, and those too large or unreadable are refused.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { isStoreError } from "@tollbooth-stores/core";
import fc from "fast-check";
import { bytesOf, rejectsWith } from "../assertions.ts";
import { createOwn, issue, minute, read, type SessionProperty } from "./checks.ts";

const plainValues: readonly unknown[] = [
  [],
  {},
  [[]],
  { list: [], map: {} },
  null,
  "",
  0,
  -0.5,
  1e300,
  2 ** 53 - 1,
  true,
  "é",
  "e\u0301",
  "😀",
  "\u0000",
  "\u2028",
  "客",
  JSON.parse('{"__proto__":{"admin":true},"constructor":1,"toString":2}'),
  { "": 1, "a.b": 2, " ": 3 },
  [null, [null]],
];

/** What JSON would change without a word. */
const awkwardValues: readonly unknown[] = [
  new Date(0),
  new Uint8Array([1, 2, 255]),
  new Map([[1, 2]]),
  new Set([1]),
  1n,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  [undefined],
  undefined,
  Symbol("s"),
  () => 1,
  { when: new Date(0) },
  [1n],
  /x/,
  "\ud800",
  { "\udc00": 1 },
];

export const valueProperties: readonly SessionProperty[] = [
  {
    id: "sessions/11a",
    title: "getMany keeps order and duplicates",
    async run(bench) {
      const store = await bench.open();
      const [one, two] = [
        await issue(store, { data: 1, subject: "alice" }),
        await createOwn(store, "own:2", { data: 2 }),
      ];
      assert.deepEqual(await store.getMany([]), []);
      const wanted = [two.id, "missing", one.id, two.id, one.id, one.id];
      assert.deepEqual(await store.getMany(wanted), [two, null, one, two, one, one]);
    },
  },
  {
    id: "sessions/11b",
    title: "data comes back as it was",
    async run(bench) {
      const store = await bench.open();
      const roundTrip = async (data: unknown) => {
        const { id, data: created, version } = await issue(store, { data });
        assert.deepEqual(created, data, "as created");
        assert.deepEqual((await read(store, id)).data, data, "as read");
        await store.update(id, [data], { ifVersion: version });
        assert.deepEqual((await store.getMany([id]))[0]?.data, [data], "as updated");
      };
      for (const value of plainValues) await roundTrip(value);
      await bench.forAll(fc.jsonValue({ noUnicodeString: false }), 100, (value) =>
        roundTrip(JSON.parse(JSON.stringify(value))),
      );
      const hostile = await read(store, (await issue(store, { data: JSON.parse('{"__proto__":{"admin":true}}') })).id);
      assert.ok(
        typeof hostile.data === "object" && hostile.data !== null && !("admin" in hostile.data),
        "a prototype was set",
      );
      const names = await issue(store, {
        quotas: JSON.parse('{"__proto__":0}', (key, value) => (key === "" ? value : 5n)),
      });
      assert.deepEqual(
        Object.entries((await read(store, names.id)).quotas ?? {}),
        [["__proto__", 5n]],
        "a quota's name is only a name",
      );
    },
  },
  {
    id: "sessions/11c",
    title: "what the codec cannot carry is refused, never changed without a word",
    async run(bench) {
      const store = await bench.open();
      for (const [index, value] of awkwardValues.entries()) {
        let back: unknown;
        try {
          const { id } = await issue(store, { data: value });
          back = (await read(store, id)).data;
        } catch (error) {
          assert.ok(isStoreError(error, "STORE_INVALID_ARGUMENT"), `value ${index}: refused, but by another error`);
          continue;
        }
        assert.ok(
          isDeepStrictEqual(back, value) || (Object.is(value, -0) && back === 0),
          `value ${index} was changed without a word`,
        );
      }
    },
  },
  {
    id: "sessions/12a",
    title: "a write that is too large throws, and the value before it stays",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { data: "small", subject: "alice" });
      const large = "x".repeat(bench.maxValueBytes + 1);
      // In bytes of UTF-8, not in characters.
      const wide = "客".repeat(Math.ceil(bench.maxValueBytes / 3) + 1);
      for (const data of [large, wide]) {
        const { id, version } = created;
        await rejectsWith("STORE_VALUE_TOO_LARGE", "create", () => issue(store, { data }));
        await rejectsWith("STORE_VALUE_TOO_LARGE", "update", () => store.update(id, data, { ifVersion: version }));
        await rejectsWith("STORE_VALUE_TOO_LARGE", "modify", () => store.modify(id, () => data));
        await rejectsWith("STORE_VALUE_TOO_LARGE", "createWith", () =>
          store.credit("own:1", { opId: "1", extendMs: minute, createWith: { data } }),
        );
      }
      assert.deepEqual(await read(store, created.id), created);
      assert.equal(await store.get("own:1"), null);
      const fits = "x".repeat(bench.maxValueBytes - 512);
      assert.equal((await read(store, (await issue(store, { data: fits })).id)).data, fits);
    },
  },
  {
    id: "sessions/12b",
    title: "bytes that cannot be read throw and are kept",
    needs: ["inspect", "corrupt"],
    async run(bench) {
      const namespace = bench.namespace();
      const store = await bench.open(namespace);
      const { id } = await createOwn(store, "own:1", { quotas: { calls: 1n } });
      await bench.probe("corrupt")(namespace);
      const before = bytesOf(await bench.probe("inspect")(namespace));
      const calls: Record<string, () => Promise<unknown>> = {
        get: () => store.get(id),
        getMany: () => store.getMany([id]),
        update: () => store.update(id, 1, { ifVersion: 1 }),
        touch: () => store.touch(id),
        debit: () => store.debit(id, { quota: "calls", amount: 1n }),
        credit: () => store.credit(id, { opId: "1", extendMs: minute, createWith: { data: 1 } }),
        rotate: () => store.rotate(id),
      };
      for (const [name, call] of Object.entries(calls)) await rejectsWith("STORE_CORRUPT", name, call);
      assert.deepEqual(bytesOf(await bench.probe("inspect")(namespace)), before, "the bytes are kept");
    },
  },
];
