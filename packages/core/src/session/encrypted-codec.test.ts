// The encrypting codec: round trips, and that nothing altered or moved is ever read.
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStoreError, type StoreErrorCode } from "../errors.ts";
import type { SessionCodec } from "../session-codec.ts";
import { manualClock, mapPort } from "../testing.ts";
import { createSessionStore } from "./create-session-store.ts";
import { type EncryptionKey, encryptedCodec } from "./encrypted-codec.ts";
import { jsonCodec } from "./json-codec.ts";

const record = "tollbooth:sess:{abc}:s:hash";
const ringKey = (id: string): EncryptionKey => ({ id, key: randomBytes(32) });
const k1 = ringKey("k1");
const k2 = ringKey("k2");
const codec = encryptedCodec({ keys: [k1] });

function expectCode(run: () => unknown, code: StoreErrorCode): void {
  try {
    run();
  } catch (error) {
    if (!isStoreError(error, code)) throw error;
    return;
  }
  expect.unreachable(`should have thrown ${code}`);
}

describe("encryptedCodec", () => {
  it("gives back every JSON value under its record key, and under no other", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.string(), fc.string(), (value, mine, other) => {
        const text = codec.encode(value, mine);
        expect(codec.decode(text, mine)).toStrictEqual(jsonCodec.decode(jsonCodec.encode(value, mine), mine));
        if (other !== mine) expectCode(() => codec.decode(text, other), "STORE_CORRUPT");
      }),
    );
  });

  it("refuses a text in which any one bit was flipped", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, position) => {
        const bytes = Buffer.from(codec.encode(value, record));
        const bit = position % (bytes.length * 8);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expectCode(() => codec.decode(bytes.toString("latin1"), record), "STORE_CORRUPT");
      }),
      { numRuns: 1_000 },
    );
  });

  it("refuses every flipped bit of one text, its unused last bits included", () => {
    // 1 + 16 + 12 + 16 bytes of 8 bits leave bits over in base64url.
    for (const data of [1, 12, 123]) {
      const text = codec.encode(data, record);
      for (let bit = 0; bit < text.length * 8; bit += 1) {
        const bytes = Buffer.from(text);
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expectCode(() => codec.decode(bytes.toString("latin1"), record), "STORE_CORRUPT");
      }
    }
  });

  it("refuses a text that was cut, lengthened or emptied", () => {
    const text = codec.encode({ a: 1 }, record);
    for (let length = 0; length < text.length; length += 1) {
      expectCode(() => codec.decode(text.slice(0, length), record), "STORE_CORRUPT");
    }
    for (const end of ["A", "AAAA", "=", "\n", " "])
      expectCode(() => codec.decode(text + end, record), "STORE_CORRUPT");
  });

  it("never writes the same text twice and shows nothing of the data", () => {
    const texts = Array.from({ length: 50 }, () => codec.encode("hunter2hunter2", record));
    expect(new Set(texts).size).toBe(50);
    for (const text of texts) expect(Buffer.from(text.slice(4), "base64url").includes("hunter2")).toBe(false);
    expect(texts[0]).toMatch(/^2k1\.[\w-]+$/);
  });

  it("writes with the first key of the ring and reads with all", () => {
    const ring = encryptedCodec({ keys: [k2, k1] });
    expect(ring.decode(codec.encode("old", record), record)).toBe("old");
    const fresh = ring.encode("new", record);
    expect(fresh).toMatch(/^2k2\./);
    expectCode(() => codec.decode(fresh, record), "STORE_CORRUPT");
    // The id is authenticated: the same bytes under another name of the same key are refused.
    const renamed = encryptedCodec({ keys: [{ id: "k3", key: k2.key }] });
    expectCode(() => renamed.decode(fresh.replace("k2", "k3"), record), "STORE_CORRUPT");
  });

  it("keeps its keys when the caller wipes its own copy", () => {
    const mine = { id: "k", key: randomBytes(32) };
    const wiped = encryptedCodec({ keys: [mine] });
    const text = wiped.encode(1, record);
    mine.key.fill(0);
    expect(wiped.decode(text, record)).toBe(1);
    expect(wiped.decode(wiped.encode(2, record), record)).toBe(2);
  });

  it("reads plain text only where readPlain says so", () => {
    const plain = jsonCodec.encode({ a: 1 }, record);
    expectCode(() => codec.decode(plain, record), "STORE_CORRUPT");
    expect(() => codec.decode(plain, record)).toThrow(/readPlain/);
    expect(encryptedCodec({ keys: [k1], readPlain: true }).decode(plain, record)).toEqual({ a: 1 });
  });

  it("encrypts what another codec writes, and refuses what UTF-8 would change", () => {
    const dates: SessionCodec = {
      encode: (data) => (data instanceof Date ? data.toISOString() : "\ud800"),
      decode: (text) => new Date(text),
    };
    const both = encryptedCodec({ keys: [k1], inner: dates });
    expect(both.decode(both.encode(new Date(7), record), record)).toEqual(new Date(7));
    expectCode(() => both.encode("no date", record), "STORE_INVALID_ARGUMENT");
  });

  it("refuses a ring that cannot work, and shows no key", () => {
    const rings: EncryptionKey[][] = [
      [],
      [{ id: "", key: k1.key }],
      [{ id: "a.b", key: k1.key }],
      [{ id: "x".repeat(33), key: k1.key }],
      [{ id: "a", key: randomBytes(16) }],
      [k1, { id: "k1", key: k2.key }],
    ];
    for (const keys of rings) expectCode(() => encryptedCodec({ keys }), "STORE_CONFIG");
  });
});

