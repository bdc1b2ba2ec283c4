// Verifications 5: what a past holder can still do.
import assert from "node:assert/strict";
import { desk, leaseIn, leaseMs, lostTo, minute, ok, type VerificationProperty } from "./checks.ts";

export const pastHolderProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/5a",
    title: "what a past holder sends late is lost, and the winner's record is intact",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const past = await at.hold("key", "past");
      await at.advance(leaseMs);
      const winner = await at.hold("key", "winner");
      const late = async (current: string) => {
        const before = await store.peek("key");
        assert.deepEqual(await at.complete("key", past, "late"), lostTo(current), "complete");
        assert.deepEqual(await store.release("key", past), lostTo(current), "release");
        assert.deepEqual(await store.renew("key", past, leaseMs), lostTo(current), "renew");
        assert.deepEqual(await store.note("key", past, "late"), lostTo(current), "note");
        assert.deepEqual(await store.markUnknown("key", past, "late"), lostTo(current), "markUnknown");
        assert.deepEqual(await store.peek("key"), before, "a past holder changed the record");
      };
      await late("in-progress");
      // Neither the winner's token nor its fence alone makes a holder.
      for (const forged of [
        { ...past, token: winner.token },
        { ...past, fence: winner.fence },
      ]) {
        assert.deepEqual(await at.complete("key", forged, "forged"), lostTo("in-progress"));
      }
      assert.deepEqual(await at.complete("key", winner, "won"), ok);
      await late("done");
      const done = await store.peek("key");
      assert.ok(done.status === "done" && done.value === "won");
      const free = await at.hold("freed", "past");
      await store.release("freed", free);
      assert.deepEqual(await at.complete("freed", free, "late"), lostTo("absent"));
      assert.deepEqual(await at.complete("never claimed", free, "late"), lostTo("absent"));
    },
  },
  {
    id: "verifications/5b",
    title: "a late complete on an unreconciled unknown of its own is ok, and after a reconcile lost",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const own = await at.hold("own", "owner", { onLeaseExpiry: "unknown" });
      await at.advance(leaseMs + minute);
      assert.deepEqual(await store.renew("own", own, leaseMs), lostTo("unknown"), "an expired lease is not renewed");
      assert.deepEqual(await store.release("own", own), lostTo("unknown"), "nor released");
      assert.deepEqual(await at.complete("own", own, "settled"), ok);
      const seen = await store.peek("own");
      assert.ok(seen.status === "done" && seen.value === "settled");
      const marked = await at.hold("marked", "owner");
      await store.markUnknown("marked", marked, "tx 1");
      assert.deepEqual(await at.complete("marked", marked, "settled"), ok, "after markUnknown, too");
      const found = await at.hold("found", "owner", { onLeaseExpiry: "unknown" });
      await at.advance(leaseMs);
      const finder = leaseIn(await store.reconcile("found", { token: "finder", leaseMs }));
      assert.deepEqual(
        await at.complete("found", found, "late"),
        lostTo("in-progress"),
        "another caller reconciles it",
      );
      await at.advance(leaseMs);
      assert.deepEqual(
        await at.complete("found", found, "late"),
        lostTo("unknown"),
        "another caller reconciled and died",
      );
      assert.deepEqual(await at.complete("found", finder, "found"), ok);
      assert.deepEqual(await at.complete("found", found, "late"), lostTo("done"));
    },
  },
  {
    id: "verifications/5c",
    title: "on an expired lease of its own under retry, complete, release and renew are lost",
    async run(bench) {
      const at = await desk(bench);
      const lease = await at.hold("key", "owner");
      await at.advance(leaseMs);
      const lost = lostTo("in-progress");
      assert.deepEqual(await at.complete("key", lease, "late"), lost);
      assert.deepEqual(await at.store.release("key", lease), lost);
      assert.deepEqual(await at.store.renew("key", lease, leaseMs), lost);
      assert.deepEqual(await at.store.peek("key"), { status: "in-progress", retryAfterMs: 0 });
    },
  },
];
