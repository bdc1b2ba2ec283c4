// Sessions 6-7 and 13: paid time, paid quota, and operations that happen once.
import assert from "node:assert/strict";
import { atOnce, failureOf, rejectsWith } from "../assertions.ts";
import {
  assertGone,
  countStatus,
  day,
  issue,
  maxQuota,
  minute,
  okRecord,
  read,
  type SessionProperty,
} from "./checks.ts";

/** How many answers say that they did it just now. */
function applied(answers: readonly { status: string; replayed?: boolean }[]): number {
  return answers.filter(({ status, replayed }) => status === "ok" && replayed === false).length;
}

export const payingProperties: readonly SessionProperty[] = [
  {
    id: "sessions/6a",
    title: "two overlapping credits buy two windows, and a repeated opId buys one",
    async run(bench) {
      const store = await bench.open();
      const { id, expiresAtMs } = await issue(store, { quotas: { calls: 1n } });
      const grants = ["one", "two"].map((opId) => ({ opId, extendMs: 10 * minute, quotas: { calls: 5n, bytes: 2n } }));
      const rounds = await Promise.all(grants.map((grant) => atOnce(10, () => store.credit(id, grant))));
      const answers = rounds.flat();
      assert.equal(applied(answers), 2);
      assert.equal(countStatus(answers, "ok"), 20);
      const record = await read(store, id);
      assert.equal(record.expiresAtMs, expiresAtMs + 20 * minute, "exactly two windows");
      assert.deepEqual(record.quotas, { calls: 11n, bytes: 4n });
      await bench.advance(minute);
      const replay = await store.credit(id, { opId: "one", extendMs: 99 * minute, quotas: { calls: 99n } });
      const { quotas } = record;
      assert.deepEqual(
        replay,
        { status: "ok", expiresAtMs: record.expiresAtMs, quotas, replayed: true },
        "the current state",
      );
    },
  },
  {
    id: "sessions/6b",
    title: "an opId is remembered past expiry and delete, for 24 hours or the session's life",
    async run(bench) {
      const store = await bench.open();
      const id = "GET /data:0xabc";
      const grant = { opId: "payment 1", extendMs: minute, createWith: { data: "bought" } };
      assert.equal(applied([await store.credit(id, grant)]), 1);
      await bench.advance(minute);
      assert.deepEqual(await store.credit(id, grant), { status: "missing" }, "after expiry it bought a second session");
      assert.equal(await store.get(id), null);
      const other = { ...grant, opId: "payment 2" };
      assert.equal(applied([await store.credit(id, other)]), 1, "another payment buys another");
      assert.equal(await store.delete(id), true);
      assert.deepEqual(await store.credit(id, other), { status: "missing" }, "after delete");
      await bench.advance(day - 2 * minute);
      assert.deepEqual(await store.credit(id, grant), { status: "missing" }, "almost 24 h later");
      const long = await issue(store, { idleTtlMs: 3 * day });
      await store.credit(long.id, { opId: "early", extendMs: minute });
      await bench.advance(2 * day);
      await store.touch(long.id);
      await bench.advance(2 * day);
      const late = await store.credit(long.id, { opId: "early", extendMs: minute });
      assert.equal(late.status === "ok" && late.replayed, true, "as long as a session that was touched lives");
    },
  },
  {
    id: "sessions/6c",
    title: "createWith applies only where there is nothing, and gives no free idle time",
    async run(bench) {
      const store = await bench.open();
      const id = "GET /data:0xabc";
      const bought = await store.credit(id, {
        opId: "1",
        extendMs: 5 * minute,
        quotas: { calls: 2n },
        createWith: { data: "new" },
      });
      const record = await read(store, id);
      assert.deepEqual(bought, {
        status: "ok",
        expiresAtMs: record.createdAtMs + 5 * minute,
        quotas: { calls: 2n },
        replayed: false,
      });
      assert.deepEqual([record.data, record.idleTtlMs, record.absoluteExpiresAtMs], ["new", undefined, undefined]);
      await bench.advance(minute);
      assert.equal((await store.get(id, { touch: true }))?.expiresAtMs, record.expiresAtMs, "touching gave free time");
      await store.credit(id, { opId: "2", extendMs: minute, createWith: { data: "ignored", idleTtlMs: minute } });
      const after = await read(store, id);
      assert.deepEqual(
        [after.data, after.idleTtlMs, after.version],
        ["new", undefined, record.version],
        "it applied to a live one",
      );
      const idle = { data: 1, idleTtlMs: 10 * minute, absoluteTtlMs: 60 * minute };
      const withIdle = await store.credit("own:2", { opId: "1", extendMs: minute, createWith: idle });
      const second = await read(store, "own:2");
      assert.equal(
        withIdle.status === "ok" && withIdle.expiresAtMs,
        second.createdAtMs + minute,
        "now + extendMs, not idle",
      );
      assert.deepEqual([second.idleTtlMs, second.absoluteExpiresAtMs], [10 * minute, second.createdAtMs + 60 * minute]);
      const issued = await issue(store);
      await store.delete(issued.id);
      const fixation = await store.credit(issued.id, { opId: "3", extendMs: minute, createWith: { data: 1 } });
      assert.deepEqual(fixation, { status: "missing" }, "a credit creates no session under an issued id");
      await assertGone(store, issued.id, "a credited id of a dead session");
    },
  },
  {
    id: "sessions/6d",
    title: "a credit past the absolute deadline or beyond 2^63-1 throws, changes nothing and is not remembered",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { absoluteTtlMs: 30 * minute, quotas: { calls: maxQuota - 1n } });
      const tooLong = { opId: "long", extendMs: 21 * minute };
      await rejectsWith("STORE_INVALID_ARGUMENT", "past the deadline", () => store.credit(created.id, tooLong));
      const tooMuch = { opId: "much", extendMs: minute, quotas: { calls: 2n } };
      await rejectsWith("STORE_INVALID_ARGUMENT", "beyond 2^63-1", () => store.credit(created.id, tooMuch));
      assert.deepEqual(await read(store, created.id), created, "a refused credit changed something");
      const right = await store.credit(created.id, { opId: "long", extendMs: 20 * minute });
      assert.equal(applied([right]), 1, "a refused opId is free");
      assert.equal(applied([await store.credit(created.id, { opId: "much", quotas: { calls: 1n } })]), 1);
      assert.equal((await read(store, created.id)).quotas?.calls, maxQuota);
    },
  },
  {
    id: "sessions/7a",
    title: "concurrent debits never go below zero and sum exactly, above 2^53 too",
    async run(bench) {
      const store = await bench.open();
      for (const [start, amount, fits] of [
        [10n, 3n, 3],
        [2n ** 60n + 1n, 2n ** 58n, 4],
        [maxQuota, maxQuota, 1],
        [maxQuota, 1n, 12],
      ] as const) {
        const { id } = await issue(store, { quotas: { units: start } });
        const answers = await atOnce(12, () => store.debit(id, { quota: "units", amount }));
        assert.equal(countStatus(answers, "ok"), fits, `${start} by ${amount}`);
        assert.equal(countStatus(answers, "insufficient"), 12 - fits, `${start} by ${amount}`);
        const left = start - amount * BigInt(fits);
        assert.equal((await read(store, id)).quotas?.units, left, `${start} by ${amount}`);
        const nothing = await store.debit(id, { quota: "no such quota", amount: 1n });
        assert.deepEqual(nothing, { status: "insufficient", remaining: 0n, replayed: false });
      }
    },
  },
  {
    id: "sessions/7b",
    title: "an insufficient debit takes nothing and is not remembered",
    async run(bench) {
      const store = await bench.open();
      const { id } = await issue(store, { quotas: { calls: 2n } });
      const spend = { quota: "calls", amount: 3n, opId: "call 1" };
      assert.deepEqual(await store.debit(id, spend), { status: "insufficient", remaining: 2n, replayed: false });
      await store.credit(id, { opId: "call 1", quotas: { calls: 2n } });
      assert.deepEqual(
        await store.debit(id, spend),
        { status: "ok", remaining: 1n, replayed: false },
        "credit and debit opIds are apart",
      );
      assert.deepEqual(await store.debit(id, spend), { status: "ok", remaining: 1n, replayed: true });
    },
  },
  {
    id: "sessions/7c",
    title: "amounts that are not positive or beyond 2^63-1 throw and change nothing",
    async run(bench) {
      const store = await bench.open();
      const created = await issue(store, { quotas: { calls: 5n } });
      for (const amount of [0n, -1n, maxQuota + 1n]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", `debit of ${amount}`, () =>
          store.debit(created.id, { quota: "calls", amount }),
        );
        await rejectsWith("STORE_INVALID_ARGUMENT", `credit of ${amount}`, () =>
          store.credit(created.id, { opId: "op", quotas: { calls: amount } }),
        );
      }
      for (const calls of [-1n, maxQuota + 1n]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", `a new quota of ${calls}`, () =>
          issue(store, { quotas: { calls } }),
        );
      }
      for (const extendMs of [0, -1, 0.5, Number.NaN]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", `extendMs ${extendMs}`, () =>
          store.credit(created.id, { opId: "op", extendMs }),
        );
      }
      assert.deepEqual(await read(store, created.id), created);
      okRecord({ status: "ok", record: await issue(store, { quotas: { calls: 0n, most: maxQuota } }) });
    },
  },
  {
    id: "sessions/13",
    title: "a debit whose reply was lost is applied once, however often it is sent again",
    async run(bench) {
      const store = await bench.open();
      const { id } = await issue(store, { quotas: { calls: 10n } });
      const spend = { quota: "calls", amount: 4n, opId: "call 1" };
      const waiting = new AbortController();
      const lost = store.debit(id, spend, { signal: waiting.signal });
      waiting.abort(new Error("the caller went away"));
      await failureOf("an aborted wait", () => lost);
      const answers = await atOnce(5, () => store.debit(id, spend));
      for (const answer of answers)
        assert.deepEqual({ ...answer, replayed: true }, { status: "ok", remaining: 6n, replayed: true });
      assert.ok(applied(answers) <= 1, "sent once before, applied at most once since");
      assert.deepEqual((await read(store, id)).quotas, { calls: 6n });
      const spent = await store.debit(id, { ...spend, opId: "call 2", amount: 6n });
      assert.deepEqual(spent, { status: "ok", remaining: 0n, replayed: false });
      assert.deepEqual(
        await store.debit(id, spend),
        { status: "ok", remaining: 0n, replayed: true },
        "with nothing left, too",
      );
    },
  },
];
