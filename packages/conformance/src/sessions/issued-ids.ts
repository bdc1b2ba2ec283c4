// Sessions 1 and 8 with ids that are known before anything is sent: what a retry after a lost reply comes upon.
import assert from "node:assert/strict";
import { atOnce, rejectsWith } from "../assertions.ts";
import {
  assertGone,
  countStatus,
  createOwn,
  issue,
  listed,
  minute,
  okRecord,
  read,
  type SessionProperty,
  twoInstances,
} from "./checks.ts";

export const issuedIdProperties: readonly SessionProperty[] = [
  {
    id: "sessions/1d",
    title: "of many creates of one issued id exactly one succeeds, under that id, and a retry makes no second session",
    async run(bench) {
      const store = await bench.open();
      const ids = Array.from({ length: 50 }, () => store.newId());
      assert.equal(new Set(ids).size, 50, "no two ids are alike");
      const id = store.newId({ subject: "alice" });
      const input = { id, subject: "alice", data: "paid for", idleTtlMs: 10 * minute };
      const answers = await atOnce(20, () => store.create(input));
      assert.equal(countStatus(answers, "ok"), 1);
      assert.equal(countStatus(answers, "exists"), 19);
      const winner = answers.flatMap((answer) => (answer.status === "ok" ? [answer.record] : []));
      assert.deepEqual([await read(store, id)], winner, "the session lives under the id that was known before");
      assert.deepEqual(await store.create({ ...input, data: "late" }), { status: "exists" });
      assert.deepEqual([await read(store, id)], winner, "a retry changed something");
      assert.equal((await listed(store, "alice")).length, 1, "a retry made a second session");
      await store.delete(id);
      await assertGone(store, id, "a session with an id from newId");
    },
  },
  {
    id: "sessions/1e",
    title: "an id that one instance issues is taken by another, once",
    needs: ["instances"],
    async run(bench) {
      const [here, there] = await twoInstances(bench);
      const id = here.newId({ subject: "alice" });
      const input = { id, subject: "alice", data: 1, idleTtlMs: minute };
      const answers = await Promise.all([here, there, here, there].map((store) => store.create(input)));
      assert.equal(countStatus(answers, "ok"), 1);
      assert.deepEqual(await read(here, id), await read(there, id));
    },
  },
  {
    id: "sessions/1f",
    title: "a session with an issued id is its subject's, and of no subject for which the id was not issued",
    async run(bench) {
      const store = await bench.open();
      const created = await createOwn(store, store.newId({ subject: "alice" }), { subject: "alice" });
      assert.equal(created.subject, "alice");
      const free = await createOwn(store, store.newId({ subject: "alice" }));
      assert.equal(free.subject, undefined, "the subject of an id is not that of its session");
      const others = store.newId({ subject: "alice" });
      const wrong = { data: 1, subject: "bob", idleTtlMs: minute };
      await rejectsWith("STORE_INVALID_ARGUMENT", "another's id", () => store.create({ ...wrong, id: others }));
      await rejectsWith("STORE_INVALID_ARGUMENT", "an id of one's own", () => store.create({ ...wrong, id: "own:1" }));
      assert.deepEqual([await store.get(others), await store.get("own:1")], [null, null]);
      assert.deepEqual(await listed(store, "bob"), []);
      assert.deepEqual(await store.deleteBySubject("alice"), { deleted: 1 });
      assert.equal(await store.get(created.id), null);
      assert.deepEqual(await read(store, free.id), free);
    },
  },
  {
    id: "sessions/8c",
    title: "rotate to an id that is known before: a retry loses nothing, and of many at once one moves the session",
    async run(bench) {
      const store = await bench.open();
      const issued = await issue(store, { subject: "alice", quotas: { calls: 9n } });
      const own = await createOwn(store, "own:1", { quotas: { calls: 9n } });
      for (const before of [issued, own]) {
        const { id } = before;
        await store.debit(id, { quota: "calls", amount: 1n, opId: "spent" });
        const newId = store.newId({ replaces: id });
        const answers = await atOnce(10, () => store.rotate(id, { newId }));
        assert.equal(countStatus(answers, "ok"), 1);
        assert.equal(countStatus(answers, "missing"), 9);
        assert.deepEqual(await store.rotate(id, { newId }), { status: "missing" }, "a retry");
        const after = await read(store, newId);
        assert.deepEqual({ ...after, version: before.version }, { ...before, id: newId, quotas: { calls: 8n } });
        const again = await store.debit(newId, { quota: "calls", amount: 1n, opId: "spent" });
        assert.deepEqual(again, { status: "ok", remaining: 8n, replayed: true }, "an opId was forgotten");
        await assertGone(store, id, "the old id");
      }
      assert.equal((await listed(store, "alice")).length, 1, "one live session");
    },
  },
  {
    id: "sessions/8d",
    title: "rotate refuses an id that was not issued for it, or under which another session lives, and changes nothing",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { subject: "alice" });
      const taken = store.newId({ replaces: created.id });
      const other = okRecord(await store.create({ id: taken, data: "another", idleTtlMs: minute }));
      const stranger = store.newId({ replaces: "own:1" });
      for (const [what, newId] of Object.entries({ taken, stranger, own: "own:2", itself: created.id })) {
        await rejectsWith("STORE_INVALID_ARGUMENT", what, () => store.rotate(created.id, { newId }));
      }
      assert.deepEqual(await read(store, created.id), created);
      assert.deepEqual(await read(store, taken), other);
      assert.deepEqual([await store.get(stranger), await store.get("own:2")], [null, null]);
      assert.equal((await listed(store, "alice")).length, 1);
    },
  },
];
