// How many quotas a session may have, and how much room they take.
import { StoreError } from "../errors.ts";

/** The most quotas of one session. */
export const mostQuotas = 100;

/** What each quota takes besides its name: an amount of 19 digits, and a byte. So no debit or credit changes the size. */
export const quotaBytes = 20;

/** Throws STORE_VALUE_TOO_LARGE for more quotas than a session may have, or than fit beside its data. */
export function requireRoom(payload: string, quotas: ReadonlyMap<string, bigint>, maxValueBytes: number): void {
  if (quotas.size > mostQuotas) throw tooManyQuotas();
  let bytes = Buffer.byteLength(payload);
  for (const name of quotas.keys()) bytes += Buffer.byteLength(name) + quotaBytes;
  if (quotas.size > 0 && bytes > maxValueBytes) throw noRoomForQuotas();
}

/** The error for one quota too many. */
export function tooManyQuotas(): StoreError {
  return new StoreError(
    "STORE_VALUE_TOO_LARGE",
    `A session has at most ${mostQuotas} quotas; nothing was changed. Use fewer names.`,
  );
}

/** The error for quotas and data that are too large together. */
export function noRoomForQuotas(): StoreError {
  return new StoreError(
    "STORE_VALUE_TOO_LARGE",
    `Session data and quotas (each: its name and ${quotaBytes} bytes) are larger than maxValueBytes together; nothing was changed. Store less, or raise maxValueBytes.`,
  );
}