describe("a session store with encryptedCodec", () => {
  it("stores neither data nor subject in the clear, and reads both back, also after rotate", async () => {
    const port = mapPort(manualClock());
    const store = createSessionStore(port, { codec, defaults: { idleTtlMs: 1_000 } });
    const { record: made } = await store.create({ data: { card: "hunter2-and-more" }, subject: "alice@example.org" });
    const rotated = await store.rotate(made.id);
    if (rotated.status !== "ok") throw new Error("it was there");
    expect(await store.get(rotated.record.id)).toStrictEqual({ ...made, id: rotated.record.id });
    const updated = await store.update(
      rotated.record.id,
      { card: "correct-horse-staple" },
      { ifVersion: made.version },
    );
    expect(updated).toMatchObject({
      status: "ok",
      record: { data: { card: "correct-horse-staple" }, subject: "alice@example.org" },
    });
    const stored = JSON.stringify([...port.records]);
    for (const secret of ["hunter2-and-more", "correct-horse-staple", "alice@example.org", '"card'])
      expect(stored).not.toContain(secret);
  });

  it("refuses one session's data in another's record, and a subject in place of data", async () => {
    const port = mapPort(manualClock());
    const store = createSessionStore(port, { codec, defaults: { idleTtlMs: 1_000 } });
    const poor = await store.create({ data: "poor" });
    const rich = await store.create({ data: "rich", subject: "alice" });
    const sessions = [...port.records].filter(([name]) => name.includes(":s:"));
    const [[poorKey, poorRecord] = [], [, richRecord] = []] = sessions;
    if (poorKey === undefined || poorRecord === undefined || richRecord === undefined) throw new Error("two sessions");
    port.put(poorKey, richRecord);
    await expect(store.get(poor.record.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
    const [richKey = ""] = sessions[1] ?? [];
    const body: { subject?: string[] } = Object(richRecord.body);
    port.put(richKey, { ...richRecord, body: { ...body, payload: body.subject?.[1] } });
    await expect(store.get(rich.record.id)).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("says that an update took effect whose subject can no longer be read", async () => {
    const port = mapPort(manualClock());
    const options = { defaults: { idleTtlMs: 1_000 } };
    const old = createSessionStore(port, { ...options, codec: encryptedCodec({ keys: [k1] }) });
    const fresh = createSessionStore(port, { ...options, codec: encryptedCodec({ keys: [k2] }) });
    const { record: made } = await old.create({ data: 1, subject: "alice" });
    const update = fresh.update(made.id, 2, { ifVersion: made.version });
    await expect(update).rejects.toMatchObject({ code: "STORE_CORRUPT", outcome: "unknown" });
    await expect(fresh.rotate(made.id)).rejects.toMatchObject({ code: "STORE_CORRUPT", outcome: "not-applied" });
  });
});
