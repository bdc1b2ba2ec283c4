// The session store over a Map port: what callers see, call by call.
import { describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { type MapPort, manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import type { SessionStore } from "./session-store.ts";

const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;

interface World {
  clock: ReturnType<typeof manualClock>;
  port: MapPort;
  store: SessionStore<{ n: number }>;
}

function world(): World {
  const clock = manualClock();
  const port = mapPort(clock);
  return { clock, port, store: createSessionStore<{ n: number }>(port, { defaults: { idleTtlMs: 15 * minute } }) };
}

async function collected<R>(list: AsyncIterable<R>): Promise<R[]> {
  const all: R[] = [];
  for await (const one of list) all.push(one);
  return all;
}

function code(expected: string): (error: unknown) => boolean {
  return (error) => isStoreError(error) && error.code === expected;
}

describe("create and get", () => {
  it("issues an id and finds the session under it until it expires, not at that instant", async () => {
    const { clock, store } = world();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice", quotas: { calls: 5n } });
    expect(record).toStrictEqual({
      id: expect.stringMatching(/^[\w-]{19}\.[\w-]{43}$/),
      data: { n: 1 },
      version: expect.any(Number),
      subject: "alice",
      createdAtMs: clock.now(),
      expiresAtMs: clock.now() + 15 * minute,
      idleTtlMs: 15 * minute,
      quotas: { calls: 5n },
    });
    clock.advance(15 * minute - 1);
    expect(await store.get(record.id)).toStrictEqual(record);
    clock.advance(1);
    expect(await store.get(record.id)).toBeNull();
  });

  it("lets one of two creates with one id succeed, and again after expiry", async () => {
    const { clock, store } = world();
    const first = await store.create({ id: "GET /a:payer", data: { n: 1 } });
    expect(await store.create({ id: "GET /a:payer", data: { n: 2 } })).toEqual({ status: "exists" });
    expect((await store.get("GET /a:payer"))?.data).toEqual({ n: 1 });
    clock.advance(15 * minute);
    const second = await store.create({ id: "GET /a:payer", data: { n: 3 } });
    if (first.status !== "ok" || second.status !== "ok") throw new Error("both should exist");
    expect(second.record.version).not.toBe(first.record.version);
  });

  it("refuses what can never be a session, before anything is stored", async () => {
    const { port, store } = world();
    const bare = createSessionStore(port);
    const issued = (await store.create({ data: { n: 1 } })).record.id;
    const before = port.records.size;
    const refused: Promise<unknown>[] = [
      store.create({ id: issued, data: { n: 1 } }),
      store.create({ id: "", data: { n: 1 } }),
      store.create({ id: "x".repeat(1025), data: { n: 1 } }),
      Reflect.apply(store.create, store, [{ id: "mine", subject: "alice", data: { n: 1 } }]),
      store.create({ data: { n: 1 }, subject: "" }),
      store.create({ data: { n: 1 }, idleTtlMs: 0 }),
      store.create({ data: { n: 1 }, absoluteTtlMs: 1.5 }),
      store.create({ data: { n: 1 }, quotas: { calls: -1n } }),
      store.create({ data: { n: 1 }, quotas: { calls: 2n ** 63n } }),
      store.create({ data: { n: 1 }, quotas: { "": 1n } }),
      store.create({ data: { n: 1 }, quotas: { "\ud800": 1n } }),
      bare.create({ data: 1 }),
      bare.create({ data: undefined, idleTtlMs: 1 }),
    ];
    for (const call of refused) await expect(call).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    expect(port.records.size).toBe(before);
    await expect(bare.create({ data: 1 })).rejects.toThrow(/idleTtlMs or absoluteTtlMs.*defaults\.idleTtlMs/);
  });

  it("treats any string that is no session's id as absent", async () => {
    const { store } = world();
    for (const id of ["", "x".repeat(100_000), "\ud800", `${"a".repeat(19)}.${"b".repeat(43)}`]) {
      expect(await store.get(id)).toBeNull();
      expect(await store.touch(id)).toEqual({ status: "missing" });
      expect(await store.rotate(id)).toEqual({ status: "missing" });
      expect(await store.delete(id)).toBe(false);
    }
    expect(await store.delete({ handle: "no handle" })).toBe(false);
  });

  it("reads many in order, duplicates and strangers included, none sharing an object", async () => {
    const { store } = world();
    const { record } = await store.create({ data: { n: 1 } });
    const found = await store.getMany([record.id, "nobody", record.id]);
    expect(found).toStrictEqual([record, null, record]);
    expect(found[0]).not.toBe(found[2]);
    expect(await store.getMany([])).toEqual([]);
  });

  it("keeps a quota called __proto__ like any other", async () => {
    const { store } = world();
    const { record } = await store.create({ data: { n: 1 }, quotas: { ["__proto__"]: 3n } });
    expect(await store.debit(record.id, { quota: "__proto__", amount: 1n })).toMatchObject({ remaining: 2n });
    const quotas = (await store.get(record.id))?.quotas ?? {};
    expect(Object.entries(quotas)).toEqual([["__proto__", 2n]]);
  });

  it("changes nothing in the store when a caller changes what it was given", async () => {
    const { store } = world();
    const data = { n: 1 };
    const { record } = await store.create({ data, quotas: { calls: 1n } });
    data.n = 2;
    record.data.n = 3;
    if (record.quotas) record.quotas.calls = 99n;
    expect(await store.get(record.id)).toMatchObject({ data: { n: 1 }, quotas: { calls: 1n } });
  });
});

describe("update and modify", () => {
  it("replaces data for the version named and moves no expiry", async () => {
    const { clock, store } = world();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice", absoluteTtlMs: day, quotas: { q: 1n } });
    clock.advance(minute);
    const updated = await store.update(record.id, { n: 2 }, { ifVersion: record.version });
    expect(updated).toStrictEqual({ status: "ok", record: { ...record, data: { n: 2 }, version: record.version + 1 } });
    const stale = await store.update(record.id, { n: 3 }, { ifVersion: record.version });
    expect(stale).toStrictEqual({
      status: "conflict",
      current: { ...record, data: { n: 2 }, version: record.version + 1 },
    });
    expect(await store.update("nobody", { n: 3 }, { ifVersion: 1 })).toEqual({ status: "missing" });
  });

  it("adds 50 when 50 modify at once over two instances", async () => {
    const { port, store } = world();
    const other = createSessionStore<{ n: number }>(port);
    const { record } = await store.create({ data: { n: 0 } });
    const add = (data: { n: number }) => ({ n: data.n + 1 });
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 ? store : other).modify(record.id, add)),
    );
    expect(replies.every((reply) => reply.status === "ok")).toBe(true);
    expect((await store.get(record.id))?.data).toEqual({ n: 50 });
  });

  it("is contended only after its retries", async () => {
    const { store } = world();
    const { record } = await store.create({ data: { n: 0 } });
    let tries = 0;
    const spoiled = async (data: { n: number }) => {
      tries += 1;
      await store.modify(record.id, (current) => current);
      return data;
    };
    expect(await store.modify(record.id, spoiled, { retries: 3 })).toEqual({ status: "contended" });
    expect(tries).toBe(4);
    expect(await store.modify("nobody", spoiled)).toEqual({ status: "missing" });
    await expect(store.modify(record.id, spoiled, { retries: -1 })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
  });

  it("stops trying when its signal aborts or the store closes", async () => {
    const { port, store } = world();
    const { record } = await store.create({ data: { n: 0 } });
    const abort = new AbortController();
    const spoil = (end: () => void) => async (data: { n: number }) => {
      const reader = createSessionStore<{ n: number }>(port, {}, false);
      await reader.modify(record.id, (current) => current);
      end();
      return data;
    };
    const reason = new Error("enough");
    const aborted = store.modify(
      record.id,
      spoil(() => abort.abort(reason)),
      { signal: abort.signal },
    );
    await expect(aborted).rejects.toBe(reason);
    await expect(
      store.modify(
        record.id,
        spoil(() => void store.close()),
      ),
    ).rejects.toSatisfy(code("STORE_CLOSED"));
  });
});

