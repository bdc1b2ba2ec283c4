// Reads script replies, which come as text, numbers and lists of them, whatever the protocol version (RESP2, RESP3).
import { StoreError } from "@tollbooth-stores/core";

export function unreadable(): StoreError {
  return new StoreError("STORE_UNAVAILABLE", "Redis answered a script in no known form; is it a Redis?", {
    outcome: "unknown",
  });
}

/** The items of one reply, taken in turn; each throws where the reply is not of the form asked for. */
export interface ReplyReader {
  text(): string;
  /** A whole number, sent as number or as decimal text. */
  integer(): number;
  /** A whole number, or undefined for empty text. */
  optionalInteger(): number | undefined;
  /** Text, or undefined where the script said nothing. */
  optionalText(): string | undefined;
  list(): readonly unknown[];
  /** Whatever is left. */
  rest(): readonly unknown[];
}

export function replyReader(items: readonly unknown[]): ReplyReader {
  let at = 0;
  const next = () => items[at++];
  const integer = (item: unknown) => {
    const number = typeof item === "string" && item !== "" ? Number(item) : item;
    if (typeof number !== "number" || !Number.isSafeInteger(number)) throw unreadable();
    return number;
  };
  return {
    text() {
      const item = next();
      if (typeof item !== "string") throw unreadable();
      return item;
    },
    integer: () => integer(next()),
    optionalInteger() {
      const item = next();
      return item === "" ? undefined : integer(item);
    },
    optionalText() {
      const item = next();
      if (typeof item === "string") return item;
      // Lua's false: null in RESP2 and RESP3 alike. A list that ends early has nothing either.
      if (item === null || item === undefined) return undefined;
      throw unreadable();
    },
    list() {
      const item = next();
      if (!Array.isArray(item)) throw unreadable();
      return item;
    },
    rest: () => items.slice(at),
  };
}
