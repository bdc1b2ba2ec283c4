// The three stores on Keyv: one process or none, everyone in it on one state, and a restart on a durable adapter.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as core from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { Keyv } from "keyv";
import { KeyvFile } from "keyv-file";
import { afterEach, describe, expect, it } from "vitest";
import {
  createKeyvRateLimitStore,
  createKeyvSessionStore,
  createKeyvStores,
  createKeyvVerificationStore,
} from "./create-keyv-stores.ts";
import * as provider from "./index.ts";

const claim = { fingerprint: "f", leaseMs: 30_000, onLeaseExpiry: "retry" as const, retainUntilMs: 0 };
const factories = {
  createKeyvStores,
  createKeyvRateLimitStore,
  createKeyvSessionStore,
  createKeyvVerificationStore,
};

describe("more than one instance", () => {
  it.each([
    ["createKeyvStores", /rate limits.*sessions.*verifications/],
    ["createKeyvRateLimitStore", /admit.*rate limits/],
    ["createKeyvSessionStore", /credit, debit or deletion \(sessions\)/],
    ["createKeyvVerificationStore", /claim or replay marker \(verifications\)/],
  ] as const)("is refused by %s, shared or not, with why and what to use instead", (name, reason) => {
    for (const shared of [false, true]) {
      const create = () => factories[name]({ keyv: new Map(), shared, instances: 2 });
      expect(create).toThrow(expect.objectContaining({ code: "STORE_CONFIG", message: expect.stringMatching(reason) }));
      expect(create).toThrow(/instances to 1.*@tollbooth-stores\/ioredis or @tollbooth-stores\/redis/);
    }
  });

  it.each([0, 1.5, Number.NaN])("cannot be %s", (instances) => {
    expect(() => createKeyvStores({ keyv: new Map(), instances })).toThrow(/instances must be/);
  });

  it("is not what 1 says", async () => {
    await using stores = createKeyvStores({ keyv: new Map(), instances: 1 });
    expect(stores.verifications.capabilities).toEqual({ shared: false, atomic: false, durable: false });
  });
});

