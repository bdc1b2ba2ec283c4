// What jsonCodec says of what it refuses, and how deep it goes.
import { describe, expect, it } from "vitest";
import { jsonCodec } from "./json-codec.ts";

/** Arrays within arrays, or objects within objects. */
function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = wrap(value);
  return value;
}

describe("jsonCodec says", () => {
  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["a number that is not finite", Number.NaN],
    ["an array with holes or properties", new Array(1)],
    ["an instance of a class", new Date(0)],
    ["an object with symbol keys", { [Symbol("s")]: 1 }],
  ])("that data is %s", (what, value) => {
    expect(() => jsonCodec.encode(value, "key")).toThrow(
      `Session data is ${what}, which JSON would change; convert it first, or give the store a codec that keeps it.`,
    );
  });

  it.each([
    ["arrays", (inner: unknown) => [inner]],
    ["objects", (inner: unknown) => ({ inner })],
  ])("that %s are nested too deep, beyond 500 levels", (_kind, wrap) => {
    const deep = nested(500, wrap);
    expect(jsonCodec.decode(jsonCodec.encode(deep, "key"), "key")).toEqual(deep);
    expect(() => jsonCodec.encode(nested(501, wrap), "key")).toThrow(
      "Session data is something nested deeper than 500 levels, or in itself",
    );
  });
});
