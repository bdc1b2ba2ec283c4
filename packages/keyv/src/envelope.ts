// A record as the text that an adapter keeps: a format byte, then JSON. The text holds the record's own end, so nothing
// depends on how an adapter treats a TTL.
import { type StoredRecord, StoreError } from "@tollbooth-stores/core";

/** The format that is written. Another first byte means a record of a newer version, or a foreign one. */
const FORMAT = "1";

/** The text to store. */
export function encodeRecord({ endsAtMs, body }: StoredRecord): string {
  return FORMAT + JSON.stringify({ endsAtMs, body });
}

/**
 * The record in an adapter's answer; null where it is absent. An unreadable one is a record whose `body` throws
 * STORE_CORRUPT. So only a step that reads it fails, and a step that deletes it unread does not.
 */
export function decodeRecord(stored: unknown): StoredRecord | null {
  if (stored === undefined || stored === null) return null;
  if (typeof stored !== "string") return unreadable("is not text; the adapter must give back what it was given");
  if (!stored.startsWith(FORMAT)) return unreadable("has an unknown format; was it written by a newer version?");
  try {
    const parsed: unknown = JSON.parse(stored.slice(FORMAT.length));
    if (isRecord(parsed)) return { endsAtMs: parsed.endsAtMs, body: parsed.body };
  } catch {
    // Not JSON: reported below.
  }
  return unreadable("is damaged");
}

function isRecord(value: unknown): value is StoredRecord {
  if (typeof value !== "object" || value === null || !("endsAtMs" in value) || !("body" in value)) return false;
  return Number.isSafeInteger(value.endsAtMs);
}

/** Counts as live for ever: taking it for absent would forget what it marked. */
function unreadable(what: string): StoredRecord {
  return {
    endsAtMs: Number.MAX_SAFE_INTEGER,
    get body(): never {
      throw new StoreError(
        "STORE_CORRUPT",
        `A stored record ${what}. It is kept; if it is not this store's, give the store a keyPrefix of its own.`,
      );
    },
  };
}
