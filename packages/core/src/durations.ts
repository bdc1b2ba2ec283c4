// Durations and instants: the accepted ranges, and the "15m" notation of façades and configuration.
import { invalidArgument, isStoreError, StoreError } from "./errors.ts";

/** The longest duration accepted: 100 years. Twice that in microseconds plus any date until 2059 is a safe integer. */
export const MAX_DURATION_MS = 3_155_760_000_000;

/** Throws unless `value` is an integer number of milliseconds in 1..MAX_DURATION_MS. */
export function requireDurationMs(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > MAX_DURATION_MS) {
    throw invalidArgument(`${name} must be a whole number of milliseconds from 1 to ${MAX_DURATION_MS} (100 years).`);
  }
  return value;
}

/** Throws unless `value` is Unix epoch milliseconds as a safe integer >= 0. A uint256 is refused, never truncated. */
export function requireInstantMs(value: unknown, name: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw invalidArgument(`${name} must be a whole number of milliseconds since 1970 (a safe integer, 0 or more).`);
  }
  return value;
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The milliseconds of `"250ms"`, `"30s"`, `"15m"`, `"12h"` or `"7d"`. A number is milliseconds already. Throws
 * STORE_INVALID_ARGUMENT for anything else: zero, negatives, fractions, other units, more than 100 years.
 */
export function parseDuration(value: number | string, name = "duration"): number {
  if (typeof value === "number") return requireDurationMs(value, name);
  const match = /^(\d{1,13})(ms|s|m|h|d)$/.exec(value);
  const unit = match ? unitMs[match[2] ?? ""] : undefined;
  if (match === null || unit === undefined) {
    throw invalidArgument(`${name} must be milliseconds or a duration such as "250ms", "30s", "15m", "12h" or "7d".`);
  }
  return requireDurationMs(Number(match[1]) * unit, name);
}

/** An option that is a duration: as `parseDuration`, at most `mostMs`. Throws STORE_CONFIG. */
export function durationOption(value: number | string, name: string, mostMs: number = MAX_DURATION_MS): number {
  try {
    const ms = parseDuration(value, name);
    if (ms <= mostMs) return ms;
  } catch (error) {
    if (!isStoreError(error, "STORE_INVALID_ARGUMENT")) throw error;
    throw new StoreError("STORE_CONFIG", error.message);
  }
  throw new StoreError("STORE_CONFIG", `${name} must be at most ${mostMs} milliseconds.`);
}