describe("createKeyvStores", () => {
  it("gives one winner to a hundred claims, through two sets of stores on one adapter", async () => {
    const keyv = new Keyv();
    const [one, other] = [createKeyvStores({ keyv }), createKeyvStores({ keyv })];
    const claims = Array.from({ length: 100 }, (_, index) =>
      (index % 2 === 0 ? one : other).verifications.claim("payment", { ...claim, token: `t${index}` }),
    );
    const statuses = (await Promise.all(claims)).map(({ status }) => status);
    expect(statuses.filter((status) => status === "claimed")).toHaveLength(1);
    expect(statuses.filter((status) => status === "in-progress")).toHaveLength(99);
  });

  it("wakes who waits for a key on another set of stores", async () => {
    const keyv = new Map();
    const [one, other] = [createKeyvStores({ keyv }), createKeyvStores({ keyv })];
    const held = await one.verifications.claim("key", { ...claim, token: "t" });
    if (held.status !== "claimed") throw new Error(`claim answered ${held.status}`);
    // Longer than the test may take: only the hint can end it.
    const waiting = other.verifications.wait("key", { timeoutMs: 600_000 });
    await one.verifications.release("key", held.lease);
    await waiting;
  });

  it("appends to keyPrefix what each store's keys begin with; a single store takes it as written", async () => {
    const map = new Map<string, unknown>();
    const policy = { algorithm: "fixed-window" as const, limit: 1, windowMs: 60_000 };
    await using stores = createKeyvStores({ keyv: map, keyPrefix: "shop" });
    await stores.rateLimits.consume({ route: "r", client: "c", policy });
    await stores.sessions.create({ data: 1, idleTtlMs: 60_000 });
    await stores.verifications.claim("k", { ...claim, token: "t" });
    await using single = createKeyvRateLimitStore({ keyv: map, keyPrefix: "alone" });
    await single.consume({ route: "r", client: "c", policy });
    const prefixes = [...map.keys()].map((key) => /^(shop:\w+|alone):/.exec(key)?.[1]).sort();
    expect(prefixes).toEqual(["alone", "shop:rl", "shop:sess", "shop:verify"]);
  });

  it("closes no Keyv: what it was given stays usable, and other stores on it too", async () => {
    const keyv = new Keyv();
    const [leaving, staying] = [createKeyvStores({ keyv }), createKeyvStores({ keyv })];
    let disconnected = false;
    keyv.on("disconnect", () => {
      disconnected = true;
    });
    await leaving.close();
    await expect(leaving.ping()).rejects.toMatchObject({ code: "STORE_CLOSED" });
    expect(disconnected).toBe(false);
    expect((await staying.ping()).latencyMs).toBeGreaterThanOrEqual(0);
  });

  it("comes with the façades of core: one install is enough", () => {
    const { isStoreError, payOnce, paymentKey, rateLimiter, rateLimitHeaders, verifyOnce } = core;
    expect(provider).toMatchObject({ isStoreError, payOnce, paymentKey, rateLimiter, rateLimitHeaders, verifyOnce });
  });

  it("names itself keyv in telemetry, and takes the options of every provider", async () => {
    expect(() => createKeyvStores({ keyv: new Map(), keyPrefix: "a b" })).toThrow(/keyPrefix/);
    const store = createKeyvSessionStore({ keyv: new Map(), maxValueBytes: 10, defaults: { idleTtlMs: 1_000 } });
    await expect(store.create({ data: "more than ten bytes" })).rejects.toMatchObject({
      code: "STORE_VALUE_TOO_LARGE",
    });
    expect((await store.create({ data: "x" })).record.idleTtlMs).toBe(1_000);
  });
});

describe("on an adapter that keeps a file", () => {
  let folder: string;
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("refuses a replay and knows sessions, limits and settled payments after a restart", async () => {
    folder = await mkdtemp(join(tmpdir(), "tollbooth-keyv-"));
    const clock = manualClock();
    const start = () =>
      createKeyvStores<string>({
        keyv: new KeyvFile({ filename: join(folder, "store.json"), writeDelay: 0 }),
        durable: true,
        clock,
        commandTimeoutMs: 10_000,
      });
    const check = {
      route: "r",
      client: "c",
      policy: { algorithm: "fixed-window" as const, limit: 1, windowMs: 60_000 },
    };
    const marker = { token: "t", fingerprint: "f", retainUntilMs: 0 };

    const before = start();
    await before.rateLimits.consume(check);
    const { record } = await before.sessions.create({ data: "x", idleTtlMs: 60_000 });
    await before.sessions.credit(record.id, { opId: "payment", extendMs: 1_000 });
    await before.verifications.markOnce("nonce", marker);
    const held = await before.verifications.claim("payment", { ...claim, token: "t" });
    if (held.status !== "claimed") throw new Error(`claim answered ${held.status}`);
    const result = { outcome: "accepted" as const, value: "receipt", retainUntilMs: 0 };
    await before.verifications.complete("payment", held.lease, result);
    await before.close();

    const after = start();
    expect(after.sessions.capabilities.durable).toBe(true);
    expect((await after.rateLimits.consume(check)).allowed).toBe(false);
    expect((await after.sessions.get(record.id))?.data).toBe("x");
    expect(await after.sessions.credit(record.id, { opId: "payment", extendMs: 1_000 })).toMatchObject({
      replayed: true,
    });
    expect(await after.verifications.markOnce("nonce", { ...marker, token: "other" })).toMatchObject({
      status: "already-marked",
    });
    expect(await after.verifications.claim("payment", { ...claim, token: "other" })).toMatchObject({
      status: "done",
      value: "receipt",
    });
    await after.close();
  });
});
