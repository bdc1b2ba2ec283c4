// Verifications 7 and 8, of payments: how long they are remembered, and how one in doubt or owed ends.
import assert from "node:assert/strict";
import type { Unresolved } from "@tollbooth-stores/core";
import {
  ceilingMs,
  type Desk,
  day,
  desk,
  floorMs,
  hour,
  leaseIn,
  leaseMs,
  lostTo,
  ok,
  owedWith,
  type VerificationProperty,
} from "./checks.ts";

const unknown = { onLeaseExpiry: "unknown" } as const;
const delivery = { token: "delivery 1" };
const delivered = { status: "delivered", receipt: "tx 1" };
const absent = { status: "absent" };

async function statusOf(at: Desk, key: string): Promise<string> {
  return (await at.store.peek(key)).status;
}

async function listed(at: Desk): Promise<Unresolved[]> {
  const all: Unresolved[] = [];
  for await (const each of at.store.unresolved()) all.push(each);
  return all;
}

export const paymentEndProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/7d",
    title: "a payment is remembered a day beyond its validity, whichever of its payloads is valid for longest",
    async run(bench) {
      const at = await desk(bench);
      const startMs = at.nowMs();
      const validFor = (ms: number) => ({ retainUntilMs: startMs + ms });
      await at.owe("two hours", validFor(2 * hour));
      await at.owe("past", validFor(-day));
      const first = await at.holdPayment("taken over", "payer", validFor(hour));
      await at.holdPayment("collected", "payer", validFor(hour));
      await at.store.settle("collected", { receipt: "tx 1" });
      await at.holdPayment("collected", "payer", validFor(3 * hour));
      await at.holdPayment("told", "payer", validFor(hour));
      await at.store.settle("told", { receipt: "tx 1", retainUntilMs: startMs + 3 * hour });
      await at.advance(leaseMs);
      const other = { payment: { payload: "payload 2" }, ...validFor(3 * hour) };
      await at.holdPayment("taken over", "next", other);
      await at.store.settle("taken over", { receipt: "tx 1", lease: first });
      const ends: Record<string, number> = {
        past: leaseMs + floorMs + day,
        "two hours": 2 * hour + day,
        ...{ "taken over": 3 * hour + day, collected: 3 * hour + day, told: 3 * hour + day },
      };
      for (const key of Object.keys(ends)) await at.store.deliver(key, delivery);
      for (const [key, endsInMs] of Object.entries(ends)) {
        await at.advance(Math.max(0, startMs + endsInMs - 1 - at.nowMs()));
        assert.equal(await statusOf(at, key), "delivered", `${key}: forgotten early`);
        if (key !== "taken over" && key !== "collected") {
          await at.advance(1);
          assert.deepEqual(await at.store.peek(key), absent, `${key}: kept too long`);
        }
      }
    },
  },
  {
    id: "verifications/7e",
    title: "what is owed, expired or in doubt is remembered for 31 days, and after a late delivery for a day",
    async run(bench) {
      const at = await desk(bench);
      await at.owe("owed");
      await at.owe("late");
      const lease = await at.holdPayment("expired", "payer");
      await at.store.expire("expired", { reason: "void", lease });
      await at.holdPayment("in doubt", "payer", unknown);
      await at.advance(ceilingMs - 1);
      assert.equal(await statusOf(at, "owed"), "settled");
      assert.equal(await statusOf(at, "expired"), "expired");
      assert.equal(await statusOf(at, "in doubt"), "unknown");
      await at.store.deliver("late", delivery);
      await at.advance(1);
      for (const over of ["owed", "expired", "in doubt"]) assert.deepEqual(await at.store.peek(over), absent, over);
      await at.advance(day - 2);
      assert.deepEqual(await at.pay("late", "payer"), { ...delivered, kept: "goods" }, "those who ask again soon");
      await at.advance(1);
      assert.deepEqual(await at.store.peek("late"), absent);
    },
  },
  {
    id: "verifications/8d",
    title: "who reconciles is told the evidence and the reference, the latest of each",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const lease = await at.holdPayment("key", "payer");
      await store.renew("key", lease, leaseMs, { ...unknown, reference: "nonce 1" });
      await store.renew("key", lease, leaseMs, { reference: "nonce 2" });
      await store.note("key", lease, "sent");
      await at.advance(leaseMs);
      assert.deepEqual(await store.note("key", lease, "sent as tx 1"), ok, "late, and not reconciled yet");
      const finder = { token: "finder", leaseMs };
      const claim = await store.reconcile("key", finder);
      const told = { evidence: "sent as tx 1", reference: "nonce 2" };
      assert.deepEqual(claim, { status: "claimed", via: "takeover", lease: leaseIn(claim), ...told });
      const again = await store.reconcile("key", finder);
      assert.deepEqual(again, { status: "claimed", via: "resume", lease: leaseIn(claim), ...told });
      await at.advance(leaseMs);
      const next = await store.reconcile("key", { token: "next", leaseMs });
      assert.deepEqual(next, { status: "claimed", via: "takeover", lease: leaseIn(next), ...told }, "after a crash");
      await store.settle("key", { receipt: "tx 1" });
      assert.deepEqual(await store.reconcile("key", finder), owedWith(), "owed: what there is, and no lease");
    },
  },
  {
    id: "verifications/8e",
    title:
      "a payment that was never settled is ended for good, by its holder or where none is live, until a receipt says else",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const reason = "void";
      const lease = await at.holdPayment("held", "payer", unknown);
      assert.deepEqual(await store.expire("held", { reason }), lostTo("in-progress"), "its holder may be settling");
      const foreign = { ...lease, fence: "1" };
      assert.deepEqual(await store.expire("held", { reason, lease: foreign }), lostTo("in-progress"));
      assert.deepEqual(await store.expire("held", { reason, lease }), ok);
      assert.deepEqual(await store.renew("held", lease, leaseMs), lostTo("expired"), "nothing is settled any more");
      const paying = await at.holdPayment("in doubt", "payer", unknown);
      await store.renew("in doubt", paying, leaseMs, { reference: "nonce 1" });
      await at.holdPayment("free", "payer");
      await at.advance(leaseMs);
      for (const key of ["in doubt", "free"]) assert.deepEqual(await store.expire(key, { reason }), ok, key);
      const look = await store.peek("in doubt");
      assert.deepEqual(
        look.status === "expired" && look.reference,
        "nonce 1",
        "its settlement can still be looked for",
      );
      for (const key of ["held", "in doubt", "free"]) {
        assert.deepEqual(await store.expire(key, { reason: "another" }), ok, "again");
        const expired = { status: "expired", reason };
        for (const token of ["payer", "stranger"]) assert.deepEqual(await at.pay(key, token), expired, key);
        assert.deepEqual(await store.reconcile(key, { token: "finder", leaseMs }), expired);
        const alarm = { ...owedWith(), wasExpired: true };
        assert.deepEqual(await store.settle(key, { receipt: "tx 1" }), alarm, "a receipt is a fact");
        assert.deepEqual(await store.settle(key, { receipt: "tx 1" }), owedWith(), "and an alarm once");
      }
      assert.deepEqual(await store.expire("held", { reason }), lostTo("settled"));
      await store.deliver("held", delivery);
      assert.deepEqual(await store.expire("held", { reason }), lostTo("delivered"));
      assert.deepEqual(await store.expire("absent", { reason }), lostTo("absent"));
    },
  },
  {
    id: "verifications/8f",
    title: "refusals are counted through every release, each of them once, and told to the next claim",
    async run(bench) {
      const at = await desk(bench);
      for (const [round, refused] of [true, false, true].entries()) {
        const lease = await at.holdPayment("key", `payer ${round}`);
        assert.deepEqual(await at.store.release("key", lease, { refused }), ok);
        assert.deepEqual(await at.store.release("key", lease, { refused }), ok, "the reply was lost: again");
        await at.advance(hour);
      }
      const claim = await at.pay("key", "next", { fingerprint: "another purchase" });
      assert.deepEqual(claim, { status: "claimed", via: "fresh", lease: leaseIn(claim), refusals: 2 });
      const again = await at.pay("key", "next", { fingerprint: "another purchase" });
      assert.deepEqual(again, { status: "claimed", via: "resume", lease: leaseIn(claim), refusals: 2 });
      await at.advance(leaseMs);
      const taken = await at.pay("key", "third", { fingerprint: "another purchase" });
      assert.deepEqual(taken, { status: "claimed", via: "takeover", lease: leaseIn(taken), refusals: 2 });
      const first = await at.pay("other", "payer");
      assert.deepEqual(first, { status: "claimed", via: "fresh", lease: leaseIn(first) });
    },
  },
  {
    id: "verifications/8g",
    title: "who lets go of a payment that is owed leaves it owed, for the next one at once",
    async run(bench) {
      const at = await desk(bench);
      await at.owe("key");
      const lease = await at.holdPayment("key", "payer");
      assert.deepEqual(await at.store.release("key", lease, { refused: true }), ok);
      const next = await at.pay("key", "next");
      assert.deepEqual(next, { ...owedWith("goods"), lease: leaseIn(next) });
    },
  },
  {
    id: "verifications/8h",
    title: "unresolved() lists what is in doubt, owed, or long served, and every call takes the handle that it gives",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const settling = await at.holdPayment("in doubt", "payer");
      await store.renew("in doubt", settling, leaseMs, { ...unknown, reference: "nonce 1" });
      await store.markUnknown("in doubt", settling, "sent");
      await at.owe("owed");
      await at.owe("delivered");
      await store.deliver("delivered", delivery);
      await at.holdPayment("in progress", "payer");
      await store.expire("expired", { reason: "void", lease: await at.holdPayment("expired", "payer") });
      const atMs = at.nowMs();
      const all = await listed(at);
      // Listing is best effort: a backend may not be able to.
      if (all.length === 0) return;
      assert.equal(all.length, 2, "what is in doubt and what is owed, each once, and nothing else");
      const of = (kind: Unresolved["kind"]) =>
        all.find((each) => each.kind === kind) ?? assert.fail(`${kind}: missing`);
      const { handle, fingerprint, ...doubtful } = of("in-doubt");
      const told = { reference: "nonce 1", evidence: "sent" };
      assert.deepEqual(doubtful, { kind: "in-doubt", attempt: 1, ...told, atMs });
      const { handle: owedHandle, ...owed } = of("owed");
      assert.deepEqual(owed, { kind: "owed", attempt: 1, fingerprint, atMs }, "one purchase, one fingerprint");
      const name = { handle };
      assert.deepEqual(await at.store.peek(name), await at.store.peek("in doubt"));
      const lease = leaseIn(await store.reconcile(name, { token: "finder", leaseMs }));
      assert.deepEqual(await store.renew(name, lease, leaseMs), ok);
      assert.deepEqual(await store.note(name, lease, "e"), ok);
      await at.advance(1_000);
      assert.deepEqual(await store.markUnknown(name, lease), ok);
      const still = (await listed(at)).find((each) => each.handle === handle);
      assert.equal(still?.atMs, atMs, "since it came into doubt, however often it was looked into");
      assert.deepEqual(await store.complete(name, lease, { outcome: "accepted", value: "tx 1", retainUntilMs: 0 }), ok);
      assert.deepEqual(await store.settle(name, { receipt: "tx 2" }), owedWith());
      assert.deepEqual(await store.expire(name, { reason: "void" }), lostTo("settled"));
      assert.equal((await store.deliver(name, delivery)).status, "delivered");
      assert.deepEqual(await store.undeliver(name, delivery.token), ok);
      assert.equal(await statusOf(at, "in doubt"), "settled", "the handle names another record");
      const request = { token: "payer", fingerprint: "f", leaseMs: 2 * hour, onLeaseExpiry: "retry" } as const;
      const payment = { payload: "payload 1" };
      const held = await store.claim({ handle: owedHandle }, { ...request, retainUntilMs: 0, payment });
      assert.deepEqual(held, { ...owedWith("goods"), lease: leaseIn(held) });
      await at.advance(hour - 1_001);
      assert.ok(!(await listed(at)).some((each) => each.handle === owedHandle), "it is being delivered");
      await at.advance(1);
      const long = (await listed(at)).find((each) => each.handle === owedHandle);
      assert.deepEqual(long, { ...owed, kind: "held", attempt: 2, handle: owedHandle }, "for an hour");
      assert.deepEqual(await store.release({ handle: owedHandle }, leaseIn(held)), ok);
    },
  },
];
