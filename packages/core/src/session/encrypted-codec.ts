// A codec that encrypts session data and subjects: AES-256-GCM under a ring of keys.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { invalidArgument, StoreError } from "../errors.ts";
import { sha256OfFields } from "../hashing.ts";
import type { SessionCodec } from "../session-codec.ts";
import { jsonCodec } from "./json-codec.ts";

const format = "2";
const cipher = "aes-256-gcm";
const keyBytes = 32;
const saltBytes = 16;
const nonceBytes = 12;
const tagBytes = 16;
const textPattern = /^2([\w-]{1,32})\.([\w-]+)$/;

/** One key of the ring. */
export interface EncryptionKey {
  /** 1 to 32 characters of A-Z a-z 0-9 _ -; stored in the clear with each text. Never give two keys one id. */
  id: string;
  /** 32 random bytes. */
  key: Uint8Array;
}

export interface EncryptedCodecOptions {
  /**
   * The first encrypts, all decrypt. Add a new key last on every instance, and only then move it first: by then all can
   * read it.
   */
  keys: readonly EncryptionKey[];
  /** Turns the data into text. Default `jsonCodec`. */
  inner?: SessionCodec | undefined;
  /**
   * Also reads what `inner` wrote before encryption was switched on. While it is true, any client with write access to the
   * backend can put plain text in place of encrypted text: switch it off when the last plain session has ended.
   */
  readPlain?: boolean | undefined;
}

/**
 * The text is "2", the key's id, ".", and base64url of salt, nonce, ciphertext and tag. Each text has its own key, by
 * HKDF-SHA-256 (RFC 5869) from the ring's key, a random salt and the record's key. Format, key id and record key are
 * authenticated, so a text that was altered or moved to another record throws STORE_CORRUPT.
 *
 * An older text of the same record cannot be told from the newest. Lengths, quotas, versions and instants are not
 * hidden. A text is a third longer than the plain one, plus about 60 bytes (maxValueBytes counts them). Throws
 * STORE_CONFIG for a ring that cannot work.
 */
export function encryptedCodec(options: EncryptedCodecOptions): SessionCodec {
  const ring = keyRing(options.keys);
  const [writer] = ring.values();
  if (writer === undefined) throw badRing("needs at least one key");
  const { inner = jsonCodec, readPlain = false } = options;
  return {
    encode(data, recordKey) {
      const plain = inner.encode(data, recordKey);
      // UTF-8 would silently replace lone surrogates.
      if (!plain.isWellFormed()) throw invalidArgument("The inner codec must return a string without lone surrogates.");
      return `${format}${writer.id}.${seal(writer, recordKey, plain).toString("base64url")}`;
    },
    decode(text, recordKey) {
      if (!text.startsWith(format)) {
        if (readPlain) return inner.decode(text, recordKey);
        throw unreadable("is not encrypted; readPlain lets encryptedCodec read what was written before encryption");
      }
      const [, id = "", body = ""] = textPattern.exec(text) ?? [];
      const key = ring.get(id);
      if (key === undefined) throw unreadable("names a key that is not among the keys of encryptedCodec");
      const bytes = Buffer.from(body, "base64url");
      // The decoder ignores leftover bits at the end. An altered text must not pass for the same one.
      if (bytes.toString("base64url") !== body) throw unreadable("was altered");
      return inner.decode(open(key, recordKey, bytes), recordKey);
    },
  };
}

function seal(key: EncryptionKey, recordKey: string, plain: string): Buffer {
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, textKey(key, recordKey, salt), nonce).setAAD(bound(key, recordKey));
  const sealed = [sealing.update(plain, "utf8"), sealing.final()];
  return Buffer.concat([salt, nonce, ...sealed, sealing.getAuthTag()]);
}

function open(key: EncryptionKey, recordKey: string, bytes: Buffer): string {
  const start = saltBytes + nonceBytes;
  if (bytes.length < start + tagBytes) throw unreadable("was cut");
  const opening = createDecipheriv(
    cipher,
    textKey(key, recordKey, bytes.subarray(0, saltBytes)),
    bytes.subarray(saltBytes, start),
    {
      authTagLength: tagBytes,
    },
  );
  opening.setAAD(bound(key, recordKey)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    return Buffer.concat([opening.update(bytes.subarray(start, -tagBytes)), opening.final()]).toString("utf8");
  } catch {
    throw unreadable("was altered, moved from another record, or encrypted under another key of the same id");
  }
}

/** The key of one text, so that an AES-GCM key meets one nonce only. */
function textKey({ key }: EncryptionKey, recordKey: string, salt: Uint8Array): Buffer {
  const info = sha256OfFields(["tollbooth-stores session text", format, recordKey]);
  return Buffer.from(hkdfSync("sha256", key, salt, info, keyBytes));
}

/** The data that is authenticated beside the text's content. */
function bound({ id }: EncryptionKey, recordKey: string): Buffer {
  return Buffer.from(sha256OfFields([format, id, recordKey]));
}

/** Copies of the keys, in their order. */
function keyRing(keys: readonly EncryptionKey[]): ReadonlyMap<string, EncryptionKey> {
  const ring = new Map<string, EncryptionKey>();
  for (const { id, key } of keys) {
    if (!/^[\w-]{1,32}$/.test(id)) throw badRing("needs ids of 1 to 32 characters of A-Z a-z 0-9 _ -");
    if (!(key instanceof Uint8Array) || key.length !== keyBytes) throw badRing(`needs keys of ${keyBytes} bytes each`);
    if (ring.has(id)) throw badRing("needs a different id for each key");
    ring.set(id, { id, key: Uint8Array.from(key) });
  }
  return ring;
}

function badRing(what: string): StoreError {
  return new StoreError("STORE_CONFIG", `encryptedCodec ${what}; see its keys option.`);
}

function unreadable(what: string): StoreError {
  return new StoreError("STORE_CORRUPT", `Stored session data ${what}.`);
}
