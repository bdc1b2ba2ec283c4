// A marker that cannot be read is told so, and kept.
import { describe, expect, it } from "vitest";
import { markOnce } from "./mark-once.ts";

const request = { token: "a", fingerprint: "f", retainUntilMs: 0 };

describe("markOnce", () => {
  it("refuses a record that is no marker", () => {
    const marker = { token: "a", fingerprint: "f", atMs: 5 };
    const wrong = [{ ...marker, token: 1 }, { ...marker, fingerprint: 1 }, { ...marker, atMs: "5" }, { token: "a" }];
    for (const body of [...wrong, {}, [], null, undefined, 7, "a"]) {
      expect(() => markOnce({ endsAtMs: 10, body }, 6, request)).toThrow(
        expect.objectContaining({
          code: "STORE_CORRUPT",
          message: expect.stringMatching(/marker .* was kept as it is/),
        }),
      );
    }
    expect(markOnce({ endsAtMs: 10, body: marker }, 6, request)).toEqual({ reply: { status: "marked" } });
  });

  it("is kept for ten minutes at least", () => {
    expect(markOnce(null, 1_000, request).write).toEqual({
      endsAtMs: 601_000,
      body: { token: "a", fingerprint: "f", atMs: 1_000 },
    });
  });
});
