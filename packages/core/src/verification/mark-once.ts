// The transition behind markOnce(): a one-time marker with an owner.
import type { StoredRecord } from "../atomic-port.ts";
import { StoreError } from "../errors.ts";
import { retention, type Transition } from "./verification-record.ts";

interface MarkerBody {
  readonly token: string;
  readonly fingerprint: string;
  readonly atMs: number;
}

export type Marked = { status: "marked" } | { status: "already-marked"; mismatch: boolean; atMs: number };

function isMarker(body: unknown): body is MarkerBody {
  if (typeof body !== "object" || body === null) return false;
  const b: Partial<Record<keyof MarkerBody, unknown>> = body;
  return typeof b.token === "string" && typeof b.fingerprint === "string" && Number.isSafeInteger(b.atMs);
}

/**
 * The first token marks. The same token and fingerprint are "marked" again. Any other caller learns when it was marked.
 */
export function markOnce(
  record: StoredRecord | null,
  nowMs: number,
  request: { token: string; fingerprint: string; retainUntilMs: number },
): Transition<Marked> {
  const { token, fingerprint, retainUntilMs } = request;
  if (record === null) {
    const body: MarkerBody = { token, fingerprint, atMs: nowMs };
    return { write: { endsAtMs: retention(retainUntilMs, nowMs, nowMs), body }, reply: { status: "marked" } };
  }
  if (!isMarker(record.body)) {
    throw new StoreError("STORE_CORRUPT", "A one-time marker cannot be read; it was kept as it is.");
  }
  const mismatch = record.body.fingerprint !== fingerprint;
  if (record.body.token === token && !mismatch) return { reply: { status: "marked" } };
  return { reply: { status: "already-marked", mismatch, atMs: record.body.atMs } };
}
