// The session store over a Map port: time, quotas and new ids.
import { describe, expect, it } from "vitest";
import { code, day, hour, minute, storeWorld } from "./session-store.test-support.ts";

describe("touch", () => {
  it("extends to now + idle TTL, never past the absolute deadline and never backwards", async () => {
    const { clock, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, idleTtlMs: 10 * minute, absoluteTtlMs: 25 * minute });
    clock.advance(9 * minute);
    expect(await store.touch(record.id)).toEqual({ status: "ok", expiresAtMs: record.createdAtMs + 19 * minute });
    clock.advance(9 * minute);
    const touched = await store.get(record.id, { touch: true });
    expect(touched).toStrictEqual({ ...record, expiresAtMs: record.createdAtMs + 25 * minute });
    clock.advance(-minute);
    expect(await store.touch(record.id)).toEqual({ status: "ok", expiresAtMs: record.createdAtMs + 25 * minute });
  });

  it("does not shorten what was credited, and brings nothing back", async () => {
    const { clock, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    const credited = await store.credit(record.id, { opId: "p1", extendMs: day });
    expect(await store.touch(record.id)).toEqual({ status: "ok", expiresAtMs: record.expiresAtMs + day });
    expect(credited).toMatchObject({ expiresAtMs: record.expiresAtMs + day });
    expect(await store.delete(record.id)).toBe(true);
    expect(await store.touch(record.id)).toEqual({ status: "missing" });
    clock.advance(1);
    expect(await store.get(record.id)).toBeNull();
  });
});

describe("credit", () => {
  it("adds time and quota once per opId", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, quotas: { calls: 1n } });
    const grant = { opId: "p1", extendMs: hour, quotas: { calls: 10n } };
    const once = { status: "ok", expiresAtMs: record.expiresAtMs + hour, quotas: { calls: 11n } };
    expect(await store.credit(record.id, grant)).toStrictEqual({ ...once, replayed: false });
    expect(await store.credit(record.id, grant)).toStrictEqual({ ...once, replayed: true });
    expect(await store.credit(record.id, { opId: "p2", extendMs: hour })).toMatchObject({
      expiresAtMs: record.expiresAtMs + 2 * hour,
      replayed: false,
    });
  });

  it("creates only where there is nothing, with exactly the time that was paid for", async () => {
    const { clock, store } = storeWorld();
    const grant = { extendMs: hour, createWith: { data: { n: 1 } } };
    const bought = { status: "ok", expiresAtMs: clock.now() + hour, replayed: false };
    expect(await store.credit("r:p", { opId: "p1", ...grant })).toStrictEqual(bought);
    expect(await store.get("r:p")).not.toHaveProperty("idleTtlMs");
    expect(await store.credit("r:p", { opId: "p2", ...grant })).toMatchObject({ expiresAtMs: clock.now() + 2 * hour });
    clock.advance(2 * hour);
    expect(await store.credit("r:p", { opId: "p1", ...grant })).toEqual({ status: "missing" });
    expect(await store.credit("r:p", { opId: "p3", ...grant })).toMatchObject({ expiresAtMs: clock.now() + hour });
  });

  it("creates no session under an id that only the store issues", async () => {
    const { port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    await store.delete(record.id);
    const grant = { opId: "p1", extendMs: hour, createWith: { data: { n: 2 } } };
    expect(await store.credit(record.id, grant)).toEqual({ status: "missing" });
    expect(port.records.size).toBe(0);
  });

  it("takes the expiry of a session without paid time from createWith, never from the defaults", async () => {
    const { clock, store } = storeWorld();
    const quotas = { calls: 3n };
    const call = store.credit("a", { opId: "p1", quotas, createWith: { data: { n: 1 } } });
    await expect(call).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    const grant = { opId: "p1", quotas, createWith: { data: { n: 1 }, idleTtlMs: hour, absoluteTtlMs: day } };
    const expiresAtMs = clock.now() + hour;
    expect(await store.credit("a", grant)).toStrictEqual({ status: "ok", expiresAtMs, quotas, replayed: false });
  });

  it("changes and remembers nothing past the absolute deadline or past 2^63 - 1", async () => {
    const { port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, absoluteTtlMs: hour, quotas: { calls: 2n ** 63n - 2n } });
    const before = structuredClone([...port.records]);
    for (const grant of [
      { extendMs: hour },
      { quotas: { other: 1n, calls: 2n } },
      { extendMs: 1, quotas: { calls: 2n } },
    ]) {
      await expect(store.credit(record.id, { opId: "p", ...grant })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    }
    expect([...port.records]).toEqual(before);
    expect(await store.credit(record.id, { opId: "p", extendMs: 45 * minute })).toMatchObject({
      expiresAtMs: record.createdAtMs + hour,
      replayed: false,
    });
    const absent = store.credit("new", { opId: "p", extendMs: 2, createWith: { data: { n: 1 }, absoluteTtlMs: 1 } });
    await expect(absent).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    expect(await store.get("new")).toBeNull();
  });

  it("refuses a grant of nothing, of less than nothing, and one without an opId", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    const createWith = { data: { n: 1 }, quotas: { q: 1n } };
    for (const grant of [
      { opId: "p" },
      { opId: "p", quotas: {} },
      { opId: "p", quotas: { q: 0n } },
      { opId: "p", extendMs: 0 },
      { opId: "", extendMs: 1 },
      { opId: "p", extendMs: 1, createWith },
    ]) {
      await expect(store.credit(record.id, grant)).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    }
    const nameless = store.credit("", { opId: "p", extendMs: 1, createWith: { data: { n: 1 } } });
    await expect(nameless).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
  });

  it("remembers an opId until the session's end or for 24 h, whichever is later", async () => {
    const { clock, store } = storeWorld();
    const grant = { opId: "p1", extendMs: minute, createWith: { data: { n: 1 } } };
    await store.credit("short", grant);
    await store.delete("short");
    clock.advance(day - 1);
    expect(await store.credit("short", grant)).toEqual({ status: "missing" });
    clock.advance(1);
    expect(await store.credit("short", grant)).toMatchObject({ replayed: false });

    const { record } = await store.create({ data: { n: 1 }, idleTtlMs: day });
    await store.credit(record.id, { opId: "p2", extendMs: minute });
    for (let step = 0; step < 5; step += 1) {
      clock.advance(day - 1);
      await store.touch(record.id);
    }
    expect(await store.credit(record.id, { opId: "p2", extendMs: minute })).toMatchObject({ replayed: true });
  });
});

