// How session data becomes a string and back. The first character names the format.

/** `recordKey` names the record that stores the text; an encrypting codec binds the text to it. */
export interface SessionCodec {
  /** Throws STORE_INVALID_ARGUMENT for data that would not come back equal. */
  encode(data: unknown, recordKey: string): string;
  /** Throws STORE_CORRUPT for text it cannot read. */
  decode(text: string, recordKey: string): unknown;
}
