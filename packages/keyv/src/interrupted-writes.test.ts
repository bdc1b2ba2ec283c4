// Steps of several writes that are cut off after each of them: what a dead process leaves behind, and what an adapter
// that fails once does.
import { createSessionStore, createVerificationStore, type Lease } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { describe, expect, it } from "vitest";
import { keyvPort } from "./keyv-port.ts";
import { fakeAdapter } from "./testing/fake-adapter.ts";

const clock = manualClock();
const idleTtlMs = 600_000;

/** A store in a process of its own: another adapter on the same data, so that no lock is left over. */
function open(values: Map<string, unknown>) {
  const adapter = fakeAdapter(values);
  return { adapter, store: createSessionStore<string>(keyvPort({ keyv: adapter, clock }), {}) };
}

/** Runs `call` on what was opened and has it fail at one write. True once that was reached. */
type Cut = (opened: Pick<ReturnType<typeof open>, "adapter">, call: () => Promise<unknown>) => Promise<boolean>;

const payment = { payload: "payload", collector: "payer" };
const request = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
const settling = { onLeaseExpiry: "unknown", reference: "reference", kept: "result" } as const;

/** A payment of a process of its own, held under a lease. */
async function openPayment() {
  const values = new Map<string, unknown>();
  const again = () => {
    const adapter = fakeAdapter(values);
    return { adapter, store: createVerificationStore(keyvPort({ keyv: adapter, clock }), {}) };
  };
  const opened = again();
  const claimed = await opened.store.claim("payment", { ...request, payment });
  if (claimed.status !== "claimed") throw new Error(`claim answered ${claimed.status}`);
  const lease: Lease = claimed.lease;
  return { ...opened, values, lease, again };
}

/** Writes fail from the `number`th on, for ever or only that one. */
function cutAt(number: number, fails: "once" | "for ever"): Cut {
  return async ({ adapter }, call) => {
    let writes = 0;
    adapter.fault = (method) => {
      if (method === "get") return;
      writes += 1;
      if (writes === number || (fails === "for ever" && writes > number)) throw new Error("gone");
    };
    const failed = await call().then(
      () => false,
      () => true,
    );
    adapter.fault = () => undefined;
    return failed;
  };
}

/** Plays the scene with every place to cut its call off; it answers whether the call reached that place. */
async function everyCut(
  fails: "once" | "for ever",
  scene: (cut: Cut, number: number) => Promise<boolean>,
): Promise<void> {
  let number = 1;
  while (await scene(cutAt(number, fails), number)) number += 1;
  // Fewer than two writes could not be cut apart, and the test would show nothing.
  expect(number).toBeGreaterThan(2);
}

