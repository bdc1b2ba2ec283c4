// Stored texts: what goes in comes out, and what is no record of ours is neither absent nor silently read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeRecord, encodeRecord } from "./envelope.ts";

describe("the stored form", () => {
  it("begins with its format byte and comes back as it was", () => {
    const endings = fc.integer({ min: 0, max: 8_640_000_000_000_000 });
    const bodies = fc.jsonValue().map((value): unknown => JSON.parse(JSON.stringify(value)));
    fc.assert(
      fc.property(endings, bodies, (endsAtMs, body) => {
        const stored = encodeRecord({ endsAtMs, body });
        expect(stored[0]).toBe("1");
        expect(decodeRecord(stored)).toEqual({ endsAtMs, body });
      }),
    );
  });

  it.each([undefined, null])("takes %s for absent, and nothing else", (stored) => {
    expect(decodeRecord(stored)).toBeNull();
  });

  it.each([
    ["an empty text", ""],
    ["another format", '2{"endsAtMs":1,"body":1}'],
    ["a text that was cut off", '1{"endsAtMs":1,"bo'],
    ["no body", '1{"endsAtMs":1}'],
    ["no end", '1{"body":1}'],
    ["an end that is no instant", '1{"endsAtMs":1.5,"body":1}'],
    ["JSON that is no record", "1null"],
    ["an object", { value: '1{"endsAtMs":1,"body":1}' }],
    ["bytes", Buffer.from('1{"endsAtMs":1,"body":1}')],
    ["false", false],
  ])("takes %s for a live record whose body cannot be read", (_, stored) => {
    const record = decodeRecord(stored);
    expect(record?.endsAtMs).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => record?.body).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  });

  it("says of an unknown format that it may be a newer one, and quotes nothing", () => {
    const record = decodeRecord("9secret");
    expect(() => record?.body).toThrow(/newer version/);
    expect(() => record?.body).toThrow(expect.not.stringContaining("secret"));
  });
});
