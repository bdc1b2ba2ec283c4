// Verifications 5 and 6, of payments: what a receipt, a completion and a delivery change, and whose they are.
import assert from "node:assert/strict";
import { atOnce } from "../assertions.ts";
import {
  type Desk,
  desk,
  hour,
  leaseIn,
  leaseMs,
  lostTo,
  minute,
  ok,
  owedWith,
  payment1,
  type VerificationProperty,
} from "./checks.ts";

const unknown = { onLeaseExpiry: "unknown" } as const;
const receipt = "tx 1";

/** Brings a key into every state that a receipt settles; the payment's claimant is "payer". */
const unsettled: Readonly<Record<string, (at: Desk, key: string) => Promise<void>>> = {
  "in progress": async (at, key) => void (await at.holdPayment(key, "payer")),
  settling: async (at, key) => void (await at.holdPayment(key, "payer", unknown)),
  lapsed: async (at, key) => {
    await at.holdPayment(key, "payer");
    await at.advance(leaseMs);
  },
  "in doubt": async (at, key) => {
    await at.holdPayment(key, "payer", unknown);
    await at.advance(leaseMs);
  },
  "marked unknown": async (at, key) =>
    void (await at.store.markUnknown(key, await at.holdPayment(key, "payer"), "sent")),
  "being reconciled": async (at, key) => {
    await at.store.markUnknown(key, await at.holdPayment(key, "payer"));
    leaseIn(await at.store.reconcile(key, { token: "finder", leaseMs }));
  },
  freed: async (at, key) => void (await at.store.release(key, await at.holdPayment(key, "payer"))),
  absent: async () => {},
};