describe("a process that dies between two writes", () => {
  it("has credited a payment at most once when it is sent again", () =>
    everyCut("for ever", async (cut) => {
      const opened = open(new Map());
      const { record } = await opened.store.create({ data: "x", subject: "s", idleTtlMs });
      const grant = { opId: "payment", extendMs: 1_000, quotas: { calls: 5n } };
      const failed = await cut(opened, () => opened.store.credit(record.id, grant));
      const { store } = open(opened.adapter.values);
      await store.credit(record.id, grant);
      const after = await store.get(record.id);
      expect(after?.expiresAtMs).toBeLessThanOrEqual(record.expiresAtMs + 1_000);
      expect(after?.quotas?.calls ?? 0n).toBeLessThanOrEqual(5n);
      return failed;
    }));

  it("has credited a payment at most once where the session had ended and is bought anew", () =>
    everyCut("for ever", async (cut) => {
      const opened = open(new Map());
      await opened.store.create({ id: "mine", data: "x", idleTtlMs });
      await opened.store.credit("mine", { opId: "earlier", extendMs: 1_000 });
      clock.advance(2 * idleTtlMs);
      const grant = { opId: "payment", extendMs: 1_000, createWith: { data: "y", idleTtlMs } };
      const failed = await cut(opened, () => opened.store.credit("mine", grant));
      const { store } = open(opened.adapter.values);
      await store.credit("mine", grant);
      expect((await store.get("mine"))?.expiresAtMs ?? 0).toBeLessThanOrEqual(clock.now() + 1_000);
      return failed;
    }));

  it("has spent from a quota at most once when the debit is sent again", () =>
    everyCut("for ever", async (cut) => {
      const opened = open(new Map());
      const { record } = await opened.store.create({ data: "x", idleTtlMs, quotas: { calls: 5n } });
      const spend = { quota: "calls", amount: 1n, opId: "call" };
      const failed = await cut(opened, () => opened.store.debit(record.id, spend));
      const { store } = open(opened.adapter.values);
      const again = await store.debit(record.id, spend);
      expect(again).toMatchObject({ status: "ok" });
      expect((await store.get(record.id))?.quotas?.calls).toBeGreaterThanOrEqual(4n);
      return failed;
    }));

  it("leaves no session that deleteBySubject does not find", () =>
    everyCut("for ever", async (cut) => {
      const opened = open(new Map());
      const before = opened.adapter.values.size;
      const failed = await cut(opened, () => opened.store.create({ data: "x", subject: "s", idleTtlMs }));
      await open(opened.adapter.values).store.deleteBySubject("s");
      expect(opened.adapter.values.size).toBe(before);
      return failed;
    }));

  it("deletes the rest of a subject's sessions when it is asked again", () =>
    everyCut("for ever", async (cut) => {
      const opened = open(new Map());
      const made = [1, 2, 3].map(() => opened.store.create({ data: "x", subject: "s", idleTtlMs }));
      const ids = (await Promise.all(made)).map(({ record }) => record.id);
      const failed = await cut(opened, () => opened.store.deleteBySubject("s"));
      const { store } = open(opened.adapter.values);
      await store.deleteBySubject("s");
      expect(await store.getMany(ids)).toEqual([null, null, null]);
      return failed;
    }));

  it("keeps the old session until its successor is written", () =>
    everyCut("for ever", async (cut, number) => {
      const opened = open(new Map());
      const { record } = await opened.store.create({ data: "x", subject: "s", idleTtlMs });
      const failed = await cut(opened, () => opened.store.rotate(record.id));
      const { store, adapter } = open(opened.adapter.values);
      // The session and its index; never the index alone.
      expect(adapter.values.size).toBeGreaterThanOrEqual(2);
      if (failed && number <= 2) expect((await store.get(record.id))?.data).toBe("x");
      return failed;
    }));

  it("has kept a payment's result before the payment is in doubt", () =>
    everyCut("for ever", async (cut) => {
      const opened = await openPayment();
      const failed = await cut(opened, () => opened.store.renew("payment", opened.lease, 30_000, settling));
      const { store } = opened.again();
      clock.advance(30_000);
      const { status } = await store.peek("payment");
      // No caller settles before the renewal has answered: where it did not, the next caller may take over.
      if (failed) expect(status).toBe("in-progress");
      else expect(await store.settle("payment", { receipt: "r" })).toMatchObject({ kept: "result" });
      return failed;
    }));

  it("has kept a result before it is delivered", () =>
    everyCut("for ever", async (cut) => {
      const opened = await openPayment();
      await opened.store.settle("payment", { receipt: "r" });
      const delivery = { token: "d", kept: "result" };
      const failed = await cut(opened, () => opened.store.deliver("payment", delivery));
      const { store } = opened.again();
      const answer = await store.claim("payment", { ...request, payment });
      expect(answer.status).toBe(failed ? "settled" : "delivered");
      if (!failed) expect(answer).toMatchObject({ kept: "result" });
      expect(await store.deliver("payment", delivery)).toMatchObject({ status: "delivered", byYou: true });
      return failed;
    }));

  it("leaves a released payment held or free, and no result of it", () =>
    everyCut("for ever", async (cut, number) => {
      const opened = await openPayment();
      await opened.store.renew("payment", opened.lease, 30_000, settling);
      const failed = await cut(opened, () => opened.store.release("payment", opened.lease));
      const { store, adapter } = opened.again();
      expect((await store.peek("payment")).status).toBe(failed ? "in-progress" : "absent");
      expect(adapter.values.size).toBe(number === 1 ? 2 : 1);
      expect(await store.release("payment", opened.lease)).toEqual({ status: "ok" });
      return failed;
    }));
});

describe("an adapter that fails once between two writes", () => {
  it("leaves a payment and what is kept of it as they were", () =>
    everyCut("once", async (cut) => {
      const opened = await openPayment();
      await opened.store.renew("payment", opened.lease, 30_000, settling);
      const before = new Map(opened.adapter.values);
      const failed = await cut(opened, () => opened.store.expire("payment", { reason: "void", lease: opened.lease }));
      if (failed) expect(opened.adapter.values).toEqual(before);
      expect(await opened.store.expire("payment", { reason: "void", lease: opened.lease })).toEqual({ status: "ok" });
      expect(opened.adapter.values.size).toBe(1);
      return failed;
    }));

  it("leaves everything as it was, so that the call can be made again", () =>
    everyCut("once", async (cut) => {
      const opened = open(new Map());
      const { record } = await opened.store.create({ data: "x", subject: "s", idleTtlMs });
      const before = new Map(opened.adapter.values);
      const grant = { opId: "payment", extendMs: 1_000 };
      const failed = await cut(opened, () => opened.store.credit(record.id, grant));
      if (failed) expect(opened.adapter.values).toEqual(before);
      expect(await opened.store.credit(record.id, grant)).toMatchObject({
        replayed: !failed,
        expiresAtMs: record.expiresAtMs + 1_000,
      });
      return failed;
    }));

  it("leaves a session that was to be rotated under its old id", () =>
    everyCut("once", async (cut) => {
      const opened = open(new Map());
      const { record } = await opened.store.create({ data: "x", subject: "s", idleTtlMs });
      const failed = await cut(opened, () => opened.store.rotate(record.id));
      expect((await opened.store.get(record.id))?.data).toBe(failed ? "x" : undefined);
      return failed;
    }));

  it("says that the outcome is unknown", async () => {
    const opened = open(new Map());
    const { record } = await opened.store.create({ data: "x", subject: "s", idleTtlMs });
    opened.adapter.fault = (method) => {
      if (method === "delete") throw new Error("gone");
    };
    await expect(opened.store.rotate(record.id)).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      outcome: "unknown",
    });
  });
});
