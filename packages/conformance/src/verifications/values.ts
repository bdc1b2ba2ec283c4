// Verifications 9 and 10: one-time markers, and what may be stored.
import assert from "node:assert/strict";
import fc from "fast-check";
import { atOnce, bytesOf, rejectsWith } from "../assertions.ts";
import { day, desk, floorMs, hour, leaseMs, ok, type VerificationProperty } from "./checks.ts";

const oddValues: readonly string[] = [
  "",
  " ",
  "\0",
  "é",
  "e\u0301",
  "客",
  "😀",
  "{}",
  "\u2028",
  "null",
  "__proto__",
  "a\r\nb",
];

export const valueProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/9",
    title: "markOnce: one winner; its token is told so again; others learn the first instant",
    async run(bench) {
      const at = await desk(bench);
      const mark = (token: string, fingerprint = "f") =>
        at.store.markOnce("key", { token, fingerprint, retainUntilMs: at.nowMs() + hour });
      const atMs = at.nowMs();
      const marks = await atOnce(20, (index) => mark(`token ${index}`));
      const winner = marks.findIndex(({ status }) => status === "marked");
      for (const [index, answer] of marks.entries()) {
        assert.deepEqual(
          answer,
          index === winner ? { status: "marked" } : { status: "already-marked", mismatch: false, atMs },
        );
      }
      await at.advance(hour - 1);
      assert.deepEqual(await mark(`token ${winner}`), { status: "marked" }, "a lost reply locks no caller out");
      assert.deepEqual(await mark("late"), { status: "already-marked", mismatch: false, atMs });
      assert.deepEqual(await mark("late", "something else"), { status: "already-marked", mismatch: true, atMs });
      assert.deepEqual(await at.store.peek("key"), { status: "absent" }, "markers live apart from claims");
      await at.advance(1);
      assert.deepEqual(await mark("next"), { status: "marked" }, "past its retention");
      const brief = { token: "t", fingerprint: "f", retainUntilMs: at.nowMs() - day };
      await at.store.markOnce("brief", brief);
      await at.advance(floorMs - 1);
      assert.equal(
        (await at.store.markOnce("brief", { ...brief, token: "u" })).status,
        "already-marked",
        "raised to the floor",
      );
    },
  },
  {
    id: "verifications/10a",
    title: "values and evidence that are too large or ill-formed are refused, and the lease stays as it was",
    async run(bench) {
      const at = await desk(bench);
      const lease = await at.hold("key", "owner");
      const large = "x".repeat(bench.maxValueBytes + 1);
      const wide = "客".repeat(Math.ceil(bench.maxValueBytes / 3) + 1);
      for (const value of [large, wide]) {
        await rejectsWith("STORE_VALUE_TOO_LARGE", "complete", () => at.complete("key", lease, value));
        await rejectsWith("STORE_VALUE_TOO_LARGE", "note", () => at.store.note("key", lease, value));
        await rejectsWith("STORE_VALUE_TOO_LARGE", "markUnknown", () => at.store.markUnknown("key", lease, value));
      }
      for (const value of ["\ud800", "a\udc00b"]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", "complete", () => at.complete("key", lease, value));
        await rejectsWith("STORE_INVALID_ARGUMENT", "note", () => at.store.note("key", lease, value));
        await rejectsWith("STORE_INVALID_ARGUMENT", "markUnknown", () => at.store.markUnknown("key", lease, value));
      }
      assert.deepEqual(await at.store.peek("key"), { status: "in-progress", retryAfterMs: leaseMs });
      const largest = "x".repeat(bench.maxValueBytes);
      assert.deepEqual(await at.complete("key", lease, largest), ok, "exactly the largest");
      const done = await at.store.peek("key");
      assert.ok(done.status === "done" && done.value === largest);
    },
  },
  {
    id: "verifications/10d",
    title:
      "a payment's texts are refused before anything is changed where they are too large, ill-formed or empty names",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      const lease = await at.holdPayment("key", "payer");
      const large = "x".repeat(bench.maxValueBytes + 1);
      const calls: Record<string, (text: string) => Promise<unknown>> = {
        receipt: (receipt) => store.settle("key", { receipt }),
        "a result with its receipt": (kept) => store.settle("key", { receipt: "tx", deliver: { token: "d", kept } }),
        "a result": (kept) => store.deliver("owed", { token: "d", kept }),
        "a result before its settlement": (kept) => store.renew("key", lease, leaseMs, { kept }),
        reference: (reference) => store.renew("key", lease, leaseMs, { reference }),
        reason: (reason) => store.expire("key", { reason, lease }),
      };
      await at.owe("owed");
      for (const [what, call] of Object.entries(calls)) {
        await rejectsWith("STORE_VALUE_TOO_LARGE", what, () => call(large));
        await rejectsWith("STORE_INVALID_ARGUMENT", what, () => call("\ud800"));
      }
      await rejectsWith("STORE_INVALID_ARGUMENT", "no receipt", () => store.settle("key", { receipt: "" }));
      for (const payment of [{ payload: "" }, { payload: "p", collector: "" }]) {
        await rejectsWith("STORE_INVALID_ARGUMENT", "claim", () => at.pay("key", "payer", { payment }));
        await rejectsWith("STORE_INVALID_ARGUMENT", "settle", () => store.settle("key", { receipt: "tx", payment }));
      }
      const { status } = await at.pay("key", "stranger");
      assert.equal(status, "in-progress", "a refused call changed something");
      assert.equal((await at.pay("owed", "payer")).status, "settled", "a refused delivery was recorded");
      const largest = "x".repeat(bench.maxValueBytes);
      assert.deepEqual(await store.renew("key", lease, leaseMs, { kept: largest, reference: largest }), ok);
      const settled = await store.settle("key", { receipt: largest });
      assert.ok(settled.status === "settled" && settled.receipt === largest && settled.kept === largest, "the largest");
    },
  },
  {
    id: "verifications/10e",
    title: "receipts, results, references and reasons come back as they were",
    async run(bench) {
      const at = await desk(bench);
      const { store } = at;
      let keys = 0;
      const roundTrip = async (text: string) => {
        keys += 1;
        const key = `${text} ${keys}`;
        const lease = await at.holdPayment(key, "payer", { onLeaseExpiry: "unknown" });
        await store.renew(key, lease, leaseMs, { reference: text, kept: text });
        await at.advance(leaseMs);
        const found = await store.reconcile(key, { token: "finder", leaseMs });
        assert.ok(found.status === "claimed" && found.reference === text, "reference");
        const receipt = `tx ${text}`;
        assert.deepEqual(await store.settle(key, { receipt }), { status: "settled", receipt, kept: text });
        await store.deliver(key, { token: "d" });
        assert.deepEqual(await at.pay(key, "payer"), { status: "delivered", receipt, kept: text });
        const over = await at.holdPayment(`over ${key}`, "payer");
        await store.expire(`over ${key}`, { reason: text, lease: over });
        assert.deepEqual(await at.pay(`over ${key}`, "payer"), { status: "expired", reason: text });
      };
      for (const value of oddValues) await roundTrip(value);
      await bench.forAll(fc.string({ unit: "binary" }), 20, (text) => roundTrip(text.toWellFormed()));
    },
  },
  {
    id: "verifications/10b",
    title: "values and evidence come back as they were, the empty ones too",
    async run(bench) {
      const at = await desk(bench);
      let keys = 0;
      const roundTrip = async (text: string) => {
        keys += 1;
        const lease = await at.hold(`${text} ${keys}`, "owner");
        await at.store.note(`${text} ${keys}`, lease, text);
        await at.store.markUnknown(`${text} ${keys}`, lease);
        assert.deepEqual(await at.store.peek(`${text} ${keys}`), { status: "unknown", evidence: text });
        await at.complete(`${text} ${keys}`, lease, text);
        const done = await at.claim(`${text} ${keys}`, "stranger");
        assert.ok(done.status === "done", "completed");
        assert.equal(done.value, text);
      };
      for (const value of oddValues) await roundTrip(value);
      await bench.forAll(fc.string({ unit: "binary" }), 50, (text) => roundTrip(text.toWellFormed()));
    },
  },
  {
    id: "verifications/10c",
    title: "a record that cannot be read throws and is kept",
    needs: ["inspect", "corrupt"],
    async run(bench) {
      const namespace = bench.namespace();
      const at = await desk(bench, namespace);
      const lease = await at.hold("key", "owner");
      const marker = { token: "t", fingerprint: "f", retainUntilMs: at.nowMs() + hour };
      await at.store.markOnce("marker", marker);
      await bench.probe("corrupt")(namespace);
      const before = bytesOf(await bench.probe("inspect")(namespace));
      const calls: Record<string, () => Promise<unknown>> = {
        claim: () => at.claim("key", "stranger"),
        peek: () => at.store.peek("key"),
        renew: () => at.store.renew("key", lease, leaseMs),
        note: () => at.store.note("key", lease, "tx"),
        complete: () => at.complete("key", lease, "value"),
        release: () => at.store.release("key", lease),
        markUnknown: () => at.store.markUnknown("key", lease),
        reconcile: () => at.store.reconcile("key", { token: "t", leaseMs }),
        settle: () => at.store.settle("key", { receipt: "tx" }),
        deliver: () => at.store.deliver("key", { token: "d" }),
        undeliver: () => at.store.undeliver("key", "d"),
        expire: () => at.store.expire("key", { reason: "void" }),
        markOnce: () => at.store.markOnce("marker", marker),
      };
      for (const [name, call] of Object.entries(calls)) await rejectsWith("STORE_CORRUPT", name, call);
      assert.deepEqual(bytesOf(await bench.probe("inspect")(namespace)), before);
    },
  },
];