describe("debit", () => {
  it("spends exactly above 2^53, never below zero, and with an opId once", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, quotas: { wei: 2n ** 63n - 1n } });
    const spend = { quota: "wei", amount: 2n ** 62n, opId: "p1" };
    expect(await store.debit(record.id, spend)).toEqual({ status: "ok", remaining: 2n ** 62n - 1n, replayed: false });
    expect(await store.debit(record.id, spend)).toEqual({ status: "ok", remaining: 2n ** 62n - 1n, replayed: true });
    const again = await store.debit(record.id, { ...spend, opId: "p2" });
    expect(again).toEqual({ status: "insufficient", remaining: 2n ** 62n - 1n, replayed: false });
    await store.credit(record.id, { opId: "p2", quotas: { wei: 1n } });
    expect(await store.debit(record.id, { ...spend, opId: "p2" })).toEqual({
      status: "ok",
      remaining: 0n,
      replayed: false,
    });
    expect(await store.debit(record.id, { quota: "none", amount: 1n })).toMatchObject({
      status: "insufficient",
      remaining: 0n,
    });
    expect(await store.debit("nobody", spend)).toEqual({ status: "missing" });
  });

  it("refuses amounts that are no payment", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, quotas: { q: 5n } });
    for (const amount of [0n, -1n, 2n ** 63n]) {
      await expect(store.debit(record.id, { quota: "q", amount })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    }
    expect((await store.get(record.id))?.quotas).toEqual({ q: 5n });
  });
});

describe("rotate", () => {
  it("moves everything but the id, and the old id is dead at once", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice", absoluteTtlMs: day, quotas: { q: 5n } });
    await store.debit(record.id, { quota: "q", amount: 1n, opId: "p1" });
    const rotated = await store.rotate(record.id);
    if (rotated.status !== "ok") throw new Error("it was there");
    expect(rotated.record).toStrictEqual({ ...record, id: expect.any(String), quotas: { q: 4n } });
    expect(rotated.record.id).not.toBe(record.id);
    expect(rotated.record.id.slice(0, 19)).toBe(record.id.slice(0, 19));
    expect(await store.get(record.id)).toBeNull();
    expect(await store.rotate(record.id)).toEqual({ status: "missing" });
    expect(await store.debit(rotated.record.id, { quota: "q", amount: 1n, opId: "p1" })).toMatchObject({
      replayed: true,
    });
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 1 });
  });

  it("gives a session with a caller's id an issued one that remembers its operations", async () => {
    const { store } = storeWorld();
    await store.create({ id: "mine", data: { n: 1 } });
    await store.credit("mine", { opId: "p1", quotas: { q: 1n } });
    const rotated = await store.rotate("mine");
    if (rotated.status !== "ok") throw new Error("it was there");
    expect(rotated.record.id).toMatch(/^[\w-]{19}\.[\w-]{43}$/);
    expect(await store.credit(rotated.record.id, { opId: "p1", quotas: { q: 1n } })).toMatchObject({
      quotas: { q: 1n },
      replayed: true,
    });
  });
});
