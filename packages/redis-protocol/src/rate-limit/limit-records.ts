// The text of a stored rate-limit record, read as core's transitions read it. See the algorithms' Lua files.
import type { StoredRecord } from "@tollbooth-stores/core";
import type { Limit } from "@tollbooth-stores/core/native";
import { corruptLimit, limitError } from "./limit-errors.ts";

/** A format number of one digit, and nothing but digits. */
const RECORD = /^1\d+$/;
const BLOCK = "1b";

/**
 * Null where nothing is stored. Its end is exact: it may be over already, since Redis keeps it for some time longer. Throws
 * STORE_CORRUPT, and the error that the script put in a record's place.
 */
export function limitRecord(limit: Limit, text: string | null): StoredRecord | null {
  if (text === null) return null;
  if (text.startsWith("!")) throw limitError(text.slice(1));
  if (!text.startsWith(BLOCK)) {
    const { state, endsAtMs } = stateOf(limit, text);
    return { endsAtMs, body: { state, pinned: false } };
  }
  if (text.length < 15) throw corruptLimit();
  const blockedUntilMs = count(text.slice(2, 15));
  const rest = text.slice(15);
  if (rest === "") return { endsAtMs: blockedUntilMs, body: { blockedUntilMs, pinned: true } };
  const { state, endsAtMs } = stateOf(limit, rest);
  return { endsAtMs: Math.max(blockedUntilMs, endsAtMs), body: { state, blockedUntilMs, pinned: true } };
}

function stateOf({ algorithm, windowMs }: Limit, text: string): { state: unknown; endsAtMs: number } {
  if (!RECORD.test(text)) throw corruptLimit();
  switch (algorithm) {
    case "fixed-window": {
      const endMs = count(text.slice(-13));
      return { state: { count: count(text.slice(1, -13)), endMs }, endsAtMs: endMs };
    }
    case "sliding-window": {
      const [index, current] = [count(text.slice(1, 14)), count(text.slice(14, 30))];
      const state = { index, current, previous: count(text.slice(30)) };
      return { state, endsAtMs: (index + (current > 0 ? 2 : 1)) * windowMs };
    }
    case "token-bucket": {
      const tatUs = count(text.slice(1, 17));
      return { state: { tatUs, aheadUs: count(text.slice(17)) }, endsAtMs: Math.ceil(tatUs / 1000) };
    }
  }
}

function count(digits: string): number {
  const value = Number(digits);
  if (digits === "" || !Number.isSafeInteger(value) || value < 0) throw corruptLimit();
  return value;
}
