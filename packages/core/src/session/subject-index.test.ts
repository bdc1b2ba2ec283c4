// The subject index: members, expiry and pruning.
import fc from "fast-check";
import { expect, it } from "vitest";
import { indexRecord, membersOf, subjectIndex, withMember, withoutMember } from "./subject-index.ts";

const hash = fc.constantFrom("h1", "h2", "h3", "h4");
const entry = fc.tuple(hash, fc.record({ subjectHash: fc.constantFrom("s1", "s2"), expiresAtMs: fc.nat(100) }));

it("holds no expired member when written, ends with its last one, and is gone without any", () => {
  fc.assert(
    fc.property(fc.array(entry), fc.nat(100), (entries, nowMs) => {
      const index = new Map(entries);
      const record = indexRecord(index, nowMs);
      const live = [...index].filter(([, member]) => member.expiresAtMs > nowMs);
      expect(record === null).toBe(live.length === 0);
      expect(subjectIndex(record)).toEqual(new Map(live));
      if (record !== null) expect(record.endsAtMs).toBe(Math.max(...live.map(([, member]) => member.expiresAtMs)));
    }),
  );
});

it("adds, moves and removes one member and leaves the others", () => {
  const member = (expiresAtMs: number, subjectHash = "s1") => ({ subjectHash, expiresAtMs });
  const one = withMember(null, 0, "h1", member(10));
  const two = withMember(one, 0, "h2", member(20, "s2"));
  expect(two).toEqual({
    endsAtMs: 20,
    body: [
      ["h1", "s1", 10],
      ["h2", "s2", 20],
    ],
  });
  expect(withMember(two, 0, "h1", member(30))?.endsAtMs).toBe(30);
  expect(withoutMember(two, 0, "h2")).toEqual(one);
  expect(withoutMember(one, 0, "h1")).toBeNull();
  expect(withoutMember(two, 10, "h2")).toBeNull();
});

it("names a subject's live members only, up to the instant they end", () => {
  const index = subjectIndex({
    endsAtMs: 9,
    body: [
      ["h1", "s1", 5],
      ["h2", "s1", 6],
      ["h3", "s2", 9],
    ],
  });
  expect(membersOf(index, "s1", 5)).toEqual(["h2"]);
  expect(membersOf(index, "s1", 4)).toEqual(["h1", "h2"]);
});

it("is corrupt where its record holds anything else", () => {
  for (const body of [null, {}, "x", [1], [["h1", "s1"]], [["h1", 1, 1]], [[1, "s1", 1]]]) {
    expect(() => subjectIndex({ endsAtMs: 1, body })).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  }
});
