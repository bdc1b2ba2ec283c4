// Proves that the backend behind a port takes a write now, and leaves nothing there.
import { randomBytes } from "node:crypto";
import type { AtomicPort } from "./atomic-port.ts";
import type { CallOptions } from "./call-options.ts";
import { StoreError } from "./errors.ts";
import { DEFAULT_KEY_PREFIX } from "./store-options.ts";
import { storeRuntime, translatedError } from "./store-runtime.ts";

/** How long a probe lives that could not be removed. */
const probeMs = 5_000;

/**
 * Writes a probe under `keyPrefix`, sees that it stayed, and removes it; or asks the port, where it has a `check` of its
 * own. Rejects where the backend refuses the write, or takes it and loses it.
 */
export async function checkPort(
  port: AtomicPort,
  options?: CallOptions,
  keyPrefix: string = DEFAULT_KEY_PREFIX,
): Promise<void> {
  // A key of its own for each check: writing an existing record may need no room where a new one would be refused.
  const key = `${keyPrefix}:check:${randomBytes(12).toString("base64url")}`;
  if (port.check !== undefined) {
    return port.check(key, options).catch((error: unknown) => {
      throw translatedError(error, options);
    });
  }
  const runtime = storeRuntime(port, { store: "verifications", provider: "check" }, { closePort: false });
  await runtime.transact(
    [key],
    (_, nowMs) => ({ writes: [{ endsAtMs: nowMs + probeMs, body: "check" }], reply: undefined }),
    options,
  );
  // Without the caller's signal: a caller that leaves between the two must not leave the probe behind.
  const stayed = await runtime.transact([key], ([found = null]) => ({ writes: [null], reply: found !== null }), {});
  if (!stayed) {
    throw new StoreError(
      "STORE_UNAVAILABLE",
      "The store's backend took a write and lost it at once; does it evict records, or fail without an error?",
    );
  }
}