describe("touch", () => {
  it("extends to now + idle TTL, never past the absolute deadline and never backwards", async () => {
    const { clock, store } = world();
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
    const { clock, store } = world();
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
    const { store } = world();
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
    const { clock, store } = world();
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
    const { port, store } = world();
    const { record } = await store.create({ data: { n: 1 } });
    await store.delete(record.id);
    const grant = { opId: "p1", extendMs: hour, createWith: { data: { n: 2 } } };
    expect(await store.credit(record.id, grant)).toEqual({ status: "missing" });
    expect(port.records.size).toBe(0);
  });

  it("takes the expiry of a session without paid time from createWith, never from the defaults", async () => {
    const { clock, store } = world();
    const quotas = { calls: 3n };
    const call = store.credit("a", { opId: "p1", quotas, createWith: { data: { n: 1 } } });
    await expect(call).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    const grant = { opId: "p1", quotas, createWith: { data: { n: 1 }, idleTtlMs: hour, absoluteTtlMs: day } };
    const expiresAtMs = clock.now() + hour;
    expect(await store.credit("a", grant)).toStrictEqual({ status: "ok", expiresAtMs, quotas, replayed: false });
  });

  it("changes and remembers nothing past the absolute deadline or past 2^63 - 1", async () => {
    const { port, store } = world();
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
    const { store } = world();
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
    const { clock, store } = world();
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
    const { store } = world();
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
    const { store } = world();
    const { record } = await store.create({ data: { n: 1 }, quotas: { q: 5n } });
    for (const amount of [0n, -1n, 2n ** 63n]) {
      await expect(store.debit(record.id, { quota: "q", amount })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    }
    expect((await store.get(record.id))?.quotas).toEqual({ q: 5n });
  });
});

describe("rotate", () => {
  it("moves everything but the id, and the old id is dead at once", async () => {
    const { store } = world();
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
    const { store } = world();
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

describe("delete and subjects", () => {
  it("deletes only the version named", async () => {
    const { store } = world();
    const { record } = await store.create({ data: { n: 1 } });
    expect(await store.delete(record.id, { ifVersion: record.version + 1 })).toBe(false);
    await expect(store.delete(record.id, { ifVersion: 0.5 })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    expect(await store.delete(record.id, { ifVersion: record.version })).toBe(true);
    expect(await store.delete(record.id)).toBe(false);
  });

  it("lists a subject's sessions by handles that delete them and reveal no id", async () => {
    const { clock, port, store } = world();
    const kept = await store.create({ data: { n: 1 }, subject: "alice" });
    const ended = await store.create({ data: { n: 2 }, subject: "alice", idleTtlMs: 1 });
    await store.create({ data: { n: 3 }, subject: "alice*" });
    clock.advance(1);
    const listed = await collected(store.listBySubject("alice"));
    const { id, ...rest } = kept.record;
    expect(listed).toStrictEqual([{ handle: expect.any(String), ...rest }]);
    const everything = JSON.stringify([listed, [...port.records]]);
    for (const secret of [id, ended.record.id]) expect(everything).not.toContain(secret.slice(20));
    expect(await store.delete({ handle: listed[0]?.handle ?? "" })).toBe(true);
    expect(await collected(store.listBySubject("alice"))).toEqual([]);
    expect(await store.get(id)).toBeNull();
  });

  it("deletes all sessions of one subject but the one excepted", async () => {
    const { store } = world();
    const alice = await Promise.all([1, 2, 3].map((n) => store.create({ data: { n }, subject: "alice" })));
    const bob = await store.create({ data: { n: 4 }, subject: "bob" });
    const exceptId = alice[1]?.record.id;
    expect(await store.deleteBySubject("alice", { exceptId })).toEqual({ deleted: 2 });
    const left = await store.getMany([...alice, bob].map(({ record }) => record.id));
    expect(left.map((record) => record?.data.n)).toEqual([undefined, 2, undefined, 4]);
    expect(await store.deleteBySubject("nobody")).toEqual({ deleted: 0 });
  });

  it("finds the subject's sessions under every secret", async () => {
    const { port } = world();
    const options = { defaults: { idleTtlMs: hour } };
    const old = createSessionStore(port, { ...options, keySecret: "old" });
    const both = createSessionStore(port, { ...options, keySecret: ["new", "old"] });
    await old.create({ data: 1, subject: "alice" });
    await both.create({ data: 2, subject: "alice" });
    expect((await collected(both.listBySubject("alice"))).map(({ data }) => data)).toEqual([2, 1]);
    expect(await both.deleteBySubject("alice")).toEqual({ deleted: 2 });
  });
});

describe("what is stored", () => {
  it("is refused above the size limit, and the prior value stays", async () => {
    const { port } = world();
    const store = createSessionStore(port, { maxValueBytes: 12, defaults: { idleTtlMs: hour } });
    const { record } = await store.create({ data: "éééé" });
    await expect(store.update(record.id, "ééééé", { ifVersion: record.version })).rejects.toSatisfy(
      code("STORE_VALUE_TOO_LARGE"),
    );
    await expect(store.create({ data: 1, subject: "a long name" })).rejects.toSatisfy(code("STORE_VALUE_TOO_LARGE"));
    expect(await store.get(record.id)).toStrictEqual(record);
  });

  it("throws for a corrupt record and keeps it", async () => {
    const { port, store } = world();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice" });
    const [key = "", whole] = [...port.records].find(([name]) => name.includes(":s:")) ?? [];
    if (whole === undefined) throw new Error("there is a session");
    const body: object = Object(whole.body);
    for (const broken of [
      null,
      [],
      "x",
      {},
      { ...body, version: "1" },
      { ...body, quotas: [["q", "-1"]] },
      { ...body, subject: "alice" },
      { ...body, payload: "?" },
      { ...body, payload: "1{" },
    ]) {
      port.put(key, { ...whole, body: broken });
      await expect(store.get(record.id)).rejects.toSatisfy(code("STORE_CORRUPT"));
      expect(port.records.get(key)?.body).toEqual(broken);
    }
  });

  it("leaves no record behind when everything has ended", async () => {
    const { clock, port, store } = world();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice" });
    await store.credit(record.id, { opId: "p1", extendMs: hour });
    clock.advance(day + hour);
    for (const { endsAtMs } of port.records.values()) expect(endsAtMs).toBeLessThanOrEqual(clock.now());
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 0 });
  });
});
