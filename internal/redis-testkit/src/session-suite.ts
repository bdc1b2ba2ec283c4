// Sessions as Redis holds them, in numbers, with default deadlines; and a record that cannot be read among those that can.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { operationChannel, type SessionStore } from "@tollbooth-stores/core";
import { manualClock } from "@tollbooth-stores/core/testing";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ClientProvider } from "./client-provider.ts";
import { type RunningRedis, startRedis } from "./start-redis.ts";

const idleTtlMs = 900_000;
const hour = 3_600_000;
const subject = "alice";

/** Registers the tests. */
export function sessionSuite<Client>({ name, create }: ClientProvider<Client>): void {
  describe(`sessions of ${name} in numbers`, () => {
    let redis: RunningRedis;
    let store: SessionStore;
    let other: SessionStore;
    const open = (more: { clock?: { now(): number }; commandTimeoutMs?: number } = {}) =>
      create.sessions({ connection: { url: redis.url }, keyPrefix: "s", ...more });
    beforeAll(async () => {
      redis = await startRedis();
      [store, other] = [open(), open()];
      await Promise.all([store.get("connected"), other.get("connected")]);
    });
    afterEach(() => redis.command("FLUSHALL"));
    afterAll(async () => {
      await Promise.all([store.close(), other.close()]);
      await redis.stop();
    });
    const keys = async () => [await redis.command("KEYS", "*")].flat().map(String);

    /** Ids of new sessions, made some at a time. */
    const make = async (count: number, data: unknown = 0) => {
      const ids: string[] = [];
      while (ids.length < count) {
        const some = Array.from({ length: Math.min(50, count - ids.length) }, () =>
          store.create({ data, subject, idleTtlMs }),
        );
        ids.push(...(await Promise.all(some)).map(({ record }) => record.id));
      }
      return ids;
    };
    /** Touches these sessions, each client one after the other, until told to stop. */
    const touching = (ids: readonly string[], clients: number) => {
      let over = false;
      let touched = 0;
      const users = Array.from({ length: clients }, async (_, client) => {
        for (let turn = client; !over; turn += clients) {
          await other.touch(ids[turn % ids.length] ?? "");
          touched += 1;
        }
      });
      return async () => {
        over = true;
        await Promise.all(users);
        return touched;
      };
    };
    const listed = async (among: SessionStore = store) => {
      const all: unknown[] = [];
      for await (const { data } of among.listBySubject(subject)) all.push(data);
      return all;
    };

    it("deleteBySubject ends a thousand of them while a hundred calls at a time touch them", async () => {
      const ids = await make(1_000);
      const stop = touching(ids, 100);
      expect(await store.deleteBySubject(subject)).toEqual({ deleted: 1_000 });
      expect(await stop()).toBeGreaterThan(0);
      expect(await keys()).toEqual([]);
    });

    it("deleteBySubject ends a thousand large ones without reading them", async () => {
      await make(1_000, "x".repeat(60_000));
      expect(await store.deleteBySubject(subject)).toEqual({ deleted: 1_000 });
      expect(await keys()).toEqual([]);
    });

    it("what a deleteBySubject that was cut off has left, the next one ends", async () => {
      await make(350);
      const abort = new AbortController();
      const gone = store.deleteBySubject(subject, { signal: abort.signal });
      await expect.poll(async () => (await keys()).length).toBeLessThan(351);
      abort.abort(new Error("enough"));
      await gone.catch(() => undefined);
      const { deleted } = await other.deleteBySubject(subject);
      expect(deleted).toBeLessThan(350);
      expect(await keys()).toEqual([]);
    });

    it("two hundred of one subject are rotated at once, while others are used", async () => {
      const ids = await make(200);
      const stop = touching(ids, 3);
      const rotated = await Promise.all(ids.map((id, index) => (index % 2 === 0 ? store : other).rotate(id)));
      await stop();
      expect(rotated.map(({ status }) => status)).toEqual(ids.map(() => "ok"));
      expect(await listed()).toHaveLength(200);
      expect(await store.getMany(ids)).toEqual(ids.map(() => null));
    });

    it("a rotation takes along what was credited meanwhile, and gives way to an update", async () => {
      const { record } = await store.create({ data: 0, subject, idleTtlMs, quotas: { calls: 0n } });
      const [rotated, ...others] = await Promise.all([
        store.rotate(record.id),
        other.credit(record.id, { opId: "p", quotas: { calls: 5n }, extendMs: hour }),
        other.update(record.id, 1, { ifVersion: record.version }),
      ]);
      if (rotated.status !== "ok") throw new Error(rotated.status);
      const [credited, updated] = others.map(({ status }) => status === "ok");
      const after = await store.get(rotated.record.id);
      expect(after?.quotas).toEqual({ calls: credited === true ? 5n : 0n });
      expect(after?.data).toBe(updated === true ? 1 : 0);
    });

    it("getMany reads two thousand, and leaves the connection to others meanwhile", async () => {
      const ids = await make(2_000);
      let between = 0;
      let over = false;
      const others = (async () => {
        while (!over) {
          await store.get("another");
          between += 1;
        }
      })();
      const records = await store.getMany(ids);
      over = true;
      await others;
      expect(records.filter((record) => record !== null)).toHaveLength(2_000);
      expect(between).toBeGreaterThan(4);
    });

    it("a listing skips a session that cannot be read, keeps it, and says so without a name", async () => {
      const [bad = ""] = await make(1, "bad");
      await make(3, "good");
      const key = (await keys()).find((each) => each.includes(":s:")) ?? "";
      const before = await redis.command("GET", key);
      await redis.command("SETRANGE", key, "0", "\u007f");
      const messages: unknown[] = [];
      const listen = (message: unknown) => messages.push(message);
      subscribe(operationChannel, listen);
      const left = await listed().finally(() => unsubscribe(operationChannel, listen));
      expect(left).toHaveLength(3);
      const about = { store: "sessions", operation: "listBySubject", provider: name };
      expect(messages).toContainEqual({ ...about, durationMs: 0, outcome: "unreadable", errorCode: "STORE_CORRUPT" });
      const told = JSON.stringify(messages);
      for (const secret of [subject, bad, bad.slice(-43), key]) expect(told).not.toContain(secret);
      expect(String(await redis.command("GET", key)).slice(1)).toBe(String(before).slice(1));
    });

    it("a session that is used for months stays what it is, and so do texts of any alphabet", async () => {
      const clock = manualClock();
      const months = open({ clock });
      const input = {
        data: { plan: "профи 客 😀" },
        subject: "客:ünï",
        quotas: { "запросы 😀": 5n, calls: 2n ** 63n - 1n },
      };
      const { record } = await months.create({ ...input, idleTtlMs: 30 * 24 * hour, absoluteTtlMs: 400 * 24 * hour });
      const short = await months.create({ ...input, idleTtlMs: hour });
      const expected = { ...record };
      for (let day = 0; day < 90; day += 10) {
        clock.advance(10 * 24 * hour);
        expected.expiresAtMs = clock.now() + 30 * 24 * hour;
        expect(await months.touch(record.id)).toEqual({ status: "ok", expiresAtMs: expected.expiresAtMs });
        expect(await months.get(record.id)).toEqual(expected);
      }
      expect(await months.get(short.record.id)).toBeNull();
      // From an hour to weeks: the record's numbers need more room.
      const growing = await months.create({ ...input, idleTtlMs: hour });
      let expiresAtMs = growing.record.expiresAtMs;
      for (let step = 0; step < 200; step += 1) {
        clock.advance(hour / 2);
        expiresAtMs = clock.now() + hour;
        if (step % 50 === 49)
          expect(await months.get(growing.record.id)).toMatchObject({ ...input, expiresAtMs: expiresAtMs - hour / 2 });
        await months.touch(growing.record.id);
      }
      expect(await months.get(growing.record.id, { touch: true })).toEqual({ ...growing.record, expiresAtMs });
      expect(await months.debit(growing.record.id, { quota: "запросы 😀", amount: 2n })).toMatchObject({
        remaining: 3n,
      });
      const rotated = await months.rotate(growing.record.id);
      expect(rotated).toMatchObject({ record: { ...input, quotas: { "запросы 😀": 3n } } });
      await months.close();
    });

    it("a touch at maxmemory still extends a session, and a create is refused", async () => {
      const { record } = await store.create({ data: 0, subject, idleTtlMs });
      await redis.command("CONFIG", "SET", "maxmemory", "1");
      try {
        await expect(store.create({ data: 0, idleTtlMs })).rejects.toMatchObject({ outcome: "not-applied" });
        expect(await store.touch(record.id)).toMatchObject({ status: "ok" });
        expect(await store.deleteBySubject(subject)).toEqual({ deleted: 1 });
      } finally {
        await redis.command("CONFIG", "SET", "maxmemory", "0");
      }
    });

    it("every call refuses a record of a format to come or with a part missing, and keeps it", async () => {
      const { record } = await store.create({ data: "data", subject, idleTtlMs, quotas: { calls: 1n } });
      const key = (await keys()).find((each) => each.includes(":s:")) ?? "";
      const whole = String(await redis.command("GET", key));
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        get: () => store.get(record.id),
        touch: () => store.touch(record.id),
        "get with touch": () => store.get(record.id, { touch: true }),
        update: () => store.update(record.id, 1, { ifVersion: record.version }),
        credit: () => store.credit(record.id, { opId: "o", extendMs: 1 }),
        debit: () => store.debit(record.id, { quota: "calls", amount: 1n }),
        rotate: () => store.rotate(record.id),
        delete: () => store.delete(record.id),
        getMany: () => store.getMany([record.id, "missing"]),
      };
      for (const damaged of [
        `\u0020${whole.slice(1)}`,
        whole.slice(0, 12),
        `${whole.slice(0, 8)}客${whole.slice(9)}`,
        // A version that is none; one that is not in 7 bits; numbers as wide as they are not.
        `${whole.slice(0, 1)}${"\0".repeat(7)}${whole.slice(8)}`,
        `${whole.slice(0, 5)}é${whole.slice(6)}`,
        String.fromCharCode(whole.charCodeAt(0) + 1) + whole.slice(1),
      ]) {
        await redis.command("SET", key, damaged, "KEEPTTL");
        const before = await redis.command("GET", key);
        for (const [what, call] of Object.entries(calls)) {
          await expect(call(), what).rejects.toMatchObject({ code: "STORE_CORRUPT" });
        }
        expect(await redis.command("GET", key)).toEqual(before);
      }
    });
  });
}
