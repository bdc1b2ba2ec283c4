// A payment's life in a store on a Map port with a clock to step: by key and by handle, what is kept, listed and forgotten.
import { beforeEach, describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Lease, PaymentClaim, RecordName, VerificationStore } from "./verification-store.ts";

const minute = 60_000;
const day = 86_400_000;
let clock: ManualClock;
let port: MapPort;
let store: VerificationStore;
beforeEach(() => {
  clock = manualClock();
  port = mapPort(clock);
  store = createVerificationStore(port, { keyPrefix: "t:verify" });
});

const payment: PaymentClaim = { payload: "signed payload", collector: "the payer's cookie" };
const claim = (token: string, more: object = {}, name: RecordName = "k") =>
  store.claim(name, {
    ...{ token, fingerprint: "purchase", leaseMs: 10_000, onLeaseExpiry: "retry" as const },
    ...{ retainUntilMs: clock.now() + 2 * day, payment },
    ...more,
  });
async function claimed(token: string, more: object = {}, name: RecordName = "k"): Promise<Lease> {
  const reply = await claim(token, more, name);
  if (reply.status !== "claimed") throw new Error(reply.status);
  return reply.lease;
}
/** A payment that is settled and owed, with "goods" kept. */
async function owed(name: RecordName = "k"): Promise<void> {
  const lease = await claimed("a", {}, name);
  await store.renew(name, lease, 10_000, { onLeaseExpiry: "unknown", reference: "ref", kept: "goods" });
  await store.settle(name, { receipt: "tx" });
}
async function listed(): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const each of store.unresolved()) all.push(each);
  return all;
}
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => "accepted",
    (error: unknown) => (isStoreError(error) ? `${error.code}: ${error.message}` : String(error)),
  );
/** What untyped callers may pass. */
const loose = <T>(value: unknown): T => JSON.parse(JSON.stringify(value));

describe("a payment", () => {
  it("goes from its claim to its delivery and back, and its duplicates get what was kept", async () => {
    const lease = await claimed("a");
    const forSettlement = { onLeaseExpiry: "unknown", reference: "ref", kept: "goods" } as const;
    expect(await store.renew("k", lease, 10_000, forSettlement)).toEqual({ status: "ok" });
    expect(await store.settle("k", { receipt: "tx", lease })).toEqual({
      ...{ status: "settled", receipt: "tx", kept: "goods" },
    });
    expect(await claim("b")).toEqual({ status: "in-progress", retryAfterMs: 10_000 });
    expect(await store.deliver("k", { token: "d" })).toEqual({ status: "delivered", byYou: true, receipt: "tx" });
    expect(await claim("b")).toEqual({ status: "delivered", receipt: "tx", kept: "goods" });
    expect(await store.undeliver("k", "d")).toEqual({ status: "ok" });
    expect(await claim("b")).toMatchObject({ status: "settled", receipt: "tx", kept: "goods", lease: { attempt: 2 } });
    expect(await store.settle("k", { receipt: "other", deliver: { token: "e" } })).toEqual({
      ...{ status: "delivered", byYou: true, receipt: "tx" },
    });
  });

  it("is bound by hashes: neither payload, collector nor fingerprint is stored", async () => {
    await owed();
    const stored = JSON.stringify([...port.records]);
    for (const secret of [payment.payload, payment.collector, "purchase"]) expect(stored).not.toContain(secret);
    expect(await store.peek("k")).toEqual({ status: "settled", receipt: "tx", payload: sha256(payment.payload) });
  });

  it("is bound by a receipt as by a claim", async () => {
    await store.settle("k", { receipt: "tx", fingerprint: "purchase", payment, retainUntilMs: 0 });
    for (const other of [{ fingerprint: "x" }, { payment: { ...payment, payload: "x" } }, { payment: undefined }]) {
      expect((await claim("b", other)).status).toBe("mismatch");
    }
    expect((await claim("b")).status).toBe("settled");
  });

  it("ended as expired has nothing kept, and is settled by a receipt all the same", async () => {
    const lease = await claimed("a");
    await store.renew("k", lease, 10_000, { onLeaseExpiry: "unknown", kept: "goods" });
    expect(await store.expire("k", { reason: "void" })).toEqual({ status: "lost", current: "in-progress" });
    expect(await store.expire("k", { reason: "void", lease })).toEqual({ status: "ok" });
    expect(await claim("b")).toEqual({ status: "expired", reason: "void" });
    expect(await listed()).toEqual([]);
    expect(await store.settle("k", { receipt: "tx" })).toEqual({
      ...{ status: "settled", receipt: "tx", wasExpired: true },
    });
  });

  it("is told what was kept only to a claim that names its payload", async () => {
    await store.settle("k", { receipt: "tx", fingerprint: "purchase", deliver: { token: "d", kept: "goods" } });
    expect(await claim("b", { payment: undefined })).toEqual({ status: "delivered", receipt: "tx" });
    expect(await claim("b")).toEqual({ status: "delivered", receipt: "tx", kept: "goods" });
  });
});

