// Verifications 13: a store that is full.
import assert from "node:assert/strict";
import { isStoreError, type Lease, payOnce } from "@tollbooth-stores/core";
import { answerOf } from "../assertions.ts";
import { deskOf, hour, ok, payment1, type VerificationProperty } from "./checks.ts";
import { plainly } from "./fake-seller.ts";

export const capacityProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/13a",
    title: "a full store refuses new claims and forgets no marker and no lease",
    needs: ["bounded"],
    async run(bench) {
      const store = await bench.keep(bench.probe("bounded")(bench.namespace(), 20));
      const at = await deskOf(bench, store);
      const retainUntilMs = at.nowMs() + hour;
      const held = await at.hold("held", "owner", { leaseMs: hour, retainUntilMs });
      await at.complete("done", await at.hold("done", "owner", { retainUntilMs }), "receipt", {
        valueTtlMs: hour,
        retainUntilMs,
      });
      await store.markOnce("marker", { token: "t", fingerprint: "f", retainUntilMs });
      let refused = 0;
      for (let index = 0; index < 60; index += 1) {
        await at.hold(`flood ${index}`, "owner", { retainUntilMs }).catch((error: unknown) => {
          assert.ok(isStoreError(error, "STORE_CAPACITY"), "refused for lack of room");
          refused += 1;
        });
      }
      assert.ok(refused >= 40, `${60 - refused} claims of a store of 20`);
      assert.deepEqual(await at.claim("held", "stranger"), { status: "in-progress", retryAfterMs: hour });
      assert.equal((await at.claim("done", "stranger")).status, "done");
      const other = await store.markOnce("marker", { token: "u", fingerprint: "f", retainUntilMs });
      assert.equal(other.status, "already-marked", "a replay got through");
      assert.deepEqual(await at.complete("held", held, "finished"), ok, "what has begun can be finished");
    },
  },
  {
    id: "verifications/13b",
    title: "in a full store what was rejected or given back makes room, and nothing that protects money does",
    needs: ["bounded"],
    async run(bench) {
      const store = await bench.keep(bench.probe("bounded")(bench.namespace(), 20));
      const at = await deskOf(bench, store);
      const retainUntilMs = at.nowMs() + hour;
      const asked = { leaseMs: hour, retainUntilMs };
      await at.owe("owed", asked);
      await at.owe("delivered", asked);
      await store.deliver("delivered", { token: "d" });
      await store.expire("expired", { reason: "void", lease: await at.holdPayment("expired", "payer", asked) });
      await store.markUnknown("in doubt", await at.holdPayment("in doubt", "payer", asked));
      await at.complete("accepted", await at.hold("accepted", "owner", asked), "yes", { valueTtlMs: hour });
      await at.hold("held", "owner", asked);
      await store.markOnce("marker", { token: "t", fingerprint: "f", retainUntilMs });
      // Forged payloads: each is claimed, and found to be none.
      const rejected = { outcome: "rejected" as const, valueTtlMs: hour, retainUntilMs };
      for (let index = 0; index < 60; index += 1) {
        const lease = await answerOf("a claim in a store full of rejections", () =>
          at.hold(`forged ${index}`, "owner", { retainUntilMs }),
        );
        assert.deepEqual(await at.complete(`forged ${index}`, lease, "bad signature", rejected), ok);
      }
      // Payments that were given back before anything was settled: their callers left, say.
      for (let index = 0; index < 60; index += 1) {
        const lease = await answerOf("a claim in a store full of what was given back", () =>
          at.holdPayment(`left ${index}`, "payer", { retainUntilMs }),
        );
        assert.deepEqual(await store.release(`left ${index}`, lease), ok);
      }
      const honest = await answerOf("an honest claim", () => at.pay("honest", "payer"));
      assert.equal(honest.status, "claimed");
      const states = { owed: "settled", delivered: "delivered", expired: "expired", "in doubt": "unknown" };
      for (const [key, status] of Object.entries({ ...states, accepted: "done", held: "in-progress" })) {
        assert.equal((await store.peek(key)).status, status, `${key}: made room`);
      }
      assert.deepEqual(await at.pay("delivered", "payer"), { status: "delivered", receipt: "tx 1", kept: "goods" });
      const other = await store.markOnce("marker", { token: "u", fingerprint: "f", retainUntilMs });
      assert.equal(other.status, "already-marked", "a replay got through");
    },
  },
  {
    id: "verifications/13c",
    title: "in a full store what continues or ends admitted work gets through",
    needs: ["bounded"],
    async run(bench) {
      const store = await bench.keep(bench.probe("bounded")(bench.namespace(), 20));
      const at = await deskOf(bench, store);
      const asked = { leaseMs: hour, retainUntilMs: at.nowMs() + hour };
      const works = ["settles", "refused", "void", "in doubt", "completes"];
      const leases = new Map<string, Lease>();
      for (const work of works) leases.set(work, await at.holdPayment(work, "payer", asked));
      const leaseTo = (work: string) => leases.get(work) ?? assert.fail(work);
      await at.owe("owed", asked);
      await at.owe("p:owed", asked);
      let isFull = false;
      for (let index = 0; index < 60 && !isFull; index += 1) {
        await at.hold(`flood ${index}`, "owner", asked).catch((error: unknown) => {
          assert.ok(isStoreError(error, "STORE_CAPACITY"), "refused for lack of room");
          isFull = true;
        });
      }
      assert.ok(isFull, "60 claims of a store of 20");
      const through = (what: string, call: () => Promise<{ status: string }>) =>
        answerOf(what, call).then(({ status }) => status);
      const settling = { onLeaseExpiry: "unknown", reference: "nonce 1" } as const;
      for (const work of works) {
        assert.equal(await through(work, () => store.renew(work, leaseTo(work), 2 * hour, settling)), "ok");
        assert.equal(await through(work, () => store.note(work, leaseTo(work), "sent")), "ok");
      }
      const steps: readonly [string, () => Promise<{ status: string }>, string][] = [
        ["a receipt", () => store.settle("settles", { receipt: "tx 1" }), "settled"],
        ["its claim", () => at.pay("settles", "payer"), "settled"],
        ["its delivery", () => store.deliver("settles", { token: "d" }), "delivered"],
        ["its undoing", () => store.undeliver("settles", "d"), "ok"],
        ["a release", () => store.release("refused", leaseTo("refused"), { refused: true }), "ok"],
        ["an end", () => store.expire("void", { reason: "void", lease: leaseTo("void") }), "ok"],
        ["a doubt", () => store.markUnknown("in doubt", leaseTo("in doubt")), "ok"],
        ["its reconciliation", () => store.reconcile("in doubt", { token: "finder", leaseMs: hour }), "claimed"],
        ["a completion", () => at.complete("completes", leaseTo("completes"), "tx 1"), "ok"],
        ["a duplicate's claim", () => at.pay("owed", "payer"), "settled"],
      ];
      for (const [what, call, status] of steps) assert.equal(await through(what, call), status, what);
      // A payment that is owed needs no room for a verification: its payload was accepted before.
      const payment = { key: "owed", payloadHash: payment1.payload, fingerprint: "f", validUntilMs: at.nowMs() + hour };
      const unasked = () => Promise.reject(new Error("must not be asked"));
      const paid = await answerOf("payOnce of what is owed", () =>
        payOnce(
          store,
          payment,
          { verify: unasked, serve: unasked, settle: unasked, findSettlement: unasked },
          { keep: plainly },
        ),
      );
      assert.deepEqual(paid, { status: "paid", fresh: true, receipt: "tx 1", result: "goods" });
    },
  },
];
