// Reads the fields of a payload, which is untrusted: each is text of one form, or the payload is malformed.

/** A field that has not the form that its payload promises. */
export class MalformedPayload extends Error {
  override name = "MalformedPayload";
}

export type Fields = Readonly<Record<string, unknown>>;

export function objectIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new MalformedPayload(`${name} is missing.`);
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw new MalformedPayload(`${name} must be text.`);
}

/** `length` bytes as 0x-hex, lower case. */
export function hexIn(fields: Fields, name: string, length: number): string {
  const text = textIn(fields, name);
  if (text.length === 2 + 2 * length && /^0[xX][0-9a-fA-F]+$/.test(text)) return text.toLowerCase();
  throw new MalformedPayload(`${name} must be ${length} bytes as 0x-hex.`);
}

/** A uint256 as decimal text, without sign or leading zeros. */
export function uint256In(fields: Fields, name: string): bigint {
  const text = textIn(fields, name);
  if (/^(?:0|[1-9]\d{0,77})$/.test(text) && BigInt(text) < 1n << 256n) return BigInt(text);
  throw new MalformedPayload(`${name} must be a decimal uint256.`);
}
