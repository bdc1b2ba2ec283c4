// The port itself: bounds, expiry, all-or-nothing room, recency, hints, scanning, closing.
import type { StoredRecord } from "@tollbooth-stores/core";
import { isStoreError } from "@tollbooth-stores/core";
import { type ManualClock, manualClock } from "@tollbooth-stores/core/testing";
import { describe, expect, it } from "vitest";
import { type MemoryPortOptions, memoryPort } from "./memory-port.ts";

type Body = { droppable?: boolean; beside?: boolean; name?: string };
const record = (endsAtMs: number, body: Body = {}): StoredRecord =>
  Object.freeze({ endsAtMs, body: Object.freeze(body) });
const isDroppable = (found: StoredRecord) => (found.body as Body).droppable === true;

function openPort(options: MemoryPortOptions = {}, startMs = 1_000) {
  const clock: ManualClock = manualClock(startMs);
  const port = memoryPort({ clock, ...options });
  return {
    port,
    clock,
    /** Writes one record a key; `null` deletes. */
    write: (writes: Record<string, StoredRecord | null>) =>
      port.transact(Object.keys(writes), () => ({ writes: Object.values(writes), reply: undefined })),
    read: (key: string) => port.transact([key], ([found = null]) => ({ reply: found })),
    async keys(prefix = "") {
      const found: string[] = [];
      for await (const key of port.scan?.(prefix) ?? []) found.push(key);
      return found.sort();
    },
  };
}

const capacityRefusal = expect.objectContaining({
  code: "STORE_CAPACITY",
  outcome: "not-applied",
  message: expect.stringContaining("maxEntries"),
});

describe("records", () => {
  it("keeps and hands out the very record it was given", async () => {
    const { write, read } = openPort();
    const given = record(2_000, { name: "a" });
    await write({ a: given });
    expect(await read("a")).toBe(given);
  });

  it("replaces, keeps and deletes by what the step writes", async () => {
    const { port, write, keys, read } = openPort();
    await write({ a: record(2_000), b: record(2_000, { name: "old" }), c: record(2_000) });
    await port.transact(["a", "b", "c"], () => ({
      writes: [undefined, record(2_000, { name: "new" }), null],
      reply: undefined,
    }));
    expect(await keys()).toEqual(["a", "b"]);
    expect((await read("b"))?.body).toEqual({ name: "new" });
  });

  it("is live before endsAtMs and absent at it", async () => {
    const { clock, write, read } = openPort();
    await write({ a: record(1_500) });
    clock.advance(499);
    expect(await read("a")).not.toBeNull();
    clock.advance(1);
    expect(await read("a")).toBeNull();
  });

  it("takes a write that has already ended as a deletion", async () => {
    const { write, read, keys } = openPort({ maxEntries: 1 });
    await write({ a: record(2_000) });
    await write({ a: record(1_000), b: record(1_000) });
    expect(await read("a")).toBeNull();
    expect(await keys()).toEqual([]);
  });

  it("writes nothing and throws what the step throws", async () => {
    const { port, keys } = openPort();
    const refusal = new Error("no");
    await expect(
      port.transact(["a"], () => {
        throw refusal;
      }),
    ).rejects.toBe(refusal);
    expect(await keys()).toEqual([]);
  });

  it("keeps two prefixes on one port apart", async () => {
    const { write, keys } = openPort();
    await write({ "one:x": record(2_000), "two:x": record(2_000), "two:y": record(2_000) });
    await write({ "two:x": null });
    expect(await keys("one:")).toEqual(["one:x"]);
    expect(await keys("two:")).toEqual(["two:y"]);
  });
});

