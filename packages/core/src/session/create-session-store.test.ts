// The session store over a Map port: what callers see, call by call.
import { describe, expect, it } from "vitest";
import { createSessionStore } from "./create-session-store.ts";
import { code, collected, day, hour, minute, storeWorld } from "./session-store.test-support.ts";

describe("create and get", () => {
  it("issues an id and finds the session under it until it expires, not at that instant", async () => {
    const { clock, store } = storeWorld();
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
    const { clock, store } = storeWorld();
    const first = await store.create({ id: "GET /a:payer", data: { n: 1 } });
    expect(await store.create({ id: "GET /a:payer", data: { n: 2 } })).toEqual({ status: "exists" });
    expect((await store.get("GET /a:payer"))?.data).toEqual({ n: 1 });
    clock.advance(15 * minute);
    const second = await store.create({ id: "GET /a:payer", data: { n: 3 } });
    if (first.status !== "ok" || second.status !== "ok") throw new Error("both should exist");
    expect(second.record.version).not.toBe(first.record.version);
  });

  it("refuses what can never be a session, before anything is stored", async () => {
    const { port, store } = storeWorld();
    const bare = createSessionStore(port);
    const before = port.records.size;
    const refused: Promise<unknown>[] = [
      store.create({ id: store.newId({ subject: "bob" }), subject: "alice", data: { n: 1 } }),
      store.create({ id: "", data: { n: 1 } }),
      store.create({ id: "x".repeat(1025), data: { n: 1 } }),
      store.create({ id: "mine", subject: "alice", data: { n: 1 } }),
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
    const { store } = storeWorld();
    for (const id of ["", "x".repeat(100_000), "\ud800", `${"a".repeat(19)}.${"b".repeat(43)}`]) {
      expect(await store.get(id)).toBeNull();
      expect(await store.touch(id)).toEqual({ status: "missing" });
      expect(await store.rotate(id)).toEqual({ status: "missing" });
      expect(await store.delete(id)).toBe(false);
    }
    expect(await store.delete({ handle: "no handle" })).toBe(false);
  });

  it("reads many in order, duplicates and strangers included, none sharing an object", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    const found = await store.getMany([record.id, "nobody", record.id]);
    expect(found).toStrictEqual([record, null, record]);
    expect(found[0]).not.toBe(found[2]);
    expect(await store.getMany([])).toEqual([]);
  });

  it("keeps a quota called __proto__ like any other", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, quotas: { ["__proto__"]: 3n } });
    expect(await store.debit(record.id, { quota: "__proto__", amount: 1n })).toMatchObject({ remaining: 2n });
    const quotas = (await store.get(record.id))?.quotas ?? {};
    expect(Object.entries(quotas)).toEqual([["__proto__", 2n]]);
  });

  it("changes nothing in the store when a caller changes what it was given", async () => {
    const { store } = storeWorld();
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
    const { clock, store } = storeWorld();
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
    const { port, store } = storeWorld();
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
    const { store } = storeWorld();
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
    const { port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 0 } });
    const abort = new AbortController();
    const spoil = (end: () => void) => async (data: { n: number }) => {
      const reader = createSessionStore<{ n: number }>(port, {}, { closePort: false });
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

describe("delete and subjects", () => {
  it("deletes only the version named", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 } });
    expect(await store.delete(record.id, { ifVersion: record.version + 1 })).toBe(false);
    await expect(store.delete(record.id, { ifVersion: 0.5 })).rejects.toSatisfy(code("STORE_INVALID_ARGUMENT"));
    expect(await store.delete(record.id, { ifVersion: record.version })).toBe(true);
    expect(await store.delete(record.id)).toBe(false);
  });

  it("lists a subject's sessions by handles that delete them and reveal no id", async () => {
    const { clock, port, store } = storeWorld();
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
    const { store } = storeWorld();
    const alice = await Promise.all([1, 2, 3].map((n) => store.create({ data: { n }, subject: "alice" })));
    const bob = await store.create({ data: { n: 4 }, subject: "bob" });
    const exceptId = alice[1]?.record.id;
    expect(await store.deleteBySubject("alice", { exceptId })).toEqual({ deleted: 2 });
    const left = await store.getMany([...alice, bob].map(({ record }) => record.id));
    expect(left.map((record) => record?.data.n)).toEqual([undefined, 2, undefined, 4]);
    expect(await store.deleteBySubject("nobody")).toEqual({ deleted: 0 });
  });

  it("finds the subject's sessions under every secret", async () => {
    const { port } = storeWorld();
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
    const { port } = storeWorld();
    const store = createSessionStore(port, { maxValueBytes: 12, defaults: { idleTtlMs: hour } });
    const { record } = await store.create({ data: "éééé" });
    await expect(store.update(record.id, "ééééé", { ifVersion: record.version })).rejects.toSatisfy(
      code("STORE_VALUE_TOO_LARGE"),
    );
    await expect(store.create({ data: 1, subject: "a long name" })).rejects.toSatisfy(code("STORE_VALUE_TOO_LARGE"));
    expect(await store.get(record.id)).toStrictEqual(record);
  });

  it("throws for a corrupt record and keeps it", async () => {
    const { port, store } = storeWorld();
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
    const { clock, port, store } = storeWorld();
    const { record } = await store.create({ data: { n: 1 }, subject: "alice" });
    await store.credit(record.id, { opId: "p1", extendMs: hour });
    clock.advance(day + hour);
    for (const { endsAtMs } of port.records.values()) expect(endsAtMs).toBeLessThanOrEqual(clock.now());
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 0 });
  });
});