export const receiptProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/5d",
    title: "a receipt needs no lease: it settles what is in any state, and the first one stays",
    async run(bench) {
      const at = await desk(bench);
      for (const [state, reach] of Object.entries(unsettled)) {
        await reach(at, state);
        const given = { fingerprint: "f", payment: payment1 };
        assert.deepEqual(await at.store.settle(state, { receipt, ...given }), owedWith(), state);
        assert.deepEqual(await at.store.settle(state, { receipt: "tx 2", ...given }), owedWith(), `${state}: again`);
        const claim = await at.pay(state, "next");
        assert.deepEqual(claim, { ...owedWith(), lease: { ...leaseIn(claim), token: "next" } }, state);
        assert.deepEqual(await at.store.deliver(state, { token: "d" }), { status: "delivered", byYou: true, receipt });
        const late = await at.store.settle(state, { receipt: "tx 3", ...given, deliver: { token: "e" } });
        assert.deepEqual(late, { status: "delivered", byYou: false, receipt }, `${state}: it is delivered`);
      }
      await at.complete("accepted", await at.hold("accepted", "owner"), "theirs");
      const answer = await at.store.settle("accepted", { receipt, deliver: { token: "d" } });
      assert.deepEqual(answer, { status: "delivered", byYou: false, receipt: "theirs" }, "done by the building blocks");
    },
  },
  {
    id: "verifications/5e",
    title: "a receipt ends any other's lease, and its own holder's goes on",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const own = await at.holdPayment("own", "payer", unknown);
      assert.deepEqual(await store.settle("own", { receipt, lease: own }), owedWith());
      assert.deepEqual(await at.pay("own", "stranger"), { status: "in-progress", retryAfterMs: leaseMs });
      assert.deepEqual(await store.renew("own", own, leaseMs), ok, "its holder serves");
      const past = await at.holdPayment("taken", "past");
      await at.advance(leaseMs);
      const winner = await at.holdPayment("taken", "winner");
      assert.deepEqual(await store.settle("taken", { receipt, lease: past }), owedWith(), "by a past holder");
      for (const lease of [past, winner]) {
        assert.deepEqual(await store.renew("taken", lease, leaseMs, unknown), lostTo("settled"), "settles once more");
        assert.deepEqual(await store.release("taken", lease), lostTo("settled"));
        assert.deepEqual(await store.markUnknown("taken", lease), lostTo("settled"));
        assert.deepEqual(await store.note("taken", lease, "late"), lostTo("settled"));
        assert.deepEqual(await store.expire("taken", { reason: "void", lease }), lostTo("settled"));
      }
      assert.deepEqual(await store.peek("taken").then(({ status }) => status), "settled");
      const held = await at.holdPayment("taken", "next");
      assert.deepEqual(await store.settle("taken", { receipt: "tx 2" }), owedWith());
      assert.deepEqual(await store.renew("taken", held, leaseMs), ok, "a second receipt ends no delivery");
    },
  },
  {
    id: "verifications/5f",
    title: "a receipt without a record binds what is given beside it, and one of another purchase delivers nothing",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const payment = { payload: "payload 1", collector: "the payer's" };
      await store.settle("made", { receipt, fingerprint: "f", payment });
      for (const other of [
        { fingerprint: "g", payment },
        { payment: { ...payment, collector: "a stranger's" } },
        { payment: { ...payment, payload: "payload 2" } },
      ]) {
        assert.deepEqual(await at.pay("made", "stranger", other), { status: "mismatch" });
      }
      assert.equal(leaseIn(await at.pay("made", "payer", { payment })).attempt, 1);
      // Nothing is bound by a bare receipt, all by the next claim.
      await store.settle("bare", { receipt });
      assert.equal((await at.pay("bare", "payer", { payment })).status, "settled");
      await at.advance(leaseMs);
      assert.deepEqual(await at.pay("bare", "stranger", { fingerprint: "g", payment }), { status: "mismatch" });
      assert.deepEqual(await at.pay("bare", "stranger"), { status: "mismatch" });
      const foreign = { receipt: "tx 2", fingerprint: "g", payment, deliver: { token: "d", kept: "not theirs" } };
      await at.holdPayment("other", "payer", { payment });
      assert.deepEqual(await store.settle("other", foreign), lostTo("settled"));
      const claim = await at.pay("other", "payer", { payment });
      assert.ok(claim.status === "settled" && claim.receipt === "tx 2", "the receipt is a fact");
      assert.ok(!("kept" in claim), "the result of another purchase");
    },
  },
  {
    id: "verifications/6c",
    title: "complete on a payment's record is a receipt, which no value's TTL ends, or the word that there is none",
    async run(bench) {
      const at = await desk(bench);
      const lease = await at.holdPayment("key", "payer", unknown);
      assert.deepEqual(await at.complete("key", lease, receipt, { valueTtlMs: 1 }), ok);
      assert.deepEqual(await at.complete("key", lease, receipt), ok, "the reply was lost: again");
      assert.deepEqual(await at.complete("key", lease, "tx 2"), lostTo("settled"));
      assert.deepEqual(await at.complete("key", lease, receipt, { outcome: "rejected" }), lostTo("settled"));
      await at.advance(hour);
      assert.equal((await at.pay("key", "payer")).status, "settled", "its value's TTL ended it");
      const late = await at.holdPayment("late", "payer", unknown);
      await at.advance(leaseMs);
      assert.deepEqual(await at.complete("late", late, receipt), ok, "late, and unreconciled");
      const refused = await at.holdPayment("refused", "payer");
      assert.deepEqual(await at.complete("refused", refused, "void", { outcome: "rejected" }), ok);
      assert.deepEqual(await at.complete("refused", refused, "void", { outcome: "rejected" }), ok);
      assert.deepEqual(await at.complete("refused", refused, receipt), lostTo("expired"));
      await at.advance(hour);
      assert.deepEqual(await at.pay("refused", "payer"), { status: "expired", reason: "void" });
    },
  },
  {
    id: "verifications/6d",
    title: "a payment is delivered by the first token, which is told so again, and needs no lease for it",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      await at.owe("key");
      const held = await at.holdPayment("key", "payer");
      const deliveries = await atOnce(10, (index) => store.deliver("key", { token: `delivery ${index}` }));
      const byYou = { status: "delivered", byYou: true, receipt } as const;
      const first = deliveries.findIndex((answer) => answer.status === "delivered" && answer.byYou);
      for (const [index, answer] of deliveries.entries()) {
        const expected = index === first ? byYou : { ...byYou, byYou: false, kept: "goods" };
        assert.deepEqual(answer, expected, "delivered twice");
      }
      assert.deepEqual(await store.deliver("key", { token: `delivery ${first}` }), byYou, "the reply was lost: again");
      assert.deepEqual(await store.renew("key", held, leaseMs), lostTo("delivered"), "its lease is over");
      const at2 = { receipt, deliver: { token: "delivery 2", kept: "goods" } };
      assert.deepEqual(await store.settle("at once", at2), byYou, "with its receipt");
      assert.deepEqual(await store.settle("at once", at2), byYou);
      for (const state of ["in progress", "in doubt", "freed", "absent"]) {
        await unsettled[state]?.(at, state);
        const { status } = await store.deliver(state, { token: "delivery 1" });
        assert.equal(status, "lost", `${state}: there is no receipt`);
      }
    },
  },
  {
    id: "verifications/6e",
    title: "a delivery is taken back by its own token; a late copy of it changes nothing any more, another delivers",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      await at.owe("key");
      await store.deliver("key", { token: "delivery 1" });
      assert.deepEqual(await store.undeliver("key", "delivery 2"), lostTo("delivered"), "another's delivery");
      assert.deepEqual(await store.undeliver("key", "delivery 1"), ok);
      assert.deepEqual(await store.undeliver("key", "delivery 1"), ok, "the reply was lost: again");
      assert.deepEqual(await store.deliver("key", { token: "delivery 1" }), owedWith("goods"), "a late copy");
      const late = { receipt: "tx 2", deliver: { token: "delivery 1" } };
      assert.deepEqual(await store.settle("key", late), owedWith("goods"), "a late copy with a receipt");
      const claim = await at.pay("key", "payer");
      assert.deepEqual(claim, { ...owedWith("goods"), lease: leaseIn(claim) }, "owed again, with what was kept");
      const taken = await store.deliver("key", { token: "delivery 2" });
      assert.equal(taken.status, "settled", "a late copy of one that was taken back while another's stood");
      const { status } = await store.deliver("key", { token: "delivery 3" });
      assert.equal(status, "delivered");
      assert.deepEqual(await store.undeliver("key", "delivery 1"), lostTo("delivered"));
      // The copy may also come after the word that it is taken back.
      await at.holdPayment("early", "payer", unknown);
      assert.deepEqual(await store.undeliver("early", "delivery 1"), ok);
      assert.deepEqual(await store.settle("early", { ...late, receipt }), owedWith());
      assert.deepEqual(await store.undeliver("absent", "delivery 1"), lostTo("absent"));
    },
  },
  {
    id: "verifications/6f",
    title: "what is kept of a result is told to its claimants and duplicates alone, for as long as it is asked to be",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      await at.owe("key");
      assert.deepEqual(await store.settle("key", { receipt }), owedWith("goods"));
      const seen = [await store.peek("key"), await store.reconcile("key", { token: "finder", leaseMs })];
      for await (const listed of store.unresolved()) seen.push(JSON.parse(JSON.stringify(listed)));
      assert.ok(!JSON.stringify(seen).includes("goods"), "shown to one who only looks");
      await store.deliver("key", { token: "delivery 1", keptForMs: minute });
      await at.advance(minute - 1);
      const delivered = { status: "delivered", receipt };
      assert.deepEqual(await at.pay("key", "payer"), { ...delivered, kept: "goods" });
      await at.advance(1);
      assert.deepEqual(await at.pay("key", "payer"), delivered, "kept for longer than asked");
      const lease = await at.holdPayment("freed", "payer");
      await store.renew("freed", lease, leaseMs, { kept: "old" });
      await store.release("freed", lease);
      await at.holdPayment("freed", "next");
      assert.deepEqual(await store.settle("freed", { receipt }), owedWith(), "of a payment that was freed");
      const past = await at.holdPayment("taken", "payer");
      await store.renew("taken", past, leaseMs, { kept: "made for payload 1" });
      await at.advance(leaseMs);
      await at.holdPayment("taken", "next", { payment: { payload: "payload 2" } });
      assert.deepEqual(await store.settle("taken", { receipt }), owedWith(), "made for another payload");
      await store.settle("new", { receipt, deliver: { token: "d", kept: "first" } });
      await store.undeliver("new", "d");
      await store.deliver("new", { token: "e", kept: "second" });
      assert.deepEqual(await at.pay("new", "payer"), { ...delivered, kept: "second" }, "what was delivered last");
    },
  },
];
