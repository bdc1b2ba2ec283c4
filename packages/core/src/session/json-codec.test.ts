// The JSON codec: what comes back equal, and that whatever would not is refused.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { jsonCodec } from "./json-codec.ts";

const key = "tollbooth:sess:{abc}:s:hash";

/** Any JSON value: lone surrogates, -0, `__proto__` keys and empty containers among them. */
const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, -0, "", "\ud800", "__proto__"),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary" }),
    fc.array(tie("value")),
    fc
      .array(fc.tuple(fc.oneof(fc.string(), fc.constantFrom("__proto__", "toString", "\udfff", "0")), tie("value")))
      .map((entries) => Object.fromEntries(entries)),
  ),
})).value;

describe("jsonCodec", () => {
  it("gives back every JSON value as it was", () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = jsonCodec.encode(value, key);
        expect(text[0]).toBe("1");
        expect(text.isWellFormed()).toBe(true);
        expect(jsonCodec.decode(text, key)).toStrictEqual(value);
      }),
    );
  });

  it("writes what JSON.stringify writes, but for -0", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value, (_name, inner) => (Object.is(inner, -0) ? "minus zero" : inner));
        fc.pre(!text.includes("minus zero"));
        expect(jsonCodec.encode(value, key)).toBe(`1${text}`);
      }),
    );
  });

  it("keeps __proto__ an own property and pollutes nothing", () => {
    const value: unknown = JSON.parse('{"__proto__":{"admin":true},"a":[]}');
    const back = jsonCodec.decode(jsonCodec.encode(value, key), key);
    expect(JSON.stringify(back)).toBe('{"__proto__":{"admin":true},"a":[]}');
    expect(back).not.toHaveProperty("admin");
  });

  it("leaves out undefined properties and takes objects without a prototype", () => {
    const bare: Record<string, unknown> = Object.create(null);
    bare.a = 1;
    expect(jsonCodec.encode({ b: undefined, bare }, key)).toBe('1{"bare":{"a":1}}');
  });

  class Account {
    secret = "hunter2";
  }
  const loop: unknown[] = [];
  loop.push(loop);
  const refused: [string, unknown, string][] = [
    ["undefined", undefined, "data"],
    ["undefined in an array", { list: [1, undefined] }, "data.list[1]"],
    ["a hole", { list: new Array(2) }, "data.list"],
    ["an array with properties", /(hunter)/.exec("hunter2"), "data"],
    ["a date", { user: { born: new Date(0) } }, "data.user.born"],
    ["a map", new Map([["hunter2", 1]]), "data"],
    ["a set", [new Set()], "data[0]"],
    ["bytes", { key: Buffer.from("hunter2") }, "data.key"],
    ["a class instance", { "odd name": new Account() }, "data[...]"],
    ["a boxed string", Object("hunter2"), "data"],
    ["a bigint", { n: 1n }, "data.n"],
    ["NaN", { n: Number.NaN }, "data.n"],
    ["infinity", { n: Number.NEGATIVE_INFINITY }, "data.n"],
    ["a function", { toJSON: () => "hunter2" }, "data.toJSON"],
    ["a symbol", { s: Symbol("hunter2") }, "data.s"],
    ["a symbol key", { [Symbol("hunter2")]: 1 }, "data"],
    ["a cycle", loop, "data"],
  ];
  it.each(refused)("refuses %s, naming its path and not its value", (_name, value, path) => {
    try {
      jsonCodec.encode(value, key);
      expect.unreachable();
    } catch (error) {
      if (!isStoreError(error, "STORE_INVALID_ARGUMENT")) throw error;
      expect(error.message).toContain(`Session ${path} is `);
      expect(error.message).not.toContain("hunter2");
    }
  });

  it("calls text corrupt that it did not write, and quotes none of it", () => {
    for (const text of ["", "{}", "2abc", "1", "1{hunter2", "1undefined", "1[1],"]) {
      try {
        jsonCodec.decode(text, key);
        expect.unreachable();
      } catch (error) {
        if (!isStoreError(error, "STORE_CORRUPT")) throw error;
        expect(error.message).not.toContain("hunter2");
        expect(error.cause).toBeUndefined();
      }
    }
  });
});
