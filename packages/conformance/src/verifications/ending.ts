// Verifications 6-8: results, how long they are kept, and what becomes of records in doubt.
import assert from "node:assert/strict";
import { atOnce, rejectsWith } from "../assertions.ts";
import {
  ceilingMs,
  countClaimed,
  day,
  desk,
  floorMs,
  hour,
  leaseIn,
  leaseMs,
  lostTo,
  minute,
  ok,
  type VerificationProperty,
} from "./checks.ts";

export const endingProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/6a",
    title: "complete twice with the same result is ok, with another lost, and no claim alters a result",
    async run(bench) {
      const at = await desk(bench);
      const lease = await at.hold("key", "owner");
      assert.deepEqual(await at.complete("key", lease, "receipt"), ok);
      await at.advance(1_000);
      assert.deepEqual(await at.complete("key", lease, "receipt"), ok, "the reply was lost: again");
      assert.deepEqual(await at.complete("key", lease, "another"), lostTo("done"));
      assert.deepEqual(await at.complete("key", lease, "receipt", { outcome: "rejected" }), lostTo("done"));
      const done = { status: "done", outcome: "accepted", value: "receipt", expiresInMs: minute - 1_000 };
      for (const token of ["owner", "stranger"]) {
        assert.deepEqual(
          await at.claim("key", token, { leaseMs: hour, onLeaseExpiry: "unknown", retainUntilMs: at.nowMs() + day }),
          done,
        );
      }
      assert.deepEqual(await at.store.peek("key"), done, "a claim altered it");
      assert.deepEqual(await at.store.release("key", lease), lostTo("done"), "what is done is not released");
      assert.deepEqual(await at.store.markUnknown("key", lease), lostTo("done"));
      assert.deepEqual(await at.store.reconcile("key", { token: "finder", leaseMs }), done, "nothing to reconcile");
    },
  },
  {
    id: "verifications/6b",
    title: "renew extends, never backwards, switches retry to unknown and never back; an expired lease is not resumed",
    async run(bench) {
      const at = await desk(bench);
      const lease = await at.hold("key", "owner");
      await at.advance(5_000);
      assert.deepEqual(await at.store.renew("key", lease, leaseMs), ok);
      assert.deepEqual(await at.store.renew("key", lease, 1), ok, "a shorter renewal");
      assert.deepEqual(
        await at.store.peek("key"),
        { status: "in-progress", retryAfterMs: leaseMs },
        "shortened nothing",
      );
      assert.deepEqual(await at.store.renew("key", lease, leaseMs, { onLeaseExpiry: "unknown" }), ok);
      assert.deepEqual(await at.store.renew("key", lease, leaseMs), ok);
      const resumed = await at.claim("key", "owner", { onLeaseExpiry: "retry" });
      assert.ok(resumed.status === "claimed" && resumed.via === "resume");
      await at.advance(leaseMs);
      assert.deepEqual(await at.claim("key", "owner"), { status: "unknown" }, "it was switched back");
      await at.hold("retry", "owner");
      await at.advance(leaseMs);
      const taken = await at.claim("retry", "owner");
      assert.ok(taken.status === "claimed" && taken.via === "takeover", "its own token takes over, it does not resume");
      assert.equal(taken.lease.attempt, 2);
    },
  },
  {
    id: "verifications/7a",
    title: "past the value's TTL an accepted record is spent and a rejected one absent; past retention both are",
    async run(bench) {
      const at = await desk(bench);
      const results = ["accepted", "rejected"] as const;
      for (const outcome of results) await at.complete(outcome, await at.hold(outcome, "owner"), "value", { outcome });
      await at.advance(minute - 1);
      for (const outcome of results) {
        const expected = { status: "done", outcome, value: "value", expiresInMs: 1 };
        assert.deepEqual(await at.claim(outcome, "stranger"), expected, "a millisecond before");
      }
      await at.advance(1);
      assert.deepEqual(await at.store.peek("rejected"), { status: "absent" });
      assert.equal((await at.hold("rejected", "stranger")).attempt, 1, "a rejected payment may be tried again");
      const spent = { status: "spent" };
      assert.deepEqual(await at.claim("accepted", "stranger"), spent);
      assert.deepEqual(await at.store.peek("accepted"), spent);
      assert.deepEqual(await at.store.reconcile("accepted", { token: "finder", leaseMs }), spent);
      await at.advance(hour - minute - 1);
      assert.deepEqual(await at.claim("accepted", "stranger"), spent, "a millisecond before its retention ends");
      await at.advance(1);
      assert.deepEqual(await at.store.peek("accepted"), { status: "absent" });
      const fresh = await at.claim("accepted", "stranger", { fingerprint: "another purchase" });
      assert.ok(fresh.status === "claimed" && fresh.via === "fresh", "past its retention");
    },
  },
  {
    id: "verifications/7b",
    title: "a retainUntilMs in the past is raised to the floor, and nothing shortens a retention",
    async run(bench) {
      const at = await desk(bench);
      const past = { retainUntilMs: at.nowMs() - day };
      const lease = await at.hold("key", "owner", past);
      assert.deepEqual(await at.complete("key", lease, "receipt", { ...past, valueTtlMs: floorMs }), ok);
      await at.advance(floorMs - 1);
      const retried = await at.claim("key", "stranger", past);
      assert.ok(
        retried.status === "done" && retried.value === "receipt",
        "a retry within the floor still answers done",
      );
      const untilMs = at.nowMs() + 2 * hour;
      const long = await at.hold("long", "owner", { retainUntilMs: untilMs, onLeaseExpiry: "unknown" });
      await at.store.renew("long", long, leaseMs);
      await at.store.note("long", long, "tx 1");
      await at.store.markUnknown("long", long);
      const finder = leaseIn(await at.store.reconcile("long", { token: "finder", leaseMs }));
      await at.complete("long", finder, "found", { retainUntilMs: at.nowMs(), valueTtlMs: 1 });
      await at.advance(2 * hour - 1);
      assert.deepEqual(await at.store.peek("long"), { status: "spent" }, "something shortened its retention");
      await at.advance(1);
      assert.deepEqual(await at.store.peek("long"), { status: "absent" });
      const renewed = await at.hold("renewed", "owner", { onLeaseExpiry: "unknown", retainUntilMs: at.nowMs() });
      for (let times = 0; times < 150; times += 1) {
        await at.advance(leaseMs - 1);
        assert.deepEqual(
          await at.store.renew("renewed", renewed, leaseMs),
          ok,
          "a record must not end under its holder",
        );
      }
      await at.advance(leaseMs);
      assert.deepEqual(await at.store.peek("renewed"), { status: "unknown" });
      await at.advance(20 * day);
      assert.deepEqual(await at.store.peek("renewed"), { status: "unknown" }, "what is in doubt was forgotten");
    },
  },
  {
    id: "verifications/7c",
    title: "a retainUntilMs above the ceiling or beyond safe integers is refused, not truncated",
    async run(bench) {
      const at = await desk(bench);
      for (const retainUntilMs of [
        at.nowMs() + ceilingMs + minute,
        2 ** 53,
        2 ** 256 - 1,
        Number.POSITIVE_INFINITY,
        Number.NaN,
        -1,
        0.5,
      ]) {
        const what = `retainUntilMs ${retainUntilMs}`;
        await rejectsWith("STORE_INVALID_ARGUMENT", what, () => at.claim("key", "owner", { retainUntilMs }));
        await rejectsWith("STORE_INVALID_ARGUMENT", `${what}, markOnce`, () =>
          at.store.markOnce("marker", { token: "t", fingerprint: "f", retainUntilMs }),
        );
      }
      for (const bad of [0, -1, 0.5, Number.NaN, 2 ** 53]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", `leaseMs ${bad}`, () => at.claim("key", "owner", { leaseMs: bad }));
      }
      assert.deepEqual(await at.store.peek("key"), { status: "absent" }, "a refused claim left something");
      const most = await at.claim("key", "owner", { retainUntilMs: at.nowMs() + ceilingMs - minute });
      assert.equal(most.status, "claimed", "just below the ceiling");
    },
  },
  {
    id: "verifications/8a",
    title: "release: the next claim succeeds at once",
    async run(bench) {
      const at = await desk(bench);
      for (const options of [{}, { forget: true }]) {
        const key = `key ${JSON.stringify(options)}`;
        const lease = await at.hold(key, "owner", { onLeaseExpiry: "unknown" });
        await at.store.note(key, lease, "tx 1");
        assert.deepEqual(await at.store.release(key, lease, options), ok);
        assert.deepEqual(await at.store.release(key, lease, options), ok, "the reply was lost: again");
        assert.deepEqual(await at.store.peek(key), { status: "absent" });
        const claims = await atOnce(10, (index) => at.claim(key, `next ${index}`, { fingerprint: "another purchase" }));
        assert.equal(countClaimed(claims), 1);
        const next = claims.flatMap((claim) => (claim.status === "claimed" ? [claim.lease.fence] : []));
        assert.ok(BigInt(next[0] ?? 0) > BigInt(lease.fence), "fences rise across a release");
        assert.deepEqual(await at.store.release(key, lease, options), lostTo("in-progress"), "once more is too late");
      }
    },
  },
  {
    id: "verifications/8b",
    title: "a note survives its owner's crash, and one at a time reconciles",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const lease = await at.hold("key", "owner", { onLeaseExpiry: "unknown" });
      await store.note("key", lease, "tx 1");
      assert.deepEqual(await store.note("key", lease, "tx 2"), ok);
      assert.deepEqual(await store.reconcile("key", { token: "early", leaseMs }), {
        status: "in-progress",
        retryAfterMs: leaseMs,
      });
      await at.advance(leaseMs);
      const unknown = { status: "unknown", evidence: "tx 2" };
      assert.deepEqual(await at.claim("key", "stranger"), unknown);
      const finders = await atOnce(10, (index) => store.reconcile("key", { token: `finder ${index}`, leaseMs }));
      assert.equal(countClaimed(finders), 1);
      for (const finder of finders)
        if (finder.status !== "claimed") assert.deepEqual(finder, { status: "in-progress", retryAfterMs: leaseMs });
      const finder = leaseIn(finders.find(({ status }) => status === "claimed") ?? assert.fail());
      assert.deepEqual(await store.reconcile("key", { token: finder.token, leaseMs }), {
        status: "claimed",
        lease: finder,
        via: "resume",
        evidence: "tx 2",
      });
      assert.deepEqual(await at.claim("key", "stranger"), { status: "in-progress", retryAfterMs: leaseMs });
      await at.advance(leaseMs);
      assert.deepEqual(await store.peek("key"), unknown, "the reconciler crashed: unknown again, evidence kept");
      assert.deepEqual(await at.claim("key", finder.token), unknown);
      const second = leaseIn(await store.reconcile("key", { token: "second", leaseMs }));
      assert.equal(second.attempt, 3);
      assert.deepEqual(await store.markUnknown("key", second), ok);
      assert.deepEqual(await store.peek("key"), unknown, "not found out: unknown, evidence kept");
      const third = leaseIn(await store.reconcile("key", { token: "third", leaseMs }));
      assert.deepEqual(await at.complete("key", third, "tx 2 settled"), ok);
      assert.deepEqual(await store.reconcile("nothing here", { token: "t", leaseMs }), {
        status: "in-progress",
        retryAfterMs: 0,
      });
    },
  },
  {
    id: "verifications/8c",
    title: "what unresolved() lists can be reconciled by its handle, which does not show the key",
    async run(bench) {
      const at = await desk(bench);
      await at.store.markUnknown("payment key 1", await at.hold("payment key 1", "owner"), "tx 1");
      await at.hold("payment key 2", "owner");
      const atMs = at.nowMs();
      await at.advance(1_000);
      let seen = 0;
      for await (const { handle, evidence, atMs: since } of at.store.unresolved()) {
        seen += 1;
        assert.ok(!handle.includes("payment"), "a handle shows the key");
        assert.deepEqual([evidence, since], ["tx 1", atMs], "only what is unknown, with its evidence and since when");
        const finder = leaseIn(await at.store.reconcile({ handle }, { token: "finder", leaseMs }));
        assert.deepEqual(await at.complete("payment key 1", finder, "settled"), ok);
      }
      // Listing is best effort: a backend may not be able to.
      assert.ok(seen <= 1, "listed twice");
    },
  },
];
