// Data and subject as text: size limits, and texts that stay where they belong.
import { expect, it } from "vitest";
import type { SessionCodec } from "../session-codec.ts";
import { sessionValues } from "./session-values.ts";

const plain: SessionCodec = { encode: (data) => String(data), decode: (text) => text };
const failing: SessionCodec = {
  encode() {
    throw new Error("hunter2");
  },
  decode() {
    throw new Error("hunter2");
  },
};

it("counts bytes, not characters, and allows exactly the limit", () => {
  const values = sessionValues(plain, 4);
  expect(values.encode("éé", "k")).toBe("éé");
  expect(() => values.encode("ééa", "k")).toThrow(expect.objectContaining({ code: "STORE_VALUE_TOO_LARGE" }));
  expect(() => values.encode("ééa", "k")).toThrow(/maxValueBytes/);
});

it("makes a codec's own failures safe to show", () => {
  const values = sessionValues(failing, 100);
  expect(() => values.encode(1, "k")).toThrow(expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }));
  expect(() => values.decode("", "k")).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
  expect(() => values.encode(1, "k")).not.toThrow(/hunter2/);
  expect(() => values.decode("", "k")).not.toThrow(/hunter2/);
});

it("refuses text that a backend would change", () => {
  const values = sessionValues(plain, 100);
  expect(() => values.encode("\ud800", "k")).toThrow(expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }));
  const wordless: SessionCodec = { encode: () => Reflect.get({}, "text"), decode: (text) => text };
  expect(() => sessionValues(wordless, 9).encode(1, "k")).toThrow(
    expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }),
  );
});

it("encodes subjects under a key of their own, and reads only strings as subjects", () => {
  const keyed: SessionCodec = {
    encode: (data, key) => `${key}=${data}`,
    decode: (text, key) => text.slice(key.length + 1),
  };
  const values = sessionValues(keyed, 100);
  expect(values.encodeSubject("alice", "k")).toBe("k:subject=alice");
  expect(values.decodeSubject("k:subject=alice", "k")).toBe("alice");
  const numeric = sessionValues({ ...plain, decode: Number }, 100);
  expect(() => numeric.decodeSubject("1", "k")).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
});

it("moves both texts to another key, whatever the size limit is by now", () => {
  const keyed: SessionCodec = {
    encode: (data, key) => `${key}=${data}`,
    decode: (text, key) => text.slice(key.length + 1),
  };
  const session = { version: 1, createdAtMs: 0, expiresAtMs: 1, payload: "a=data" };
  const values = sessionValues(keyed, 1);
  expect(values.moved(session, "a", "b")).toEqual({ payload: "b=data", subject: undefined });
  const owned = { ...session, subject: { hash: "h", payload: "a:subject=alice" } };
  expect(values.moved(owned, "a", "b")).toEqual({
    payload: "b=data",
    subject: { hash: "h", payload: "b:subject=alice" },
  });
});
