// The verification store on a Map port with a clock to step: every state, every way to end, every refusal.
import { beforeEach, describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { type ManualClock, type MapPort, manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Claim, Lease, VerificationStore } from "./verification-store.ts";

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

const request = (token: string, more: Partial<Parameters<VerificationStore["claim"]>[1]> = {}) => ({
  ...{ token, fingerprint: "f", leaseMs: 10_000, onLeaseExpiry: "retry" as const, retainUntilMs: clock.now() + day },
  ...more,
});
async function claimed(token: string, more: Parameters<typeof request>[1] = {}): Promise<Lease> {
  const claim = await store.claim("k", request(token, more));
  if (claim.status !== "claimed") throw new Error(`not claimed but ${claim.status}`);
  return claim.lease;
}
const accepted = (value = "v", more: object = {}) => ({
  ...{ outcome: "accepted" as const, value, retainUntilMs: clock.now() + day },
  ...more,
});
const code = (work: Promise<unknown>) =>
  work.then(
    () => "no error",
    (error: unknown) => (isStoreError(error) ? error.code : error),
  );

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("claim", () => {
  it("gives the key to one of many", async () => {
    const claims = await Promise.all(Array.from({ length: 50 }, (_, i) => store.claim("k", request(`t${i}`))));
    expect(claims.filter((claim) => claim.status === "claimed")).toHaveLength(1);
    expect(claims.filter((claim) => claim.status === "in-progress")).toHaveLength(49);
    expect(claims[1]).toEqual({ status: "in-progress", retryAfterMs: 10_000 });
  });

  it("gives a live lease back to its own token, with what is left of it", async () => {
    const lease = await claimed("a");
    clock.advance(4_000);
    expect(await store.claim("k", request("a"))).toEqual({
      status: "claimed",
      lease: { ...lease, ttlMs: 6_000 },
      via: "resume",
    });
  });

  it("never resumes an expired lease: the same token takes over with a new fence", async () => {
    const lease = await claimed("a");
    clock.advance(10_000);
    const again = await store.claim("k", request("a"));
    expect(again).toMatchObject({ status: "claimed", via: "takeover", lease: { attempt: 2 } });
    expect(again.status === "claimed" && BigInt(again.lease.fence) > BigInt(lease.fence)).toBe(true);
  });

  it("answers mismatch in every state, before anything else", async () => {
    const other = () => store.claim("k", request("z", { fingerprint: "other" }));
    const lease = await claimed("a", { onLeaseExpiry: "unknown" });
    expect((await other()).status).toBe("mismatch");
    clock.advance(10_000);
    expect((await other()).status).toBe("mismatch");
    await store.complete("k", lease, accepted("v", { valueTtlMs: minute }));
    expect((await other()).status).toBe("mismatch");
    clock.advance(minute);
    expect((await store.peek("k")).status).toBe("spent");
    expect((await other()).status).toBe("mismatch");
  });

  it("lets a lapsed lease be taken over, and keeps the record at least ten minutes past the new one", async () => {
    await claimed("a", { retainUntilMs: 0 });
    clock.advance(10 * minute);
    expect(await store.peek("k")).toEqual({ status: "in-progress", retryAfterMs: 0 });
    await claimed("b", { leaseMs: 5 * minute });
    expect([...port.records.values()][0]?.endsAtMs).toBe(clock.now() + 15 * minute);
  });

  it("never lets an expired lease of unknown effect be claimed", async () => {
    const lease = await claimed("a", { onLeaseExpiry: "unknown" });
    await store.note("k", lease, "0xhash");
    clock.advance(10_000);
    expect(await store.claim("k", request("b"))).toEqual({ status: "unknown", evidence: "0xhash" });
    expect(await store.claim("k", request("a"))).toEqual({ status: "unknown", evidence: "0xhash" });
  });

  it("raises a retention in the past, and refuses one beyond 31 days or no safe integer", async () => {
    await claimed("a", { retainUntilMs: 0 });
    expect([...port.records.values()][0]?.endsAtMs).toBe(clock.now() + 10_000 + 10 * minute);
    expect(await code(store.claim("far", request("a", { retainUntilMs: clock.now() + 31 * day })))).toBe("no error");
    for (const retainUntilMs of [clock.now() + 31 * day + 1, Number(2n ** 256n - 1n), 2 ** 53, -1, 1.5, Number.NaN]) {
      expect(await code(store.claim("x", request("a", { retainUntilMs })))).toBe("STORE_INVALID_ARGUMENT");
    }
    expect(port.records.size).toBe(2);
  });

  it("refuses malformed requests before touching anything", async () => {
    const bad: object[] = [{ token: "" }, { token: "x".repeat(201) }, { leaseMs: 0 }, { leaseMs: 31 * day }];
    bad.push({ leaseMs: 1.5 }, { onLeaseExpiry: "later" }, { fingerprint: 7 });
    for (const more of bad)
      expect(await code(store.claim("k", { ...request("a"), ...more }))).toBe("STORE_INVALID_ARGUMENT");
    expect(port.records.size).toBe(0);
  });
});

describe("fences", () => {
  it("rise strictly across release, takeover and a clock that stepped back", async () => {
    const fences: bigint[] = [];
    for (let i = 0; i < 5; i += 1) {
      const lease = await claimed(`t${i}`);
      fences.push(BigInt(lease.fence));
      if (i % 2 === 0) await store.release("k", lease);
      else clock.advance(10_000);
      if (i === 2) clock.advance(-3_600_000);
    }
    expect(fences.every((fence, i) => i === 0 || fence > (fences[i - 1] ?? 0n))).toBe(true);
    expect(fences[0]).toBe(BigInt(manualClock().now()) * 1000n);
  });
});

describe("renew", () => {
  it("extends a live lease and never shortens it", async () => {
    const lease = await claimed("a");
    await store.renew("k", lease, 20_000);
    await store.renew("k", lease, 1_000);
    clock.advance(19_999);
    expect(await store.peek("k")).toEqual({ status: "in-progress", retryAfterMs: 1 });
  });

  it("switches to unknown and never back", async () => {
    const lease = await claimed("a");
    await store.renew("k", lease, 10_000, { onLeaseExpiry: "unknown" });
    await store.renew("k", lease, 10_000);
    clock.advance(10_000);
    expect((await store.claim("k", request("b"))).status).toBe("unknown");
  });

  it("is lost once the lease is over, although no caller took over", async () => {
    const lease = await claimed("a");
    clock.advance(10_000);
    expect(await store.renew("k", lease, 10_000)).toEqual({ status: "lost", current: "in-progress" });
  });
});

describe("the end of a lease", () => {
  it("late calls of a past holder are lost and leave the winner's record alone", async () => {
    const old = await claimed("a");
    clock.advance(10_000);
    await claimed("b");
    const before = JSON.stringify([...port.records]);
    for (const late of [
      store.complete("k", old, accepted()),
      store.release("k", old),
      store.renew("k", old, 10_000),
      store.note("k", old, "e"),
      store.markUnknown("k", old),
    ]) {
      expect(await late).toEqual({ status: "lost", current: "in-progress" });
    }
    expect(JSON.stringify([...port.records])).toBe(before);
  });

  it("a late complete or release on a lapsed lease is lost", async () => {
    const lease = await claimed("a");
    clock.advance(10_000);
    expect((await store.complete("k", lease, accepted())).status).toBe("lost");
    expect((await store.release("k", lease)).status).toBe("lost");
  });

  it("a late complete on its own unknown record is ok, after a reconciliation it is lost", async () => {
    const first = await claimed("a", { onLeaseExpiry: "unknown" });
    clock.advance(10_000);
    expect(await store.complete("k", first, accepted())).toEqual({ status: "ok" });

    const late = await store.claim("k2", request("a", { onLeaseExpiry: "unknown" }));
    if (late.status !== "claimed") throw new Error("not claimed");
    clock.advance(10_000);
    expect((await store.reconcile("k2", { token: "r", leaseMs: 1_000 })).status).toBe("claimed");
    expect(await store.complete("k2", late.lease, accepted())).toEqual({ status: "lost", current: "in-progress" });
  });

  it("a late markUnknown is heeded as long as no caller took over", async () => {
    const lease = await claimed("a");
    clock.advance(10_000);
    expect(await store.markUnknown("k", lease, "sent")).toEqual({ status: "ok" });
    expect(await store.claim("k", request("b"))).toEqual({ status: "unknown", evidence: "sent" });
  });

  it("complete twice with one result is ok, with another it is lost, and claim does not change it", async () => {
    const lease = await claimed("a");
    expect(await store.complete("k", lease, accepted("v"))).toEqual({ status: "ok" });
    expect(await store.complete("k", lease, accepted("v"))).toEqual({ status: "ok" });
    expect(await store.complete("k", lease, accepted("w"))).toEqual({ status: "lost", current: "done" });
    expect(await store.complete("k", lease, { ...accepted("v"), outcome: "rejected" })).toEqual({
      status: "lost",
      current: "done",
    });
    const before = JSON.stringify([...port.records]);
    expect(await store.claim("k", request("b"))).toMatchObject({ status: "done", value: "v", outcome: "accepted" });
    expect(JSON.stringify([...port.records])).toBe(before);
  });

  it("of an accepted value only the marker outlives its TTL; a rejected one is gone", async () => {
    await store.complete("k", await claimed("a"), accepted("v", { valueTtlMs: minute }));
    clock.advance(minute - 1);
    expect(await store.claim("k", request("b"))).toMatchObject({ status: "done", expiresInMs: 1 });
    clock.advance(1);
    expect(await store.claim("k", request("b"))).toEqual({ status: "spent" });
    clock.advance(day);
    expect(await store.claim("k", request("b"))).toMatchObject({ status: "claimed", via: "fresh" });

    const rejected = {
      outcome: "rejected" as const,
      value: "no",
      valueTtlMs: minute,
      retainUntilMs: clock.now() + day,
    };
    const lease = await store.claim("r", request("a"));
    if (lease.status !== "claimed") throw new Error("not claimed");
    await store.complete("r", lease.lease, rejected);
    expect(await store.peek("r")).toMatchObject({ status: "done", outcome: "rejected", value: "no" });
    clock.advance(minute);
    expect(await store.peek("r")).toEqual({ status: "absent" });
    expect(await store.claim("r", request("b", { fingerprint: "other" }))).toMatchObject({ via: "fresh" });
  });

  it("a value that is to live longer than the record keeps the record", async () => {
    const lease = await claimed("a", { retainUntilMs: 0 });
    await store.complete("k", lease, accepted("v", { valueTtlMs: 2 * day, retainUntilMs: 0 }));
    clock.advance(2 * day - 1);
    expect(await store.peek("k")).toMatchObject({ status: "done", expiresInMs: 1 });
    clock.advance(1);
    expect(await store.peek("k")).toEqual({ status: "absent" });
  });

  it("release frees at once, for anything, and may be repeated", async () => {
    const lease = await claimed("a");
    expect(await store.release("k", lease)).toEqual({ status: "ok" });
    expect(await store.release("k", lease)).toEqual({ status: "ok" });
    expect(await store.peek("k")).toEqual({ status: "absent" });
    const next = await store.claim("k", request("b", { fingerprint: "other" }));
    expect(next).toMatchObject({ status: "claimed", via: "fresh", lease: { attempt: 1 } });
    expect(await store.release("k", lease)).toEqual({ status: "lost", current: "in-progress" });
  });

  it("on a record that vanished everything is lost", async () => {
    const lease = await claimed("a");
    await createVerificationStore(port, { keyPrefix: "other" }).close();
    clock.advance(2 * day);
    expect(await store.complete("k", lease, accepted())).toEqual({ status: "lost", current: "absent" });
  });
});

describe("reconcile", () => {
  it("is for one at a time, and its crash means unknown again", async () => {
    const lease = await claimed("a");
    await store.markUnknown("k", lease, "tx");
    const claims = await Promise.all(["r1", "r2"].map((token) => store.reconcile("k", { token, leaseMs: 1_000 })));
    expect(claims.map((claim: Claim) => claim.status)).toEqual(["claimed", "in-progress"]);
    clock.advance(1_000);
    expect(await store.claim("k", request("b"))).toEqual({ status: "unknown", evidence: "tx" });
    const again = await store.reconcile("k", { token: "r2", leaseMs: 1_000 });
    expect(again).toMatchObject({ status: "claimed", lease: { attempt: 3 } });
  });

  it("ends in done or in absent", async () => {
    for (const end of ["complete", "release"] as const) {
      const first = await store.claim(end, request("a"));
      if (first.status !== "claimed") throw new Error("not claimed");
      await store.markUnknown(end, first.lease);
      const taken = await store.reconcile(end, { token: "r", leaseMs: 1_000 });
      if (taken.status !== "claimed") throw new Error("not claimed");
      if (end === "complete") await store.complete(end, taken.lease, accepted());
      else await store.release(end, taken.lease);
      expect((await store.peek(end)).status).toBe(end === "complete" ? "done" : "absent");
      expect(await store.complete(end, first.lease, accepted("w"))).toMatchObject({ status: "lost" });
    }
  });

  it("an unknown outcome is not forgotten with its retention, nor by its reconciler's death", async () => {
    await store.note("k", await claimed("a", { onLeaseExpiry: "unknown", retainUntilMs: 0 }), "tx");
    clock.advance(20 * day);
    expect((await collect(store.unresolved())).map(({ evidence }) => evidence)).toEqual(["tx"]);
    expect((await store.reconcile("k", { token: "r", leaseMs: 1_000 })).status).toBe("claimed");
    clock.advance(31 * day - 1);
    expect(await store.claim("k", request("b"))).toEqual({ status: "unknown", evidence: "tx" });
    clock.advance(1);
    expect(await store.peek("k")).toEqual({ status: "absent" });
  });

  it("what was in doubt for long is kept no longer than asked once it is done", async () => {
    const lease = await claimed("a", { onLeaseExpiry: "unknown", retainUntilMs: clock.now() + day });
    await store.complete("k", lease, accepted("v", { retainUntilMs: 0 }));
    clock.advance(day - 1);
    expect((await store.peek("k")).status).toBe("done");
    clock.advance(1);
    expect((await store.peek("k")).status).toBe("absent");
  });

  it("a completion is never refused for its retention: what was done must be recorded", async () => {
    const result = accepted("v", { retainUntilMs: clock.now() + 32 * day });
    expect(await store.complete("k", await claimed("a"), result)).toEqual({ status: "ok" });
    clock.advance(31 * day);
    expect((await store.peek("k")).status).toBe("absent");
  });

  it("where nothing is unknown says what there is", async () => {
    expect(await store.reconcile("k", { token: "r", leaseMs: 1 })).toEqual({ status: "in-progress", retryAfterMs: 0 });
    const lease = await claimed("a");
    expect(await store.reconcile("k", { token: "r", leaseMs: 1 })).toEqual({
      status: "in-progress",
      retryAfterMs: 10_000,
    });
    await store.complete("k", lease, accepted());
    expect(await store.reconcile("k", { token: "r", leaseMs: 1 })).toMatchObject({ status: "done" });
  });

  it("takes the handle that unresolved() lists, with evidence and the instant", async () => {
    await store.markUnknown("k", await claimed("a"), "tx");
    const markedAtMs = clock.now();
    const crashed = await store.claim("k2", request("b", { onLeaseExpiry: "unknown" }));
    expect(crashed.status).toBe("claimed");
    await store.claim("k3", request("c"));
    clock.advance(10_000);
    const found = await collect(store.unresolved());
    const about = { kind: "in-doubt", attempt: 1, fingerprint: expect.stringMatching(/^[\w-]{43}$/) };
    expect(found.map(({ handle: _, ...rest }) => rest)).toEqual([
      { ...about, evidence: "tx", atMs: markedAtMs },
      { ...about, atMs: markedAtMs + 10_000 },
    ]);
    const [first] = found;
    expect(await store.reconcile({ handle: first?.handle ?? "" }, { token: "r", leaseMs: 1_000 })).toMatchObject({
      status: "claimed",
    });
    expect(await code(store.reconcile({ handle: "k:*" }, { token: "r", leaseMs: 1_000 }))).toBe(
      "STORE_INVALID_ARGUMENT",
    );
  });
});

describe("markOnce", () => {
  it("has one winner, who may ask again, and tells the others when it was", async () => {
    const mark = (token: string, fingerprint = "f") =>
      store.markOnce("k", { token, fingerprint, retainUntilMs: clock.now() + day });
    const all = await Promise.all(["a", "b", "c"].map((token) => mark(token)));
    expect(all.filter(({ status }) => status === "marked")).toHaveLength(1);
    const atMs = clock.now();
    clock.advance(1_000);
    expect(await mark("a")).toEqual({ status: "marked" });
    expect(await mark("b")).toEqual({ status: "already-marked", mismatch: false, atMs });
    expect(await mark("b", "other")).toEqual({ status: "already-marked", mismatch: true, atMs });
    expect(await mark("a", "other")).toEqual({ status: "already-marked", mismatch: true, atMs });
    clock.advance(day);
    expect(await mark("b")).toEqual({ status: "marked" });
  });

  it("lives apart from a claim of the same key", async () => {
    await claimed("a");
    expect((await store.markOnce("k", { token: "x", fingerprint: "f", retainUntilMs: 0 })).status).toBe("marked");
    expect([...port.records.keys()].map((key) => key.replace(/\{.*\}/, "{}"))).toEqual([
      "t:verify:{}:c",
      "t:verify:{}:m",
    ]);
  });
});

describe("values", () => {
  it("come back as they were, and never too large or ill-formed", async () => {
    const lease = await claimed("a");
    expect(await code(store.complete("k", lease, accepted("x".repeat(65_537))))).toBe("STORE_VALUE_TOO_LARGE");
    expect(await code(store.complete("k", lease, accepted("é".repeat(32_769))))).toBe("STORE_VALUE_TOO_LARGE");
    expect(await code(store.complete("k", lease, accepted("\ud800")))).toBe("STORE_INVALID_ARGUMENT");
    expect((await store.peek("k")).status).toBe("in-progress");
    await store.complete("k", lease, accepted("\u0000é😀"));
    expect(await store.peek("k")).toMatchObject({ value: "\u0000é😀" });
  });

  it("a record that cannot be read throws and stays", async () => {
    const lease = await claimed("a");
    const [key = ""] = port.records.keys();
    const endsAtMs = clock.now() + day;
    for (const body of [null, "x", [], {}, { state: "accepted", fence: 1 }]) {
      port.put(key, { endsAtMs, body });
      for (const call of [
        store.claim("k", request("b")),
        store.peek("k"),
        store.complete("k", lease, accepted()),
        store.reconcile("k", { token: "r", leaseMs: 1 }),
      ]) {
        expect(await code(call)).toBe("STORE_CORRUPT");
      }
      expect(port.records.get(key)).toEqual({ endsAtMs, body });
    }
  });
});

describe("wait", () => {
  it("resolves at once where this process changes the record, long before its timeout", async () => {
    const lease = await claimed("a");
    const waiting = store.wait("k", { timeoutMs: 60_000 });
    await store.complete("k", lease, accepted());
    await waiting;
  });

  it("resolves after its timeout where nothing happens", async () => {
    const { hint: _, ...silent } = port;
    await createVerificationStore(silent).wait("k", { timeoutMs: 5 });
  });

  it("rejects with the signal's reason, and when the store is closed", async () => {
    const reason = new Error("gone");
    const controller = new AbortController();
    const aborted = store.wait("k", { timeoutMs: 60_000, signal: controller.signal });
    const closed = store.wait("k", { timeoutMs: 60_000 });
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await store.close();
    expect(await code(closed)).toBe("STORE_CLOSED");
    expect(await code(store.claim("k", request("a")))).toBe("STORE_CLOSED");
  });
});
