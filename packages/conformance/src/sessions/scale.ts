// Sessions 3, 7, 8, 9 and 11 with many of them: what holds for two must hold for hundreds.
import assert from "node:assert/strict";
import { rejectsWith } from "../assertions.ts";
import { createOwn, issue, listed, minute, read, type SessionProperty, twoInstances } from "./checks.ts";

/** The most quotas of one session, and what each takes of maxValueBytes besides its name. */
const mostQuotas = 100;
const quotaBytes = 20;

const named = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`quota ${index}`, 1n]));

export const scaleProperties: readonly SessionProperty[] = [
  {
    id: "sessions/7d",
    title: "a session takes a hundred quotas, counted in maxValueBytes, and refuses what is beyond, changing nothing",
    async run(bench) {
      const store = await bench.open();
      const tooLarge = (what: string, call: () => Promise<unknown>) => rejectsWith("STORE_VALUE_TOO_LARGE", what, call);
      await tooLarge("create", () => issue(store, { quotas: named(mostQuotas + 1) }));
      const full = await issue(store, { quotas: named(mostQuotas) });
      await tooLarge("a quota too many", () => store.credit(full.id, { opId: "1", quotas: { other: 1n } }));
      assert.deepEqual(await read(store, full.id), full);
      // Not remembered either: the same opId buys what there is room for.
      const again = await store.credit(full.id, { opId: "1", quotas: { "quota 0": 1n } });
      assert.equal(again.status === "ok" && again.replayed, false);

      // A string of JSON takes its length, two quotes, and the codec's byte.
      const beside = (...names: string[]) =>
        names.reduce((bytes, name) => bytes - Buffer.byteLength(name) - quotaBytes, bench.maxValueBytes - 3);
      const data = "x".repeat(beside("calls", "客"));
      await tooLarge("data and quotas", () => issue(store, { data: `${data}x`, quotas: { calls: 1n, 客: 1n } }));
      const { id, version } = await createOwn(store, "own", { data, quotas: { calls: 1n } });
      await tooLarge("a longer name", () => store.credit(id, { opId: "2", quotas: { 客客: 1n } }));
      assert.equal(
        (await store.credit(id, { opId: "2", quotas: { 客: 1n } })).status,
        "ok",
        "as much as there is room",
      );
      await tooLarge("update", () => store.update(id, `${data}x`, { ifVersion: version }));
      await tooLarge("modify", () => store.modify(id, () => `${data}x`));
      assert.deepEqual((await read(store, id)).data, data);
      // Amounts take no more room than was counted for them.
      assert.equal((await store.credit(id, { opId: "3", quotas: { 客: 2n ** 62n }, extendMs: minute })).status, "ok");
      assert.equal((await store.update(id, data, { ifVersion: version })).status, "ok");
    },
  },
  {
    id: "sessions/8e",
    title: "many sessions of one subject rotated at once: each lives under its new id",
    needs: ["instances"],
    async run(bench) {
      const [here, there] = await twoInstances(bench);
      const sessions = await Promise.all(
        Array.from({ length: 120 }, (_, data) => issue(here, { subject: "alice", data })),
      );
      const rotated = await Promise.all(sessions.map(({ id }, index) => (index % 2 === 0 ? here : there).rotate(id)));
      assert.deepEqual(
        rotated.map((answer) => (answer.status === "ok" ? answer.record.data : answer.status)),
        sessions.map(({ data }) => data),
      );
      assert.equal((await listed(here, "alice")).length, sessions.length);
    },
  },
  {
    id: "sessions/9d",
    title: "deleteBySubject ends hundreds of sessions while others use them, and counts each once",
    needs: ["instances"],
    async run(bench) {
      const [here, there] = await twoInstances(bench);
      const made = Array.from({ length: 350 }, (_, data) => issue(here, { subject: "alice", data }));
      const ids = (await Promise.all(made)).map(({ id }) => id);
      const bob = await issue(here, { subject: "bob" });
      let over = false;
      const users = Array.from({ length: 5 }, async (_, user) => {
        for (let turn = user; !over; turn += 7) {
          await there.touch(ids[turn % ids.length] ?? "");
          await new Promise((resolve) => setImmediate(resolve));
        }
      });
      const { deleted } = await here.deleteBySubject("alice", { exceptId: ids[200] });
      over = true;
      await Promise.all(users);
      assert.equal(deleted, ids.length - 1);
      const left = (await here.getMany(ids)).flatMap((record) => record?.data ?? []);
      assert.deepEqual(left, [200]);
      await read(here, bob.id);
    },
  },
  {
    id: "sessions/11d",
    title: "getMany answers two thousand ids, and listBySubject hundreds of sessions, each once",
    async run(bench) {
      const store = await bench.open();
      const made = Array.from({ length: 300 }, (_, data) => issue(store, { subject: "alice", data }));
      const ids = (await Promise.all(made)).map(({ id }) => id);
      const nth = (index: number) => (index % 7 === 0 ? index / 7 : -1);
      const asked = Array.from({ length: 2_000 }, (_, index) => ids[nth(index)] ?? `missing ${index}`);
      const expected = asked.map((_, index) => (nth(index) < 0 ? null : nth(index)));
      assert.deepEqual(
        (await store.getMany(asked)).map((record) => record?.data ?? null),
        expected,
      );
      const data = (await listed(store, "alice")).map((session) => Number(session.data));
      assert.deepEqual(
        data.sort((one, other) => one - other),
        ids.map((_, index) => index),
      );
    },
  },
];
