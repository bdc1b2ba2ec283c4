// The table's rows: their titles, and how a row is made of a count and of the requests behind it.
import type { Row, RowKey } from "./row.ts";

/** The rows' titles, in the table's order. */
export const rowTitles: Readonly<Record<RowKey, string>> = {
  "over-limit": "requests admitted over the limit",
  "sessions-lost": "uses of a paid session lost on a hop",
  "verifies-per-payment": "upstream verify calls per payment",
  "runs-per-payment": "handler runs per payment",
  "transfers-per-payment": "transfers per payment",
  "replays-accepted": "replays accepted",
  "paid-not-served": "paid, but not served",
  "paid-not-delivered": "paid, but not delivered",
  "served-not-paid": "served, but not paid",
};

/** `requests` are named only where the value is more than `allowed`; of the notes those that there are. */
export function rowOf(
  key: RowKey,
  allowed: number,
  value: number,
  requests: readonly string[],
  notes: readonly (string | undefined)[] = [],
): Row {
  const note = notes.filter((text) => text !== undefined).join("; ");
  const ok = value <= allowed;
  const behind = ok ? [] : [...new Set(requests)];
  return { key, title: rowTitles[key], value, allowed, ok, requests: behind, ...(note !== "" && { note }) };
}
