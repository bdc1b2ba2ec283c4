// A session record in a form that JSON can hold.
import type { SessionRecord } from "./session-store.ts";

/**
 * A shallow copy with quotas as decimal strings, for `SessionRecord` and `ListedSession`: JSON.stringify throws on
 * bigint. `data` stays as the codec gave it.
 */
export function toJSONRecord<R extends Pick<SessionRecord<unknown>, "quotas">>(
  record: R,
): Omit<R, "quotas"> & { quotas?: Record<string, string> } {
  const { quotas, ...rest } = record;
  if (quotas === undefined) return rest;
  return { ...rest, quotas: Object.fromEntries(Object.entries(quotas).map(([name, left]) => [name, left.toString()])) };
}
