// Keys and hashes: different things never share a name, and no name can change a key's meaning.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pseudonymizer, sha256, sha256OfFields } from "./hashing.ts";
import { escapeRoute } from "./keys.ts";

/** Any sequence of UTF-16 code units, lone surrogates among them, with a liking for what has a meaning in keys. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."%:{}*?~ u/D800é😀"),
      fc.integer({ min: 0, max: 0xffff }).map((u) => String.fromCharCode(u)),
    ),
  )
  .map((parts) => parts.join(""));

describe("escapeRoute", () => {
  it("leaves a plain route readable", () => {
    expect(escapeRoute("GET /v1/data.json")).toBe("GET%20/v1/data.json");
  });

  it("keeps different routes different", () => {
    fc.assert(
      fc.property(anyText, anyText, (a, b) => (a === b) === (escapeRoute(a) === escapeRoute(b))),
      { numRuns: 2_000 },
    );
    const tricky = ["%uD800", "\ud800", "\udbff", "%", "%25", "~", "%7E", "", " ", "\u0000"];
    expect(new Set(tricky.map(escapeRoute)).size).toBe(tricky.length);
  });

  it("leaves nothing in that could end the key's part, open a hash tag or act as a pattern", () => {
    fc.assert(fc.property(anyText, (route) => /^[A-Za-z0-9/_.%~-]*$/.test(escapeRoute(route))));
  });

  it("cuts a long route to a fixed size and still tells it from others", () => {
    const long = "/a".repeat(5_000);
    expect(escapeRoute(long).length).toBeLessThanOrEqual(120);
    expect(escapeRoute(`${long}b`)).not.toBe(escapeRoute(long));
  });
});

describe("hashes", () => {
  it("tell any two strings apart, ill-formed ones too", () => {
    fc.assert(fc.property(anyText, anyText, (a, b) => (a === b) === (sha256(a) === sha256(b))));
    expect(new Set(["\ud800", "\udbff", "\ufffd", ""].map(sha256)).size).toBe(4);
  });

  it("are the standard ones for ordinary text", () => {
    expect(sha256("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    expect(sha256("")).toBe("47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  });

  it("of fields depend on where one ends and the next begins", () => {
    const lists = [["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["", "abc"]];
    expect(new Set(lists.map(sha256OfFields)).size).toBe(lists.length);
  });

  it("of clients have at least 128 bits and change with the secret", () => {
    const names = [
      pseudonymizer(undefined)("10.0.0.1"),
      pseudonymizer("a")("10.0.0.1"),
      pseudonymizer("b")("10.0.0.1"),
    ];
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^[\w-]{22}$/);
  });
});
