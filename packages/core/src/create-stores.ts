// From one AtomicPort to the three stores; and from any three stores to one `Stores`.
import type { AtomicPort } from "./atomic-port.ts";
import type { CallOptions } from "./call-options.ts";
import { StoreError } from "./errors.ts";
import { createRateLimitStore } from "./rate-limit/create-rate-limit-store.ts";
import { createSessionStore } from "./session/create-session-store.ts";
import { DEFAULT_KEY_PREFIX, KEY_SUFFIX, type StoreOptions } from "./store-options.ts";
import { abortable, storeRuntime } from "./store-runtime.ts";
import type { Stores } from "./stores.ts";
import { createVerificationStore } from "./verification/create-verification-store.ts";

/**
 * Joins three stores. `ping` must make one round trip to each backend behind them. `closeBackends` runs once, after the
 * stores refuse new calls. A provider needs this only where the stores do not share one port.
 */
export function combineStores<T>(
  stores: Pick<Stores<T>, "rateLimits" | "sessions" | "verifications">,
  ping: (options?: CallOptions) => Promise<unknown>,
  closeBackends: () => Promise<void>,
): Stores<T> {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= Promise.all([stores.rateLimits.close(), stores.sessions.close(), stores.verifications.close()])
      .then(closeBackends)
      // close() never rejects: a caller could do nothing about it.
      .catch(() => undefined);
    return closing;
  };
  return {
    ...stores,
    async ping(options) {
      if (closing !== undefined) throw new StoreError("STORE_CLOSED", "These stores were closed.");
      options?.signal?.throwIfAborted();
      const started = performance.now();
      await abortable(ping(options), options?.signal);
      return { latencyMs: performance.now() - started };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Reads one absent key: proves that the backend behind a port answers. */
export async function pingPort(
  port: AtomicPort,
  options?: CallOptions,
  keyPrefix: string = DEFAULT_KEY_PREFIX,
): Promise<void> {
  const runtime = storeRuntime(port, { store: "verifications", provider: "ping" }, false);
  await runtime.transact([`${keyPrefix}:ping`], () => ({ reply: undefined }), options);
}

/** The three stores of one backend. Closing them closes the port. */
export function createStores<T = unknown>(port: AtomicPort, options: StoreOptions = {}): Stores<T> {
  const prefix = options.keyPrefix ?? DEFAULT_KEY_PREFIX;
  const optionsOf = (store: keyof typeof KEY_SUFFIX) => ({ ...options, keyPrefix: prefix + KEY_SUFFIX[store] });
  return combineStores<T>(
    {
      rateLimits: createRateLimitStore(port, optionsOf("rateLimits"), false),
      sessions: createSessionStore<T>(port, optionsOf("sessions"), false),
      verifications: createVerificationStore(port, optionsOf("verifications"), false),
    },
    (callOptions) => pingPort(port, callOptions, prefix),
    () => port.close(),
  );
}
