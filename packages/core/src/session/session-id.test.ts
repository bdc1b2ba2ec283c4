// Ids, places and handles: what belongs together, and what cannot be mistaken.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import {
  handleOf,
  isIssuedId,
  issueId,
  placeOfHandle,
  requireChosenId,
  requireSuccessor,
  sessionKeys,
  sessionLocation,
  successorId,
} from "./session-id.ts";

describe("session ids", () => {
  it("are issued with 256 random bits under the tag given, or a random one", () => {
    const ids = Array.from({ length: 1_000 }, () => issueId("abc"));
    expect(new Set(ids.map((id) => id.slice(20))).size).toBe(1_000);
    expect(ids.every((id) => isIssuedId(id) && sessionLocation(id).tag === "abc")).toBe(true);
    expect(new Set(Array.from({ length: 100 }, () => sessionLocation(issueId()).tag)).size).toBeGreaterThan(50);
  });

  it("keep slot and lineage in their successors, and nothing else", () => {
    for (const id of [issueId(), "route:payer"]) {
      const old = sessionLocation(id);
      const successor = successorId(old);
      expect(isIssuedId(successor)).toBe(true);
      expect(sessionLocation(successor)).toEqual({ ...old, hash: sha256(successor).slice(0, 36) });
    }
  });

  it("may be any string of the caller's that is short enough", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 500 }), (id) => {
        requireChosenId(id);
        const { tag, lineage, hash } = sessionLocation(id);
        expect(hash).toBe(sha256(id).slice(0, 36));
        expect(tag + lineage).toBe(hash.slice(0, 19));
      }),
    );
    for (const id of ["", "x".repeat(1_025)]) {
      expect(() => requireChosenId(id)).toThrow(expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }));
    }
    requireChosenId("x".repeat(1_024));
  });

  it("show neither themselves nor braces in keys, whatever they hold", () => {
    const keys = sessionKeys("p:sess");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (id) => {
        const place = sessionLocation(id);
        const all = [keys.session(place), keys.operations(place), keys.index(place)];
        expect(new Set(all).size).toBe(3);
        for (const key of all) expect(key).toMatch(/^p:sess:\{[\w-]{3}\}:(s:[\w-]{36}|o:[\w-]{16}|i)$/);
      }),
    );
  });

  it("are followed only by an issued one of their tag and lineage, and not by themselves", () => {
    for (const id of [issueId(), "route:payer"]) {
      const old = sessionLocation(id);
      const successor = successorId(old);
      expect(requireSuccessor(successor, old)).toBe(successor);
      const otherLineage = issueId(old.tag);
      const otherTag = `${old.tag === "aaa" ? "bbb" : "aaa"}${successor.slice(3)}`;
      for (const wrong of [id, otherLineage, otherTag, "other:payer", ""]) {
        expect(() => requireSuccessor(wrong, old)).toThrow(/^newId must come from newId\({ replaces: id }\)/);
      }
    }
  });

  it("have handles that lead to the same place, and other strings to none", () => {
    const place = sessionLocation(issueId());
    expect(placeOfHandle(handleOf(place))).toEqual({ tag: place.tag, hash: place.hash });
    for (const text of ["", "abc", `abc.${"x".repeat(37)}`, `abc.${"x".repeat(36)}\n`, issueId()]) {
      expect(placeOfHandle(text)).toBeNull();
    }
  });

  it("must be strings", () => {
    for (const wrong of [undefined, null, 1, {}]) {
      for (const take of [sessionLocation, placeOfHandle]) {
        try {
          Reflect.apply(take, undefined, [wrong]);
          expect.unreachable();
        } catch (error) {
          if (!isStoreError(error, "STORE_INVALID_ARGUMENT")) throw error;
        }
      }
    }
  });
});