describe("decide", () => {
  const name = (key: string) => ({ key, place: undefined });
  const count = (found: StoredRecord | null, nowMs: number, livesMs: number) => {
    const next = found === null ? 1 : Number(found.body) + 1;
    return { writes: [{ endsAtMs: nowMs + livesMs, body: next }], reply: next };
  };

  it("answers at once, on the records that transact sees", async () => {
    const { port, read, write } = openPort();
    const known = name("a");
    expect(port.decide?.(known, count, 1_000)).toBe(1);
    expect(port.decide?.(known, count, 1_000)).toBe(2);
    expect(port.decide?.(name("a"), count, 1_000)).toBe(3);
    expect((await read("a"))?.body).toBe(3);
    await write({ a: null });
    expect(port.decide?.(known, count, 1_000)).toBe(1);
  });

  it("never takes an ended or replaced record, or another port's, for the one that it knew", async () => {
    const { port, clock, write } = openPort();
    const known = name("a");
    port.decide?.(known, count, 1_000);
    port.decide?.(known, count, 1_000);
    clock.advance(1_000);
    expect(port.decide?.(known, count, 1_000)).toBe(1);
    await write({ a: null });
    await write({ a: { endsAtMs: clock.now() + 1_000, body: 40 } });
    expect(port.decide?.(known, count, 1_000)).toBe(41);
    expect(openPort().port.decide?.(known, count, 1_000)).toBe(1);
    expect(port.decide?.(known, count, 1_000)).toBe(42);
  });

  it("throws where transact rejects, and then changes nothing", async () => {
    const { port, keys } = openPort({ maxEntries: 1 });
    const refusal = new Error("no");
    const refuse = () => {
      throw refusal;
    };
    expect(() => port.decide?.(name("a"), refuse, undefined)).toThrow(refusal);
    port.decide?.(name("a"), count, 1_000);
    expect(() => port.decide?.(name("b"), count, 1_000)).toThrow(capacityRefusal);
    expect(await keys()).toEqual(["a"]);
    await port.close();
    expect(() => port.decide?.(name("a"), count, 1_000)).toThrow(expect.objectContaining({ code: "STORE_CLOSED" }));
  });

  it("deletes, keeps and takes a write that has ended as a deletion, as transact does", async () => {
    const { port, keys } = openPort();
    const known = name("a");
    port.decide?.(known, count, 1_000);
    port.decide?.(known, () => ({ writes: [undefined], reply: 0 }), 0);
    expect(await keys()).toEqual(["a"]);
    port.decide?.(known, () => ({ writes: [null], reply: 0 }), 0);
    expect(await keys()).toEqual([]);
    port.decide?.(known, count, 1_000);
    port.decide?.(known, count, -1);
    expect(await keys()).toEqual([]);
  });
});

