// A session record: written, read back, and refused where it is none.
import fc from "fast-check";
import { expect, it } from "vitest";
import { maxQuota, type SessionState, sessionRecord, sessionState } from "./session-state.ts";

const instant = fc.nat({ max: 9_007_199_254_740_991 });
const state: fc.Arbitrary<SessionState> = fc.record({
  version: instant,
  createdAtMs: instant,
  expiresAtMs: instant,
  idleTtlMs: fc.option(instant, { nil: undefined }),
  absoluteExpiresAtMs: fc.option(instant, { nil: undefined }),
  quotas: fc.option(
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constant("__proto__")), fc.bigInt(0n, maxQuota)))
      .map((all) => new Map(all)),
    { nil: undefined },
  ),
  payload: fc.string(),
  subject: fc.option(fc.record({ hash: fc.string(), payload: fc.string() }), { nil: undefined }),
});

it("reads back what it wrote, through JSON", () => {
  fc.assert(
    fc.property(state, (session) => {
      const record = sessionRecord(session);
      expect(sessionState(JSON.parse(JSON.stringify(record)))).toEqual(session);
      expect(record.endsAtMs).toBe(session.expiresAtMs);
    }),
  );
});

it("is null where there is no record", () => {
  expect(sessionState(null)).toBeNull();
});

it("is corrupt where any one field is of the wrong kind", () => {
  const good = { version: 1, createdAtMs: 0, payload: "" };
  expect(sessionState({ endsAtMs: 1, body: good })).not.toBeNull();
  const broken: unknown[] = [
    ...[undefined, null, "x", [], {}],
    ...["version", "createdAtMs", "idleTtlMs", "absoluteExpiresAtMs"].flatMap((name) =>
      [null, -1, 0.5, "1", 2 ** 53].map((value) => ({ ...good, [name]: value })),
    ),
    { ...good, payload: 1 },
    ...[
      null,
      {},
      [1],
      [["q"]],
      [["q", 1]],
      [[1, "1"]],
      [["q", "-1"]],
      [["q", "1.5"]],
      [["q", "9223372036854775808"]],
    ].map((quotas) => ({ ...good, quotas })),
    ...[null, "s", ["s"], ["s", 1], [1, "s"]].map((subject) => ({ ...good, subject })),
  ];
  for (const body of broken) {
    expect(() => sessionState({ endsAtMs: 1, body })).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  }
  expect(() => sessionState({ endsAtMs: Number.NaN, body: good })).toThrow(
    expect.objectContaining({ code: "STORE_CORRUPT" }),
  );
});
