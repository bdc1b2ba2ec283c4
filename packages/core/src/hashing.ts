// Hashes of identifiers: the form in which a client, a subject, a session id or a payment appears in a key.
import { createHash, createHmac, hash } from "node:crypto";

/** The bytes of any JavaScript string, distinct for distinct strings. Ill-formed UTF-16 keeps its lone surrogates. */
function distinctBytes(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  // UTF-8 never holds 0xFF, so the two encodings cannot collide.
  return text.isWellFormed() ? bytes : Buffer.concat([Buffer.of(0xff), Buffer.from(text, "utf16le")]);
}

/** SHA-256 of a string, base64url, 43 characters. */
export function sha256(text: string): string {
  return hash("sha256", distinctBytes(text), "base64url");
}

/** SHA-256 over fields. Each is preceded by its length, so no two lists of fields give the same bytes. */
export function sha256OfFields(fields: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const field of fields) {
    const bytes = typeof field === "string" ? distinctBytes(field) : field;
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  }
  return hash.digest("base64url");
}

/** How many base64url characters of a client's or subject's hash go into a key: 22, which is 132 bits. */
const pseudonymLength = 22;

/** Turns a client or subject into the form that a key may show. */
export type Pseudonymizer = (identifier: string) => string;

/** SHA-256, or HMAC-SHA-256 where there is a secret; base64url, cut to 132 bits. */
export function pseudonymizer(secret: string | undefined): Pseudonymizer {
  if (secret === undefined) return (identifier) => sha256(identifier).slice(0, pseudonymLength);
  return (identifier) =>
    createHmac("sha256", secret).update(distinctBytes(identifier)).digest("base64url").slice(0, pseudonymLength);
}
