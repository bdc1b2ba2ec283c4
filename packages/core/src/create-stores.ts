// From one AtomicPort to the three stores; and from any three stores to one `Stores`.
import type { AtomicPort } from "./atomic-port.ts";
import type { CallOptions } from "./call-options.ts";
import { checkPort } from "./check-port.ts";
import { StoreError } from "./errors.ts";
import { requireKnownOptions } from "./known-options.ts";
import { observedCheck } from "./observed-check.ts";
import { createRateLimitStore } from "./rate-limit/create-rate-limit-store.ts";
import { createSessionStore } from "./session/create-session-store.ts";
import {
  DEFAULT_KEY_PREFIX,
  type KEY_SUFFIX,
  prefixWithSuffix,
  type StoreOptions,
  storeOptionNames,
} from "./store-options.ts";
import { abortable, storeRuntime } from "./store-runtime.ts";
import type { Stores } from "./stores.ts";
import { createVerificationStore } from "./verification/create-verification-store.ts";

/** The backends behind three stores. */
export interface Backends {
  /** Makes one round trip to each of them. Rejects where one does not answer. */
  ping(options?: CallOptions): Promise<unknown>;
  /** Proves that each of them would take a write now, and changes nothing: see `checkPort`. */
  check(options?: CallOptions): Promise<unknown>;
  /** Runs once, after the stores refuse new calls. */
  close(): Promise<void>;
}

/** Joins three stores. A provider needs this only where the stores do not share one port. */
export function combineStores<T>(
  stores: Pick<Stores<T>, "rateLimits" | "sessions" | "verifications">,
  backends: Backends,
): Stores<T> {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= Promise.all([stores.rateLimits.close(), stores.sessions.close(), stores.verifications.close()])
      .then(() => backends.close())
      // close() never rejects: a caller could do nothing about it.
      .catch(() => undefined);
    return closing;
  };
  const timed = async (ask: Backends["ping"], options: CallOptions | undefined) => {
    if (closing !== undefined) throw new StoreError("STORE_CLOSED", "These stores were closed.");
    options?.signal?.throwIfAborted();
    const started = performance.now();
    await abortable(ask(options), options?.signal);
    return { latencyMs: performance.now() - started };
  };
  return {
    ...stores,
    ping: (options) => timed((call) => backends.ping(call), options),
    check: (options) => timed((call) => backends.check(call), options),
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
  const runtime = storeRuntime(port, { store: "verifications", provider: "ping" }, { closePort: false });
  await runtime.transact([`${keyPrefix}:ping`], () => ({ reply: undefined }), options);
}

/** The three stores of one backend. Closing them closes the port. */
export function createStores<T = unknown>(port: AtomicPort, options: StoreOptions = {}): Stores<T> {
  requireKnownOptions(options, storeOptionNames);
  const { keyPrefix: prefix = DEFAULT_KEY_PREFIX } = options;
  const optionsOf = (store: keyof typeof KEY_SUFFIX) => ({ ...options, keyPrefix: prefixWithSuffix(prefix, store) });
  return combineStores<T>(
    {
      rateLimits: createRateLimitStore(port, optionsOf("rateLimits"), { closePort: false }),
      sessions: createSessionStore<T>(port, optionsOf("sessions"), { closePort: false }),
      verifications: createVerificationStore(port, optionsOf("verifications"), { closePort: false }),
    },
    {
      ping: (callOptions) => pingPort(port, callOptions, prefix),
      check: (callOptions) =>
        observedCheck(options.provider ?? "custom", callOptions, () => checkPort(port, callOptions, prefix)),
      close: () => port.close(),
    },
  );
}
