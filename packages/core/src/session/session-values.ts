// Between the store and its codec: checks sizes before anything is sent, and makes a codec's failures safe.
import { invalidArgument, isStoreError, StoreError } from "../errors.ts";
import type { SessionCodec } from "../session-codec.ts";
import { corrupt, type SessionState } from "./session-state.ts";

/** Encodes and decodes the texts of one session. `key` is the session's record key. */
export interface SessionValues {
  /** Throws STORE_INVALID_ARGUMENT for data that the codec refuses, STORE_VALUE_TOO_LARGE above maxValueBytes. */
  encode(data: unknown, key: string): string;
  encodeSubject(subject: string, key: string): string;
  /** Throws STORE_CORRUPT for text that the codec cannot read. */
  decode(text: string, key: string): unknown;
  decodeSubject(text: string, key: string): string;
  /** Both texts, encoded for another key. The size limit is for what callers write, so it does not apply here. */
  moved(session: SessionState, from: string, to: string): Pick<SessionState, "payload" | "subject">;
}

export function sessionValues(codec: SessionCodec, maxValueBytes: number): SessionValues {
  // A codec that binds text to its key must not take one of a session's two texts for the other.
  const subjectKey = (key: string) => `${key}:subject`;
  const decode = (text: string, key: string): unknown => {
    try {
      return codec.decode(text, key);
    } catch (error) {
      throw isStoreError(error) ? error : corrupt("Stored session data");
    }
  };
  const encode = (value: unknown, key: string): string => {
    const text = encoded(codec, value, key);
    if (Buffer.byteLength(text) > maxValueBytes) {
      throw new StoreError(
        "STORE_VALUE_TOO_LARGE",
        `Session data is larger than ${maxValueBytes} bytes when encoded; store less, or raise maxValueBytes.`,
      );
    }
    return text;
  };
  return {
    encode,
    encodeSubject: (subject, key) => encode(subject, subjectKey(key)),
    decode,
    decodeSubject(text, key) {
      const subject = decode(text, subjectKey(key));
      if (typeof subject !== "string") throw corrupt("A stored session's subject");
      return subject;
    },
    moved({ payload, subject }, from, to) {
      const reencoded = (text: string, old: string, fresh: string) => encoded(codec, decode(text, old), fresh);
      return {
        payload: reencoded(payload, from, to),
        subject: subject && {
          hash: subject.hash,
          payload: reencoded(subject.payload, subjectKey(from), subjectKey(to)),
        },
      };
    },
  };
}

function encoded(codec: SessionCodec, value: unknown, key: string): string {
  let text: string;
  try {
    text = codec.encode(value, key);
  } catch (error) {
    if (isStoreError(error)) throw error;
    throw invalidArgument("The session codec could not encode this data; see what the codec option accepts.");
  }
  if (typeof text !== "string" || !text.isWellFormed()) {
    throw invalidArgument("The session codec's encode must return a string without lone surrogates.");
  }
  return text;
}
