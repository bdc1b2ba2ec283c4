// Proves that an adapter takes a write and keeps it: sets a probe, reads it, and deletes it.
import { StoreError } from "@tollbooth-stores/core";
import type { CheckedAdapter } from "./checked-adapter.ts";
import { encodeRecord } from "./envelope.ts";

/** When the adapter may drop a probe that could not be deleted. */
const probeMs = 5_000;

/** Rejects with STORE_UNAVAILABLE. `nowMs` is the instant of the port's clock. */
export async function probeWrite(adapter: CheckedAdapter, key: string, nowMs: number): Promise<void> {
  const value = encodeRecord({ endsAtMs: nowMs + probeMs, body: "check" });
  let stored: unknown;
  try {
    await adapter.write(key, value, Date.now() + probeMs);
    stored = await adapter.read(key);
  } catch (error) {
    // A write that failed may have taken effect.
    await adapter.remove(key).catch(() => undefined);
    throw error;
  }
  await adapter.remove(key);
  if (stored !== value) {
    throw new StoreError("STORE_UNAVAILABLE", "The Keyv adapter took a write and did not keep it.", {
      outcome: "not-applied",
    });
  }
}
