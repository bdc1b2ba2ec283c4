// The stored form of encrypted sessions, opened here by hand: text written before a release must be readable after it.
import { createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { encryptedCodec } from "./encrypted-codec.ts";

const id = "k1";
const key = Buffer.alloc(32, 7);
/** `{ plan: "pro" }` of the record "record". */
const earlier = "2k1.jC_88To21oyULQIvMht_6RJZj8kuivXBXB8RZ_Jdbzn-wpSjV7fRxZz2xfANq5ftUfE7Cdm9Z3pF7oc";
const codec = encryptedCodec({ keys: [{ id, key }] });

/** SHA-256 over fields, each after its length as four bytes. */
function hashed(...fields: string[]): string {
  const parts = fields.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(field));
    return [length, Buffer.from(field)];
  });
  return createHash("sha256").update(Buffer.concat(parts)).digest("base64url");
}

describe("encryptedCodec", () => {
  it('writes "2", the key\'s id, and salt, nonce, ciphertext and tag under a key derived for the record', () => {
    const text = codec.encode({ plan: "pro" }, "record");
    expect(text).toMatch(/^2k1\.[\w-]+$/);
    const bytes = Buffer.from(text.slice(4), "base64url");
    const [salt, nonce, tag] = [bytes.subarray(0, 16), bytes.subarray(16, 28), bytes.subarray(-16)];
    const info = hashed("tollbooth-stores session text", "2", "record");
    const derived = Buffer.from(hkdfSync("sha256", key, salt, info, 32));
    const opening = createDecipheriv("aes-256-gcm", derived, nonce, { authTagLength: 16 });
    opening.setAAD(Buffer.from(hashed("2", id, "record"))).setAuthTag(tag);
    const plain = Buffer.concat([opening.update(bytes.subarray(28, -16)), opening.final()]);
    expect(plain.toString()).toBe('1{"plan":"pro"}');
  });

  it("reads what an earlier release wrote", () => {
    expect(codec.decode(earlier, "record")).toEqual({ plan: "pro" });
  });

  it("says what is wrong with a text, and nothing of what it holds", () => {
    const text = codec.encode("secret", "record");
    const other = encryptedCodec({ keys: [{ id, key: Buffer.alloc(32, 8) }] });
    const empty = encryptedCodec({
      keys: [{ id, key }],
      inner: { encode: () => "", decode: (plain) => `read ${plain.length}` },
    });
    expect(empty.decode(empty.encode("", "record"), "record")).toBe("read 0");
    const cases: [() => unknown, RegExp][] = [
      [() => codec.decode("1{}", "record"), /is not encrypted; readPlain lets encryptedCodec read what was written/],
      [
        () => codec.decode(text.replace("2k1", "2k2"), "record"),
        /names a key that is not among the keys of encryptedCodec/,
      ],
      [() => codec.decode("2", "record"), /names a key that is not among the keys/],
      [() => codec.decode("2k1.AB", "record"), /was altered\.$/],
      [() => codec.decode("2k1.AA", "record"), /was cut\.$/],
      [() => codec.decode(text, "another"), /was altered, moved from another record, or encrypted under another key/],
      [() => other.decode(text, "record"), /was altered, moved from another record, or encrypted under another key/],
    ];
    for (const [read, message] of cases) {
      expect(read).toThrow(expect.objectContaining({ code: "STORE_CORRUPT" }));
      expect(read).toThrow(message);
    }
  });

  it("says what is wrong with a ring", () => {
    const cases: [Parameters<typeof encryptedCodec>[0]["keys"], RegExp][] = [
      [[], /^encryptedCodec needs at least one key; see its keys option/],
      [[{ id: "a b", key }], /^encryptedCodec needs ids of 1 to 32 characters of A-Z a-z 0-9 _ -/],
      [[{ id, key: Buffer.alloc(31) }], /^encryptedCodec needs keys of 32 bytes each/],
      [
        [
          { id, key },
          { id, key },
        ],
        /^encryptedCodec needs a different id for each key/,
      ],
    ];
    for (const [keys, message] of cases) expect(() => encryptedCodec({ keys })).toThrow(message);
  });

  it("says what the inner codec must return", () => {
    const ill = encryptedCodec({ keys: [{ id, key }], inner: { encode: () => "\ud800", decode: () => null } });
    expect(() => ill.encode(1, "record")).toThrow(/^The inner codec must return a string without lone surrogates/);
  });
});