describe("what is kept", () => {
  const ends = () => [...port.records].map(([key, { endsAtMs }]) => [key.slice(-1), endsAtMs - clock.now()]);

  it("lies beside the record, and ends with it or sooner", async () => {
    await owed();
    expect(ends()).toEqual([
      ["c", 31 * day],
      ["k", 31 * day],
    ]);
    await store.deliver("k", { token: "d", keptForMs: minute });
    expect(ends()).toEqual([
      ["c", 3 * day],
      ["k", minute],
    ]);
    clock.advance(minute);
    expect(await claim("b")).toEqual({ status: "delivered", receipt: "tx" });
    await store.undeliver("k", "d");
    expect(await claim("b")).not.toHaveProperty("kept");
  });

  it("goes with the payment's release", async () => {
    const lease = await claimed("a");
    await store.renew("k", lease, 10_000, { kept: "goods" });
    await store.release("k", lease, { refused: true });
    expect(ends().map(([kind]) => kind)).toEqual(["c"]);
    expect(await claim("b")).toMatchObject({ status: "claimed", via: "fresh", refusals: 1 });
  });

  it("is in no list and no look", async () => {
    await owed();
    expect(JSON.stringify([await listed(), await store.peek("k")])).not.toContain("goods");
    expect(JSON.stringify(await store.reconcile("k", { token: "r", leaseMs: 1 }))).not.toContain("goods");
  });

  it("that cannot be read is as if it were not kept: no receipt waits for it", async () => {
    await owed();
    const [, keptKey = ""] = port.records.keys();
    const broken = { endsAtMs: clock.now() + day, body: 7 };
    port.put(keptKey, broken);
    expect(await claim("b")).not.toHaveProperty("kept");
    expect(await store.settle("k", { receipt: "tx" })).not.toHaveProperty("kept");
    expect(port.records.get(keptKey)).toMatchObject({ body: 7 });
    expect(await store.deliver("k", { token: "d" })).toMatchObject({ byYou: true });
  });
});

