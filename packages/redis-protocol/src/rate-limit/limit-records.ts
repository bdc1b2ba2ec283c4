// The text of a stored rate-limit record, read as core's transitions read it. See the algorithms' Lua files.
import type { StoredRecord } from "@tollbooth-stores/core";
import type { Limit } from "@tollbooth-stores/core/native";
import { corruptLimit, limitError } from "./limit-errors.ts";

const BLOCK = "1b";

/** Null where nothing is stored. Throws STORE_CORRUPT, and the error that the script put in a record's place. */
export function limitRecord(algorithm: Limit["algorithm"], text: string | null): StoredRecord | null {
  if (text === null) return null;
  if (text.startsWith("!")) throw limitError(text.slice(1));
  if (!text.startsWith(BLOCK)) return recordOf({ state: stateOf(algorithm, text), pinned: false });
  const blockedUntilMs = count(text.slice(2, 15));
  const rest = text.slice(15);
  const state = rest === "" ? {} : { state: stateOf(algorithm, rest) };
  return recordOf({ blockedUntilMs, ...state, pinned: true });
}

/** The script has answered it, so Redis holds it. Its end is in its body. */
function recordOf(body: unknown): StoredRecord {
  return { endsAtMs: Number.MAX_SAFE_INTEGER, body };
}

function stateOf(algorithm: Limit["algorithm"], text: string): unknown {
  if (text.charCodeAt(0) !== 49) throw corruptLimit();
  switch (algorithm) {
    case "fixed-window":
      return { count: count(text.slice(1, -13)), endMs: count(text.slice(-13)) };
    case "sliding-window":
      return { index: count(text.slice(1, 14)), current: count(text.slice(14, 30)), previous: count(text.slice(30)) };
    case "token-bucket":
      return { tatUs: count(text.slice(1, 17)), aheadUs: count(text.slice(17)) };
  }
}

function count(digits: string): number {
  const value = Number(digits);
  if (digits === "" || !Number.isSafeInteger(value) || value < 0) throw corruptLimit();
  return value;
}
