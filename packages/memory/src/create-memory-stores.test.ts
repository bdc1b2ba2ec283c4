// The three stores in memory: what a flood may and may not do to them, isolation, and how they end.
import { execFile } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as core from "@tollbooth-stores/core";
import { operationChannel, type RateLimitPolicy } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { describe, expect, it } from "vitest";
import {
  createMemoryRateLimitStore,
  createMemorySessionStore,
  createMemoryStores,
  createMemoryVerificationStore,
} from "./create-memory-stores.ts";
import * as memory from "./index.ts";

const policies: RateLimitPolicy[] = [
  { algorithm: "fixed-window", limit: 3, windowMs: 60_000 },
  { algorithm: "sliding-window", limit: 3, windowMs: 60_000 },
  { algorithm: "token-bucket", limit: 3, windowMs: 60_000 },
];
const capacityRefusal = expect.objectContaining({ code: "STORE_CAPACITY", outcome: "not-applied" });
const claim = { token: "t", fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry" as const, retainUntilMs: 0 };

describe.each(policies)("rate limits ($algorithm) flooded by new clients", (policy) => {
  const check = (client: string, cost = 1) => ({ route: "GET /data", client, policy, cost });

  it("never free a client that is blocked, exhausted or in debt", async () => {
    const store = createMemoryRateLimitStore({ maxEntries: 10, clock: manualClock() });
    await store.block(check("blocked"), 60_000);
    await store.consume(check("exhausted", 3));
    await store.charge(check("indebted", 5));
    for (let index = 0; index < 1_000; index += 1) {
      expect((await store.consume(check(`flood ${index}`))).allowed).toBe(true);
    }
    for (const client of ["blocked", "exhausted", "indebted"]) {
      expect((await store.consume(check(client))).allowed, client).toBe(false);
    }
  });

  it("refuse newcomers where nothing may be dropped, and answer those they know", async () => {
    const clock = manualClock();
    const store = createMemoryRateLimitStore({ maxEntries: 2, clock });
    await store.consume(check("a", 3));
    await store.consume(check("b", 3));
    await expect(store.consume(check("c"))).rejects.toEqual(capacityRefusal);
    expect((await store.consume(check("a"))).allowed).toBe(false);
    clock.advance(120_000);
    expect((await store.consume(check("c"))).allowed).toBe(true);
  });
});

describe("sessions at maxEntries", () => {
  it("refuse a new session, and go on serving those there are", async () => {
    const clock = manualClock();
    const store = createMemorySessionStore<{ n: number }>({ maxEntries: 2, clock, defaults: { idleTtlMs: 1_000 } });
    const { record } = await store.create({ data: { n: 1 } });
    const other = await store.create({ data: { n: 1 } });
    await expect(store.create({ data: { n: 2 } })).rejects.toEqual(capacityRefusal);
    expect((await store.update(record.id, { n: 3 }, { ifVersion: record.version })).status).toBe("ok");
    expect((await store.get(record.id))?.data).toEqual({ n: 3 });
    expect(await store.delete(other.record.id)).toBe(true);
    expect((await store.create({ data: { n: 4 } })).status).toBe("ok");
    clock.advance(1_000);
    expect((await store.create({ data: { n: 5 } })).status).toBe("ok");
  });
});

describe("verifications at maxEntries", () => {
  it("refuse new claims, evict no marker, and still record a finished payment", async () => {
    const store = createMemoryVerificationStore({ maxEntries: 2, clock: manualClock() });
    const marker = { token: "t", fingerprint: "f", retainUntilMs: 0 };
    expect(await store.markOnce("used", marker)).toEqual({ status: "marked" });
    const held = await store.claim("paid", claim);
    if (held.status !== "claimed") throw new Error(`claim answered ${held.status}`);
    for (let index = 0; index < 100; index += 1) {
      await expect(store.claim(`flood ${index}`, claim)).rejects.toEqual(capacityRefusal);
    }
    expect(await store.markOnce("used", { ...marker, token: "other" })).toMatchObject({ status: "already-marked" });
    const result = { outcome: "accepted" as const, value: "receipt", retainUntilMs: 0 };
    expect(await store.complete("paid", held.lease, result)).toEqual({ status: "ok" });
    expect(await store.peek("paid")).toMatchObject({ status: "done", value: "receipt" });
  });

  it("take a new claim after 100,000 forged payloads were rejected", async () => {
    const store = createMemoryVerificationStore({ clock: manualClock() });
    const rejection = { outcome: "rejected" as const, value: "forged", retainUntilMs: 0 };
    for (let index = 0; index < 100_000; index += 1) {
      const forged = await store.claim(`forged ${index}`, claim);
      if (forged.status !== "claimed") throw new Error(`claim answered ${forged.status}`);
      await store.complete(`forged ${index}`, forged.lease, rejection);
    }
    expect((await store.claim("honest", claim)).status).toBe("claimed");
    expect(await store.peek("forged 99999")).toMatchObject({ status: "done", outcome: "rejected" });
    expect(await store.peek("forged 0")).toEqual({ status: "absent" });
  });

  it("drop no marker and nothing of a payment, whatever floods them", async () => {
    const store = createMemoryVerificationStore({ maxEntries: 10, clock: manualClock() });
    const paying = { ...claim, payment: { payload: "p" } };
    const hold = async (key: string, token = "t") => {
      const held = await store.claim(key, { ...paying, token });
      if (held.status !== "claimed") throw new Error(`claim of ${key} answered ${held.status}`);
      return held.lease;
    };
    const marker = { token: "t", fingerprint: "f", retainUntilMs: 0 };
    const accepted = { outcome: "accepted" as const, value: "v", retainUntilMs: 0 };
    await store.markOnce("marker", marker);
    await store.settle("settled", { receipt: "r" });
    await store.settle("delivered", { receipt: "r", deliver: { token: "d", kept: "result" } });
    await store.expire("expired", { reason: "void", lease: await hold("expired") });
    await store.markUnknown("unknown", await hold("unknown"));
    await store.release("released", await hold("released"), { refused: true });
    await hold("held");
    const verified = await store.claim("accepted", claim);
    if (verified.status !== "claimed") throw new Error(`claim answered ${verified.status}`);
    await store.complete("accepted", verified.lease, accepted);
    for (let index = 0; index < 100; index += 1) {
      const forged = await store.claim(`forged ${index}`, claim);
      if (forged.status !== "claimed") throw new Error(`claim answered ${forged.status}`);
      await store.complete(`forged ${index}`, forged.lease, { ...accepted, outcome: "rejected" });
    }
    expect(await store.markOnce("marker", { ...marker, token: "u" })).toMatchObject({ status: "already-marked" });
    const found = ["settled", "delivered", "expired", "unknown", "held", "accepted"].map(async (key) => {
      const { status } = await store.peek(key);
      return [key, status];
    });
    expect(Object.fromEntries(await Promise.all(found))).toEqual({
      settled: "settled",
      delivered: "delivered",
      expired: "expired",
      unknown: "unknown",
      held: "in-progress",
      accepted: "done",
    });
    expect(await store.claim("delivered", paying)).toMatchObject({ status: "delivered", kept: "result" });
    expect(await store.claim("released", paying)).toMatchObject({ status: "claimed", refusals: 1 });
  });

  it("have room for the results of the payments that they have room for", async () => {
    const store = createMemoryVerificationStore({ maxEntries: 1, clock: manualClock() });
    const paying = { ...claim, payment: { payload: "p" } };
    const held = await store.claim("payment", paying);
    if (held.status !== "claimed") throw new Error(`claim answered ${held.status}`);
    const renewal = { onLeaseExpiry: "unknown", reference: "r", kept: "result" } as const;
    expect(await store.renew("payment", held.lease, 30_000, renewal)).toEqual({ status: "ok" });
    await store.settle("payment", { receipt: "r" });
    expect(await store.claim("payment", paying)).toMatchObject({ status: "settled", kept: "result" });
    await expect(store.claim("other", paying)).rejects.toEqual(capacityRefusal);
  });

  it("wake who waits for a key when it may have changed", async () => {
    const store = createMemoryVerificationStore({ clock: manualClock() });
    const held = await store.claim("key", claim);
    if (held.status !== "claimed") throw new Error(`claim answered ${held.status}`);
    // Longer than the test may take: only the hint can end it.
    const waiting = store.wait("key", { timeoutMs: 600_000 });
    await store.release("key", held.lease);
    await waiting;
  });
});

describe("createMemoryStores", () => {
  it("works without options, and says that nothing is shared", async () => {
    await using stores = createMemoryStores();
    expect(stores.rateLimits.capabilities).toEqual({ shared: false, atomic: true, durable: false });
    expect((await stores.ping()).latencyMs).toBeGreaterThanOrEqual(0);
    const { record } = await stores.sessions.create({ data: { plan: "pro" }, idleTtlMs: 1_000 });
    expect((await stores.sessions.get(record.id))?.data).toEqual({ plan: "pro" });
  });

  it("counts maxEntries for each store on its own", async () => {
    const stores = createMemoryStores({ maxEntries: 1, clock: manualClock() });
    const policy = policies[0] ?? expect.unreachable();
    await stores.rateLimits.consume({ route: "r", client: "c", policy, cost: 3 });
    await stores.sessions.create({ data: null, idleTtlMs: 1_000 });
    expect((await stores.verifications.claim("k", claim)).status).toBe("claimed");
    await expect(stores.verifications.claim("other", claim)).rejects.toEqual(capacityRefusal);
  });

  it("checks each store for room, and evicts nothing for it", async () => {
    const clock = manualClock();
    const stores = createMemoryStores({ maxEntries: 3, clock });
    const policy = policies[0] ?? expect.unreachable();
    const clients = ["a", "b", "c"].map((client) => ({ route: "r", client, policy }));
    for (const check of clients) await stores.rateLimits.consume(check);
    await stores.check();
    for (const check of clients) {
      expect((await stores.rateLimits.peek(check)).remaining, "kept").toBe(policy.limit - 1);
      await stores.rateLimits.block(check, 1_000);
    }
    await expect(stores.check(), "no client may go").rejects.toEqual(capacityRefusal);
    for (const check of clients) await stores.rateLimits.reset(check);
    await stores.check();

    await stores.sessions.create({ data: 1, idleTtlMs: 1_000 });
    await stores.check();
    await stores.sessions.create({ data: 1, idleTtlMs: 1_000 });
    await expect(stores.check(), "a session of a subject takes two places").rejects.toEqual(capacityRefusal);
    clock.advance(1_000);
    await stores.check();

    for (const key of ["k", "l", "m"]) await stores.verifications.claim(key, claim);
    await expect(stores.check()).rejects.toEqual(capacityRefusal);
  });

  it("is ready with a single place for each store", async () => {
    const stores = createMemoryStores({ maxEntries: 1 });
    await stores.check();
    await stores.sessions.create({ data: 1, idleTtlMs: 1_000 });
    await expect(stores.check()).rejects.toEqual(capacityRefusal);
  });

  it("shares nothing between two calls", async () => {
    const [one, two] = [createMemoryStores(), createMemoryStores()];
    await one.sessions.create({ id: "mine", data: 1, idleTtlMs: 1_000 });
    expect(await two.sessions.get("mine")).toBeNull();
  });

  it("closes for good: every store refuses, ping too, and closing again is fine", async () => {
    const stores = createMemoryStores();
    await stores.close();
    await stores.close();
    const closed = expect.objectContaining({ code: "STORE_CLOSED" });
    await expect(stores.sessions.get("id")).rejects.toEqual(closed);
    await expect(stores.verifications.peek("k")).rejects.toEqual(closed);
    await expect(stores.ping()).rejects.toEqual(closed);
    await expect(stores.check()).rejects.toEqual(closed);
  });

  it("refuses wrong options when it is called, naming the option", () => {
    expect(() => createMemoryStores({ maxEntries: 0 })).toThrow(/maxEntries/);
    expect(() => createMemoryStores({ keyPrefix: "a b" })).toThrow(/keyPrefix/);
  });

  it("names itself memory in telemetry", async () => {
    const providers = new Set<unknown>();
    const listen = (message: unknown) => {
      if (typeof message === "object" && message !== null && "provider" in message) providers.add(message.provider);
    };
    subscribe(operationChannel, listen);
    const stores = createMemoryStores();
    await stores.sessions.get("id");
    await stores.verifications.peek("key");
    unsubscribe(operationChannel, listen);
    expect([...providers]).toEqual(["memory"]);
  });

  it("comes with the façades of core: one install is enough", () => {
    const { isStoreError, payOnce, paymentKey, rateLimiter, rateLimitHeaders, verifyOnce } = core;
    const facades = { isStoreError, payOnce, paymentKey, rateLimiter, rateLimitHeaders, verifyOnce };
    expect(memory).toMatchObject(facades);
  });

  it("keeps no process alive that has used it and not closed it", async () => {
    const program = `
      import { createMemoryStores } from "@tollbooth-stores/memory";
      const stores = createMemoryStores({ maxEntries: 10 });
      const policy = { algorithm: "fixed-window", limit: 5, windowMs: 60_000 };
      await stores.rateLimits.consume({ route: "r", client: "c", policy });
      await stores.sessions.create({ data: 1, idleTtlMs: 60_000 });
      const claim = { token: "t", fingerprint: "f", leaseMs: 60_000, onLeaseExpiry: "retry", retainUntilMs: 0 };
      await stores.verifications.claim("k", claim);
      process.stdout.write("done");
    `;
    const packageFolder = fileURLToPath(new URL("..", import.meta.url));
    // A process that does not end by itself is killed after 10 s, and the promise rejects.
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: packageFolder,
      timeout: 10_000,
    });
    expect((await run).stdout).toBe("done");
  });
});
