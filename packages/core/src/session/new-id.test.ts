// Ids that are known before anything is sent: a retry of create or rotate makes no second session and loses none.
import { describe, expect, it } from "vitest";
import { createSessionStore } from "./create-session-store.ts";
import { sessionLocation } from "./session-id.ts";
import { code, collected, hour, storeWorld } from "./session-store.test-support.ts";

const data = { n: 1 };
const invalid = code("STORE_INVALID_ARGUMENT");

describe("newId", () => {
  it("issues ids of create's form, no two alike, of a random tag, the subject's, or that of the id replaced", async () => {
    const { store, port } = storeWorld();
    const ids = Array.from({ length: 100 }, () => store.newId());
    expect(new Set(ids).size).toBe(100);
    expect(ids.every((id) => /^[\w-]{19}\.[\w-]{43}$/.test(id))).toBe(true);
    expect(new Set(ids.map((id) => sessionLocation(id).tag)).size).toBeGreaterThan(50);
    const created = await store.create({ data, subject: "alice" });
    const { tag, lineage } = sessionLocation(created.record.id);
    expect(sessionLocation(store.newId({ subject: "alice" })).tag).toBe(tag);
    expect(sessionLocation(store.newId({ replaces: created.record.id }))).toMatchObject({ tag, lineage });
    expect(sessionLocation(store.newId({ replaces: "mine" })).lineage).toBe(sessionLocation("mine").lineage);
    expect(port.records.size, "nothing is stored for it").toBe(2);
  });

  it("works while the store is closed", async () => {
    const { store } = storeWorld();
    await store.close();
    expect(store.newId({ subject: "alice" })).toMatch(/\./);
  });
});

describe("create with an issued id", () => {
  it("makes one session of it, however often it is called, and keeps the subject", async () => {
    const { store } = storeWorld();
    const id = store.newId({ subject: "alice" });
    const calls = Array.from({ length: 20 }, (_, n) => store.create({ id, subject: "alice", data: { n } }));
    const answers = await Promise.all(calls);
    expect(answers[0]).toMatchObject({ status: "ok", record: { id, subject: "alice", data: { n: 0 } } });
    expect(answers.slice(1)).toEqual(Array.from({ length: 19 }, () => ({ status: "exists" })));
    expect(await collected(store.listBySubject("alice"))).toHaveLength(1);
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 1 });
    expect((await store.create({ id, subject: "alice", data })).status, "after its end").toBe("ok");
  });

  it("needs no subject, and takes no other one's", async () => {
    const { store } = storeWorld();
    expect((await store.create({ id: store.newId({ subject: "alice" }), data })).status).toBe("ok");
    expect((await store.create({ id: store.newId(), data })).status).toBe("ok");
    const id = store.newId({ subject: "alice" });
    await expect(store.create({ id, subject: "bob", data })).rejects.toSatisfy(invalid);
    expect(await store.get(id)).toBeNull();
  });

  it("takes an id that was issued before the secret changed, and finds its session by the subject", async () => {
    const { port } = storeWorld();
    const before = createSessionStore(port, { keySecret: "old" });
    const after = createSessionStore(port, { keySecret: ["new", "old"] });
    const id = before.newId({ subject: "alice" });
    expect(sessionLocation(after.newId({ subject: "alice" })).tag).not.toBe(sessionLocation(id).tag);
    const input = { id, subject: "alice", data: 1, idleTtlMs: hour };
    expect((await after.create(input)).status).toBe("ok");
    expect(await before.create(input)).toEqual({ status: "exists" });
    expect(await after.deleteBySubject("alice")).toEqual({ deleted: 1 });
  });
});

describe("rotate to an id that is known before", () => {
  it("moves the session there; a retry is told that it is missing, and it lives on", async () => {
    const { store } = storeWorld();
    for (const created of [
      await store.create({ data, subject: "alice", quotas: { q: 5n } }),
      await store.create({ id: "mine", data, quotas: { q: 5n } }),
    ]) {
      if (created.status !== "ok") throw new Error("both should exist");
      const { record } = created;
      await store.debit(record.id, { quota: "q", amount: 1n, opId: "p" });
      const newId = store.newId({ replaces: record.id });
      const answers = await Promise.all([1, 2, 3].map(() => store.rotate(record.id, { newId })));
      expect(answers).toEqual([
        { status: "ok", record: { ...record, id: newId, quotas: { q: 4n } } },
        { status: "missing" },
        { status: "missing" },
      ]);
      expect(await store.get(newId)).toMatchObject({ data });
      expect(await store.debit(newId, { quota: "q", amount: 1n, opId: "p" })).toMatchObject({ replayed: true });
    }
    expect(await store.deleteBySubject("alice")).toEqual({ deleted: 1 });
  });

  it("overwrites no other session", async () => {
    const { store } = storeWorld();
    const { record } = await store.create({ data });
    const newId = store.newId({ replaces: record.id });
    await store.create({ id: newId, data: { n: 2 } });
    await expect(store.rotate(record.id, { newId })).rejects.toSatisfy(invalid);
    expect((await store.get(record.id))?.data).toEqual(data);
    expect((await store.get(newId))?.data).toEqual({ n: 2 });
  });

  it("finishes a rotation that was cut off between its writes", async () => {
    const { store, port } = storeWorld();
    const { record } = await store.create({ data });
    const [before] = [...port.records];
    const newId = store.newId({ replaces: record.id });
    await store.rotate(record.id, { newId });
    if (before === undefined) throw new Error("it was stored");
    port.put(...before);
    expect(await store.rotate(record.id, { newId })).toMatchObject({ status: "ok", record: { id: newId } });
    expect(await store.get(record.id)).toBeNull();
  });
});
