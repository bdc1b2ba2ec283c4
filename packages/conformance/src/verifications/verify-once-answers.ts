// Verifications 11h-11l: what verify may answer, and what verifyOnce makes of it over the store under test.
import assert from "node:assert/strict";
import { isStoreError, verifyOnce } from "@tollbooth-stores/core";
import { atOnce, failureOf } from "../assertions.ts";
import { desk, type VerificationProperty } from "./checks.ts";
import { conflict, fresh, sellerAt } from "./fake-seller.ts";
import { gate } from "./waiting.ts";

const payment = { payloadHash: "payload 1", fingerprint: "purchase 1" };

export const verifyAnswerProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/11h",
    title: "verifyOnce: the value of an acceptance is handed to all who shared it, and to those who ask later",
    async run(bench) {
      const store = await bench.open();
      const { opened, open } = gate();
      const verify = async () => {
        await opened;
        return { ok: true, value: "payer ü 😀" } as const;
      };
      const asking = atOnce(10, () => verifyOnce(store, payment, verify));
      setTimeout(open, 5);
      const answers = [...(await asking), await verifyOnce(store, payment, () => assert.fail("verified twice"))];
      assert.equal(answers.filter(({ ran }) => ran).length, 1);
      for (const { ran: _, ...answer } of answers) assert.deepEqual(answer, { ok: true, value: "payer ü 😀" });
    },
  },
  {
    id: "verifications/11i",
    title: "verifyOnce: with the payment's key it shares payOnce's verification; no payload serves two keys",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const before = sellerAt(at, "serve-then-settle", "verified before");
      const unasked = () => assert.fail("verified twice");
      const accepted = { ok: true, ran: true };
      assert.deepEqual(await verifyOnce(store, before.payment, async () => ({ ok: true })), accepted);
      assert.deepEqual(await before.pay(store, { verify: unasked }), fresh);
      const after = sellerAt(at, "serve-then-settle", "verified after");
      assert.deepEqual(await after.pay(store), fresh);
      assert.deepEqual(await verifyOnce(store, after.payment, unasked), { ok: true, ran: false });
      for (const other of [{ key: "another key" }, { fingerprint: "purchase 2" }]) {
        const answer = await verifyOnce(store, { ...after.payment, ...other }, unasked);
        assert.deepEqual([answer.ok, answer.ran], [false, false], "the payload of another payment");
      }
      const { payloadHash } = after.payment;
      const stolen = sellerAt(at, "serve-then-settle", "another payment");
      assert.deepEqual(await stolen.pay(store, {}, { payloadHash }), conflict);
    },
  },
  {
    id: "verifications/11j",
    title: "verifyOnce: used is told to all who share the answer, and of no other rejection",
    async run(bench) {
      const store = await bench.open();
      const answers = { used: { reason: "nonce used", used: true }, refused: { reason: "bad signature" } } as const;
      for (const [name, told] of Object.entries(answers)) {
        const other = { ...payment, payloadHash: name };
        for (let times = 1; times <= 2; times += 1) {
          const { ran, ...answer } = await verifyOnce(store, other, async () => ({ ok: false, ...told }));
          assert.deepEqual(answer, { ok: false, ...told }, `${name}, time ${times}`);
          assert.equal(ran, times === 1, name);
        }
      }
    },
  },
  {
    id: "verifications/11k",
    title: "verifyOnce: later is thrown as STORE_UNAVAILABLE and remembered nowhere: the next caller verifies",
    async run(bench) {
      const store = await bench.open();
      for (let times = 1; times <= 2; times += 1) {
        const thrown = await failureOf("later", () => verifyOnce(store, payment, async () => ({ later: true })));
        assert.ok(isStoreError(thrown, "STORE_UNAVAILABLE"), `time ${times}`);
      }
      assert.deepEqual(await verifyOnce(store, payment, async () => ({ ok: true })), { ok: true, ran: true });
    },
  },
  {
    id: "verifications/11l",
    title: "verifyOnce: an unclear answer is thrown as a mistake and accepts no payload: the next caller verifies",
    async run(bench) {
      const store = await bench.open();
      const unclear = [
        "null",
        "true",
        "{}",
        '{ "ok": "false" }',
        '{ "ok": 1 }',
        '{ "ok": false }',
        '{ "later": "yes" }',
      ];
      for (const answer of [...unclear, '{ "ok": true, "value": 7 }', '{ "ok": true, "later": true }']) {
        const thrown = await failureOf(answer, () => verifyOnce(store, payment, async () => JSON.parse(answer)));
        assert.ok(isStoreError(thrown, "STORE_INVALID_ARGUMENT"), answer);
      }
      assert.deepEqual(await verifyOnce(store, payment, async () => ({ ok: true })), { ok: true, ran: true });
    },
  },
];
