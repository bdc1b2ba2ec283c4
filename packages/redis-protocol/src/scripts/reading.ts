// Reads script replies: text, numbers and lists of them, the same in RESP2 and RESP3.
import { StoreError } from "@tollbooth-stores/core";

export function unreadable(): StoreError {
  return new StoreError("STORE_UNAVAILABLE", "Redis answered a script in no known form; is it a Redis?", {
    outcome: "unknown",
  });
}

/** Unix epoch milliseconds, as a script sends them. */
export function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

/** The items of one reply, taken in turn. Each method throws where the next item has another form. */
export interface ReplyReader {
  text(): string;
  /** A whole number, sent as number or as decimal text. */
  integer(): number;
  /** A whole number, or undefined for empty text. */
  optionalInteger(): number | undefined;
  /** Text, or undefined where the script sent false. */
  optionalText(): string | undefined;
  list(): readonly unknown[];
  /** The items that are left. */
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
      // Lua's false is null in RESP2 and RESP3 alike. A list that ends early holds nothing either.
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