describe("the clock", () => {
  it("may be fractional and start at 0", async () => {
    const clock = { now: () => 0.9 };
    const port = memoryPort({ clock });
    expect(await port.transact(["a"], (_, nowMs) => ({ writes: [record(1)], reply: nowMs }))).toBe(0);
    expect(await port.transact(["a"], ([found]) => ({ reply: found }))).not.toBeNull();
  });

  it("may step backwards: ends are instants, and room is still found", async () => {
    const { clock, write, read, keys } = openPort({ maxEntries: 2 }, 1_000_000);
    await write({ a: record(1_000_010), late: record(2_000_000) });
    clock.advance(10);
    await write({ b: record(1_000_020) });
    clock.advance(-500_000);
    expect(await read("late")).not.toBeNull();
    await write({ b: null, c: record(500_020) });
    clock.advance(10);
    await write({ d: record(600_000) });
    expect(await keys()).toEqual(["d", "late"]);
  });

  it("fails safely", async () => {
    const now = () => {
      throw new Error("secret");
    };
    const failure = memoryPort({ clock: { now } }).transact(["a"], () => ({ reply: 1 }));
    const message = expect.not.stringContaining("secret");
    await expect(failure).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", outcome: "not-applied", message });
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("is refused when it says %s", async (value) => {
    const port = memoryPort({ clock: { now: () => value } });
    await expect(port.transact(["a"], () => ({ reply: 1 }))).rejects.toMatchObject({
      code: "STORE_CONFIG",
      message: expect.stringContaining("clock"),
    });
  });
});

describe("at maxEntries", () => {
  it("refuses a new key with STORE_CAPACITY and keeps everything", async () => {
    const { write, keys } = openPort({ maxEntries: 2 });
    await write({ a: record(2_000), b: record(2_000) });
    await expect(write({ c: record(2_000) })).rejects.toEqual(capacityRefusal);
    expect(await keys()).toEqual(["a", "b"]);
  });

  it("refuses a step as a whole: none of its writes or deletions happen", async () => {
    const { write, read, keys } = openPort({ maxEntries: 2 });
    await write({ a: record(2_000, { name: "before" }), b: record(2_000) });
    await expect(
      write({ a: record(2_000, { name: "after" }), b: null, c: record(2_000), d: record(2_000) }),
    ).rejects.toEqual(capacityRefusal);
    expect(await keys()).toEqual(["a", "b"]);
    expect((await read("a"))?.body).toEqual({ name: "before" });
  });

  it("takes what needs no room when it is full, and drops it when it has ended", async () => {
    const needsNoRoom = (found: StoredRecord) => (found.body as Body).beside === true;
    const { write, keys, read, clock } = openPort({ maxEntries: 1, needsNoRoom });
    await write({ a: record(5_000), "a beside": record(2_000, { beside: true }) });
    await write({ "a beside": record(3_000, { beside: true, name: "new" }) });
    expect((await read("a beside"))?.body).toMatchObject({ name: "new" });
    await expect(write({ b: record(5_000) })).rejects.toEqual(capacityRefusal);
    expect(await keys()).toEqual(["a", "a beside"]);
    clock.advance(2_000);
    expect(await keys()).toEqual(["a"]);
    expect(await read("a beside")).toBeNull();
  });

  it("needs no room for writing an existing key, nor where a deletion of the same step makes it", async () => {
    const { write, keys } = openPort({ maxEntries: 2 });
    await write({ a: record(2_000), b: record(2_000) });
    await write({ a: record(3_000) });
    await write({ c: record(2_000), b: null });
    expect(await keys()).toEqual(["a", "c"]);
  });

  it("drops what has ended before it refuses", async () => {
    const { clock, write, keys } = openPort({ maxEntries: 3 });
    await write({ a: record(1_010), b: record(2_000), c: record(1_020) });
    clock.advance(20);
    await write({ d: record(2_000), e: record(2_000) });
    expect(await keys()).toEqual(["b", "d", "e"]);
  });

  it("looks for ended records at most once in 100 ms of its clock", async () => {
    const { clock, write, keys } = openPort({ maxEntries: 2 });
    await write({ a: record(1_010), b: record(1_050) });
    clock.advance(10);
    await write({ c: record(5_000) });
    clock.advance(99);
    await expect(write({ d: record(5_000) })).rejects.toEqual(capacityRefusal);
    clock.advance(1);
    await write({ d: record(5_000) });
    expect(await keys()).toEqual(["c", "d"]);
  });

  it("finds room under a clock that stands still", async () => {
    const { clock, write, keys } = openPort({ maxEntries: 1 });
    await write({ a: record(1_001) });
    await expect(write({ b: record(2_000) })).rejects.toEqual(capacityRefusal);
    clock.advance(1);
    await write({ b: record(2_000) });
    expect(await keys()).toEqual(["b"]);
  });

  it("drops the least recently used droppable record, and only as many as it needs", async () => {
    const { write, read, keys } = openPort({ maxEntries: 4, isEvictable: isDroppable });
    await write({ kept: record(2_000) });
    for (const key of ["a", "b", "c"]) await write({ [key]: record(2_000, { droppable: true }) });
    await read("a");
    await write({ d: record(2_000, { droppable: true }) });
    expect(await keys()).toEqual(["a", "c", "d", "kept"]);
  });

  it("never drops a record that the same step has read", async () => {
    const { port, write, keys } = openPort({ maxEntries: 2, isEvictable: isDroppable });
    await write({ a: record(2_000, { droppable: true }), b: record(2_000, { droppable: true }) });
    const step = () => ({ writes: [undefined, undefined, record(2_000)], reply: undefined });
    await expect(port.transact(["a", "b", "c"], step)).rejects.toEqual(capacityRefusal);
    await port.transact(["a", "c"], () => ({ writes: [undefined, record(2_000)], reply: undefined }));
    expect(await keys()).toEqual(["a", "c"]);
  });

  it("drops nothing when the droppable ones would not suffice", async () => {
    const { write, keys } = openPort({ maxEntries: 2, isEvictable: isDroppable });
    await write({ a: record(2_000, { droppable: true }), kept: record(2_000) });
    await expect(write({ c: record(2_000), d: record(2_000) })).rejects.toEqual(capacityRefusal);
    expect(await keys()).toEqual(["a", "kept"]);
  });

  it("judges a record anew each time it is written", async () => {
    const { write, keys } = openPort({ maxEntries: 1, isEvictable: isDroppable });
    await write({ a: record(2_000, { droppable: true }) });
    await write({ a: record(2_000) });
    await expect(write({ b: record(2_000) })).rejects.toEqual(capacityRefusal);
    await write({ a: record(2_000, { droppable: true }) });
    await write({ b: record(2_000) });
    expect(await keys()).toEqual(["b"]);
  });

  it("refuses in a handful of steps, however full it is", async () => {
    let looks = 0;
    const counted = (): StoredRecord => ({
      get endsAtMs() {
        looks += 1;
        return 10_000;
      },
      body: {},
    });
    const { clock, write } = openPort({ maxEntries: 1_000, isEvictable: () => false });
    for (let index = 0; index < 1_000; index += 1) await write({ [`k${index}`]: counted() });
    looks = 0;
    for (let index = 0; index < 100; index += 1) {
      clock.advance(1);
      await expect(write({ [`new${index}`]: record(9_000) })).rejects.toEqual(capacityRefusal);
    }
    expect(looks).toBe(0);
  });

  it("looks at every record at most once between two ends, however often it refuses", async () => {
    let looks = 0;
    const { clock, write } = openPort({ maxEntries: 100, isEvictable: () => false });
    const counted = (endsAtMs: number): StoredRecord => ({
      get endsAtMs() {
        looks += 1;
        return endsAtMs;
      },
      body: {},
    });
    await write({ first: record(1_001) });
    for (let index = 0; index < 99; index += 1) await write({ [`k${index}`]: counted(100_000) });
    clock.advance(1);
    await write({ last: record(100_000) });
    looks = 0;
    for (let index = 0; index < 20; index += 1) {
      clock.advance(100);
      await expect(write({ new: record(90_000) })).rejects.toEqual(capacityRefusal);
    }
    expect(looks).toBe(0);
  });

  it.each([0, -1, 1.5, Number.NaN, 10_000_001])("refuses %s as maxEntries", (maxEntries) => {
    expect(() => memoryPort({ maxEntries })).toThrow(
      expect.objectContaining({
        code: "STORE_CONFIG",
        message: "maxEntries must be a whole number from 1 to 10000000.",
      }),
    );
  });
});

describe("hints", () => {
  it("wake every subscriber of that key and no other, until they unsubscribe", () => {
    const { hint } = memoryPort();
    const woken: string[] = [];
    const wakeTwice = () => woken.push("same");
    const first = hint?.subscribe("k", wakeTwice);
    hint?.subscribe("k", wakeTwice);
    hint?.subscribe("other", () => woken.push("other"));
    hint?.publish("k");
    expect(woken).toEqual(["same", "same"]);
    first?.();
    first?.();
    hint?.publish("k");
    expect(woken).toEqual(["same", "same", "same"]);
    hint?.publish("nobody");
  });

  it("call each subscriber once, also one that leaves and subscribes again meanwhile", () => {
    const { hint } = memoryPort();
    let calls = 0;
    let leave: (() => void) | undefined;
    const stay = () => {
      calls += 1;
      leave?.();
      if (calls < 10) leave = hint?.subscribe("k", stay);
    };
    hint?.subscribe("k", () => {});
    leave = hint?.subscribe("k", stay);
    hint?.publish("k");
    expect(calls).toBe(1);
    hint?.publish("k");
    expect(calls).toBe(2);
  });
});

describe("scan", () => {
  it("gives live keys under the prefix as they were when it began, and skips what ended meanwhile", async () => {
    const { port, clock, write } = openPort({ isEvictable: isDroppable });
    await write({
      "p:a": record(5_000),
      "p:b": record(1_010),
      "p:c": record(5_000, { droppable: true }),
      q: record(5_000),
    });
    const seen: string[] = [];
    for await (const key of port.scan?.("p:") ?? []) {
      seen.push(key);
      clock.advance(10);
      await write({ [`p:new${seen.length}`]: record(5_000) });
    }
    expect(seen).toEqual(["p:a", "p:c"]);
  });

  it("is no use: it saves no droppable record from being the next to go", async () => {
    const { write, keys } = openPort({ maxEntries: 2, isEvictable: isDroppable });
    await write({ a: record(2_000, { droppable: true }) });
    await write({ b: record(2_000, { droppable: true }) });
    await keys("a");
    await write({ c: record(2_000) });
    expect(await keys()).toEqual(["b", "c"]);
  });

  it("stops with the signal's reason", async () => {
    const { port, write } = openPort();
    await write({ a: record(5_000), b: record(5_000) });
    const controller = new AbortController();
    const seen: string[] = [];
    const listing = async () => {
      for await (const key of port.scan?.("", { signal: controller.signal }) ?? []) {
        seen.push(key);
        controller.abort(new Error("enough"));
      }
    };
    await expect(listing()).rejects.toThrow("enough");
    expect(seen).toEqual(["a"]);
  });
});

describe("ending", () => {
  it("refuses every call after close, which may be repeated", async () => {
    const { port, write, keys } = openPort();
    await write({ a: record(5_000) });
    await port.close();
    await port.close();
    await expect(write({ a: record(5_000) })).rejects.toSatisfy((error) => isStoreError(error, "STORE_CLOSED"));
    await expect(keys()).rejects.toSatisfy((error) => isStoreError(error, "STORE_CLOSED"));
  });

  it("does not run a step whose signal was aborted before", async () => {
    const { port } = openPort();
    let ran = false;
    const step = () => {
      ran = true;
      return { reply: undefined };
    };
    await expect(port.transact(["a"], step, { signal: AbortSignal.abort(new Error("late")) })).rejects.toThrow("late");
    expect(ran).toBe(false);
  });
});