describe("a payment is remembered", () => {
  it("a day beyond its validity by the store's clock, and the floor where that is past", async () => {
    await store.deliver("k", { token: "d" });
    await owed();
    await store.deliver("k", { token: "d" });
    clock.advance(3 * day - 1);
    expect((await store.peek("k")).status).toBe("delivered");
    clock.advance(1);
    expect(await store.peek("k")).toEqual({ status: "absent" });
    const lease = await claimed("a", { retainUntilMs: 0 });
    await store.settle("k", { receipt: "tx", lease, deliver: { token: "d" } });
    clock.advance(day + 10 * minute + 9_999);
    expect((await claim("b")).status).toBe("delivered");
    clock.advance(1);
    expect(await claim("b")).toMatchObject({ status: "claimed", via: "fresh" });
  });

  it("31 days while it is owed or expired, and a day longer once it is delivered late", async () => {
    await owed("owed");
    await owed("late");
    await store.expire("void", { reason: "void", lease: await claimed("a", {}, "void") });
    clock.advance(31 * day - 1);
    expect((await store.peek("owed")).status).toBe("settled");
    expect(await claim("b", {}, "void")).toEqual({ status: "expired", reason: "void" });
    await store.deliver("late", { token: "d" });
    clock.advance(1);
    for (const over of ["owed", "void"]) expect(await store.peek(over)).toEqual({ status: "absent" });
    clock.advance(day - 2);
    expect(await claim("b", {}, "late")).toEqual({ status: "delivered", receipt: "tx", kept: "goods" });
    clock.advance(1);
    expect(await store.peek("late")).toEqual({ status: "absent" });
  });
});

describe("handles", () => {
  it("name the record in every call", async () => {
    await store.markUnknown("k", await claimed("a"), "sent");
    const [found] = await listed();
    const { handle } = loose<{ handle: string }>(found);
    const name = { handle };
    expect(await claim("b", {}, name)).toEqual({ status: "unknown", evidence: "sent" });
    const finder = await store.reconcile(name, { token: "r", leaseMs: 10_000 });
    if (finder.status !== "claimed") throw new Error(finder.status);
    const { lease } = finder;
    expect(await store.renew(name, lease, 10_000)).toEqual({ status: "ok" });
    expect(await store.note(name, lease, "e")).toEqual({ status: "ok" });
    expect(await store.markUnknown(name, lease)).toEqual({ status: "ok" });
    expect(await store.complete(name, lease, { outcome: "accepted", value: "tx", retainUntilMs: 0 })).toEqual({
      ...{ status: "ok" },
    });
    expect(await store.peek(name)).toEqual(await store.peek("k"));
    expect(await store.settle(name, { receipt: "tx" })).toEqual({ status: "settled", receipt: "tx" });
    expect(await store.expire(name, { reason: "void" })).toEqual({ status: "lost", current: "settled" });
    expect((await store.deliver(name, { token: "d" })).status).toBe("delivered");
    expect(await store.undeliver(name, "d")).toEqual({ status: "ok" });
    expect((await claim("b", {}, name)).status).toBe("settled");
    await store.markUnknown("k2", await claimed("a", {}, "k2"));
    expect(await store.release(name, lease)).toEqual({ status: "lost", current: "in-progress" });
  });

  it("of another shape are refused", async () => {
    for (const name of [{ handle: "k" }, { handle: 7 }, {}, null]) {
      expect(await refusal(store.peek(loose(name)))).toMatch(/^STORE_INVALID_ARGUMENT: (handle|key) must be/);
    }
  });
});

describe("unresolved", () => {
  it("lists what is in doubt, owed and long held, over several pages", async () => {
    for (let index = 0; index < 205; index += 1) {
      await store.markUnknown(`k${index}`, await claimed("a", {}, `k${index}`), "sent");
    }
    expect(new Set((await listed()).map((each) => loose<{ handle: string }>(each).handle)).size).toBe(205);
  });

  it("tells each kind with what is known of it", async () => {
    await owed();
    const about = { attempt: 1, fingerprint: sha256("purchase"), reference: "ref", handle: sha256("k") };
    const atMs = clock.now();
    expect(await listed()).toEqual([{ kind: "owed", ...about, atMs }]);
    const reply = await claim("b");
    if (reply.status !== "settled" || reply.lease === undefined) throw new Error(reply.status);
    expect(await listed()).toEqual([]);
    await store.renew("k", reply.lease, 2 * 60 * minute);
    clock.advance(60 * minute);
    expect(await listed()).toEqual([{ kind: "held", ...about, attempt: 2, atMs }]);
  });
});
