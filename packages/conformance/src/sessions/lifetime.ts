// Sessions 4-5 and 8: touching, expiring, rotating.
import assert from "node:assert/strict";
import { atOnce } from "../assertions.ts";
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
} from "./checks.ts";

export const lifetimeProperties: readonly SessionProperty[] = [
  {
    id: "sessions/4a",
    title: "nothing brings back a session that was deleted, expired, rotated away or logged out",
    async run(bench) {
      const store = await bench.open();
      const deleted = await issue(store, { subject: "alice" });
      assert.equal(await store.delete(deleted.id), true);
      await assertGone(store, deleted.id, "deleted");
      const rotated = await issue(store, { subject: "alice" });
      okRecord(await store.rotate(rotated.id));
      await assertGone(store, rotated.id, "rotated");
      const loggedOut = await issue(store, { subject: "alice" });
      await store.deleteBySubject("alice");
      await assertGone(store, loggedOut.id, "logged out");
      const expired = await issue(store, { idleTtlMs: minute });
      const own = await createOwn(store, "own:1", { idleTtlMs: minute });
      await bench.advance(minute);
      await assertGone(store, expired.id, "expired");
      await assertGone(store, own.id, "expired, own id");
    },
  },
  {
    id: "sessions/4b",
    title: "touch extends to now + idle, never backwards and never past the absolute deadline",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { idleTtlMs: 10 * minute, absoluteTtlMs: 25 * minute });
      assert.equal(created.expiresAtMs, created.createdAtMs + 10 * minute);
      assert.equal(created.absoluteExpiresAtMs, created.createdAtMs + 25 * minute);
      await bench.advance(9 * minute);
      assert.deepEqual(await store.touch(created.id), { status: "ok", expiresAtMs: created.createdAtMs + 19 * minute });
      await store.credit(created.id, { opId: "paid", extendMs: 5 * minute });
      assert.deepEqual(
        await store.touch(created.id),
        { status: "ok", expiresAtMs: created.createdAtMs + 24 * minute },
        "touching shortened paid time",
      );
      await bench.advance(8 * minute);
      assert.deepEqual(
        await store.touch(created.id),
        { status: "ok", expiresAtMs: created.createdAtMs + 25 * minute },
        "touching passed the absolute deadline",
      );
      const seen = await store.get(created.id, { touch: true });
      assert.equal(seen?.expiresAtMs, created.createdAtMs + 25 * minute, "get with touch passed it");
      await bench.advance(8 * minute);
      await assertGone(store, created.id, "past the absolute deadline");
    },
  },
  {
    id: "sessions/4c",
    title: "touch changes neither data nor version; update and modify move no expiry",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { subject: "alice", quotas: { calls: 7n } });
      await bench.advance(minute);
      await store.touch(created.id);
      const touched = await read(store, created.id);
      assert.deepEqual({ ...touched, expiresAtMs: created.expiresAtMs }, created, "touch changed more than the expiry");
      assert.equal(touched.expiresAtMs, created.expiresAtMs + minute);
      await bench.advance(minute);
      await store.update(created.id, "updated", { ifVersion: created.version });
      await store.modify(created.id, () => "modified");
      await store.get(created.id);
      const changed = await read(store, created.id);
      assert.equal(changed.expiresAtMs, touched.expiresAtMs, "update or modify moved the expiry");
      const fixed = await issue(store, { absoluteTtlMs: minute, idleTtlMs: undefined });
      await bench.advance(1_000);
      assert.deepEqual(
        await store.touch(fixed.id),
        { status: "ok", expiresAtMs: fixed.expiresAtMs },
        "no idle TTL, no change",
      );
    },
  },
  {
    id: "sessions/5a",
    title: "update keeps deadline, subject, quotas and age",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, {
        subject: "alice",
        absoluteTtlMs: 60 * minute,
        quotas: { calls: 3n, bytes: 2n ** 60n },
      });
      await bench.advance(minute);
      const updated = okRecord(await store.update(created.id, ["other"], { ifVersion: created.version }));
      assert.deepEqual(updated, { ...created, data: ["other"], version: created.version + 1 });
      assert.deepEqual(await read(store, created.id), updated);
      assert.equal((await listed(store, "alice")).length, 1);
    },
  },
  {
    id: "sessions/5b",
    title: "a session is live before expiresAtMs and absent at it",
    async run(bench) {
      const store = await bench.open();
      const ended = await Promise.all([
        issue(store, { idleTtlMs: minute, subject: "alice" }),
        issue(store, { idleTtlMs: 60 * minute, absoluteTtlMs: minute, subject: "alice" }),
        createOwn(store, "own:1", { idleTtlMs: minute }),
      ]);
      for (const { expiresAtMs, createdAtMs } of ended) assert.equal(expiresAtMs, createdAtMs + minute);
      await bench.advance(minute - 1);
      for (const record of ended) assert.deepEqual(await read(store, record.id), record, "a millisecond before");
      assert.equal((await listed(store, "alice")).length, 2);
      await bench.advance(1);
      for (const { id } of ended) assert.equal(await store.get(id), null, "at expiresAtMs");
      assert.deepEqual(await listed(store, "alice"), []);
      assert.deepEqual(await store.getMany(ended.map(({ id }) => id)), [null, null, null]);
    },
  },
  {
    id: "sessions/8a",
    title: "rotate: a new id for the same session, and the old one is dead at once",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { subject: "alice", absoluteTtlMs: 120 * minute, quotas: { calls: 9n } });
      await store.credit(created.id, { opId: "paid", extendMs: minute });
      await store.debit(created.id, { quota: "calls", amount: 4n, opId: "spent" });
      await bench.advance(minute);
      const before = await read(store, created.id);
      const rotated = okRecord(await store.rotate(created.id));
      assert.notEqual(rotated.id, created.id);
      assert.deepEqual({ ...rotated, id: before.id, version: before.version }, before, "all but the id is kept");
      assert.deepEqual(await read(store, rotated.id), rotated);
      await assertGone(store, created.id, "the old id");
      const credited = await store.credit(rotated.id, { opId: "paid", extendMs: minute });
      assert.equal(credited.status === "ok" && credited.replayed, true, "a credit's opId was forgotten");
      const debited = await store.debit(rotated.id, { quota: "calls", amount: 4n, opId: "spent" });
      assert.deepEqual(debited, { status: "ok", remaining: 5n, replayed: true }, "a debit's opId was forgotten");
      const [mine, ...others] = await listed(store, "alice");
      assert.deepEqual(others, [], "the subject has one session");
      assert.equal(await store.delete({ handle: mine?.handle ?? "" }), true, "and its handle is the new one's");
      const own = await createOwn(store, "own:1", { quotas: { calls: 2n } });
      await store.debit(own.id, { quota: "calls", amount: 1n, opId: "spent" });
      const issued = okRecord(await store.rotate(own.id));
      assert.equal(await store.get(own.id), null, "an id of one's own rotates too");
      const again = await store.debit(issued.id, { quota: "calls", amount: 1n, opId: "spent" });
      assert.deepEqual(again, { status: "ok", remaining: 1n, replayed: true });
    },
  },
  {
    id: "sessions/8b",
    title: "concurrent rotates leave one live successor",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { subject: "alice", quotas: { calls: 9n } });
      const answers = await atOnce(20, () => store.rotate(created.id));
      assert.equal(countStatus(answers, "ok"), 1);
      assert.equal(countStatus(answers, "missing"), 19);
      assert.equal(await store.get(created.id), null);
      assert.equal((await listed(store, "alice")).length, 1, "one live session");
    },
  },
];
