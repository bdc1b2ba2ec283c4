// The subject index: members, expiry and pruning.
import fc from "fast-check";
import { expect, it } from "vitest";
import { indexOf } from "./subject-index.test-support.ts";
import {
  indexRecord,
  isMember,
  membersOf,
  recordWithMember,
  recordWithoutMember,
  type SubjectIndex,
  subjectIndex,
  withMember,
} from "./subject-index.ts";

const hash = fc.constantFrom("h1", "h2", "h3", "h4");
const entry = fc.tuple(fc.constantFrom("s1", "s2"), hash, fc.nat(100));

it("holds no expired member when written, ends with its last one, and is gone without any", () => {
  fc.assert(
    fc.property(fc.array(entry), fc.nat(100), (entries, nowMs) => {
      const index = entries.reduce<SubjectIndex>((made, each) => withMember(made, ...each), new Map());
      const live = new Map(entries.map(([subject, of, endsAtMs]) => [`${subject} ${of}`, endsAtMs] as const));
      for (const [name, endsAtMs] of live) if (endsAtMs <= nowMs) live.delete(name);
      const record = indexRecord(index, nowMs);
      expect(record === null).toBe(live.size === 0);
      const kept = subjectIndex(record);
      const names = ["s1", "s2"].flatMap((subject) =>
        [...membersOf(kept, subject, -1)].map((of) => `${subject} ${of}`),
      );
      expect(names.sort()).toEqual([...live.keys()].sort());
      if (record !== null) expect(record.endsAtMs).toBe(Math.max(...live.values()));
    }),
  );
});

it("adds, moves and removes one member and leaves the others", () => {
  const one = recordWithMember(null, 0, { subjectHash: "s1", hash: "h1", endsAtMs: 10 });
  const two = recordWithMember(one, 0, { subjectHash: "s2", hash: "h2", endsAtMs: 20 });
  expect(two?.endsAtMs).toBe(20);
  expect(isMember(subjectIndex(two), "s1", "h1")).toBe(true);
  expect(isMember(subjectIndex(two), "s2", "h1")).toBe(false);
  expect(recordWithMember(two, 0, { subjectHash: "s1", hash: "h1", endsAtMs: 30 })?.endsAtMs).toBe(30);
  expect(recordWithoutMember(two, 0, { subjectHash: "s2", hash: "h2" })).toEqual(one);
  expect(recordWithoutMember(one, 0, { subjectHash: "s1", hash: "h1" })).toBeNull();
  expect(recordWithoutMember(two, 10, { subjectHash: "s2", hash: "h2" })).toBeNull();
});

it("names a subject's live members only, up to the instant they end", () => {
  const index = subjectIndex(indexOf({ h3: 9 }, "s2", indexOf({ h1: 5, h2: 6 }, "s1")));
  expect([...membersOf(index, "s1", 5)]).toEqual(["h2"]);
  expect([...membersOf(index, "s1", 4)]).toEqual(["h1", "h2"]);
});

it("is corrupt where its record holds anything else", () => {
  for (const body of [null, {}, "x", [1], [["s1"]], [[1, { size: 0 }]], [["s1", [["h1", 5]]]]]) {
    expect(() => subjectIndex({ endsAtMs: 1, body })).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  }
});
