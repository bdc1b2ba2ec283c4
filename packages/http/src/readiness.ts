// Whether a gateway is to be sent requests: the answer for a balancer's probe, and a word when it changes.
import { isStoreError, StoreError, type StoreErrorCode, type Stores } from "@tollbooth-stores/core";
import { checkArguments, durationOption, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import type { Answer } from "./answer.ts";
import { requireFunction } from "./option-types.ts";

/** Why stores take no payments. Holds no secret: a StoreError's own words, and of another error its class alone. */
export interface NotReady {
  code: StoreErrorCode | "OTHER";
  message: string;
}

export interface ReadinessOptions {
  /** How long one check may take, in milliseconds. Default 2,000. */
  withinMs?: number | undefined;
  /** True from a stop signal on: the answer is 503, and the stores are not asked. */
  stopping?: (() => boolean) | undefined;
  /**
   * Called when a check fails that did not fail before, with the reason, and with undefined when one is good again. Probes come by
   * the second, so a log has one line for each of these. A first check that is good is no change. Must not throw.
   */
  changed?: ((why: NotReady | undefined) => void) | undefined;
}

const optionNames: OptionNames<ReadinessOptions> = { withinMs: true, stopping: true, changed: true };

/**
 * The answer to a readiness probe: 200 where every backend behind `stores` takes a write now, else 503. The body is
 * `{ "ready": false, "checks": { "stores": "unwritable" } }`; "ok" and "stopping" are the other words. Never rejects. Throws
 * STORE_CONFIG without stores, and for options that cannot be meant.
 *
 * It asks `check()`, because `ping()` succeeds on a read-only replica and on a full Redis, where every payment fails.
 */
export function readiness(stores: Pick<Stores, "check">, options: ReadinessOptions = {}): () => Promise<Answer> {
  const withinMs = checkArguments("readiness", () => {
    if (typeof Object(stores).check !== "function") {
      throw new StoreError("STORE_CONFIG", "stores must be the stores of a provider, which have check().");
    }
    requireKnownOptions(options, optionNames);
    requireFunction("stopping", options.stopping, "a function that returns true or false");
    requireFunction("changed", options.changed, "a function of the reason");
    return durationOption(options.withinMs ?? 2_000, "withinMs");
  });
  const { stopping = () => false, changed = () => {} } = options;
  let begun = 0;
  let newest = 0;
  let isReady = true;
  return async () => {
    if (stopping()) return answered("stopping");
    begun += 1;
    const turn = begun;
    const why = await stores.check({ signal: AbortSignal.timeout(withinMs) }).then(
      () => undefined,
      (error: unknown) => whyNot(error, withinMs),
    );
    // A slow check that ends after a later one says nothing new.
    if (turn > newest) {
      newest = turn;
      if (isReady !== (why === undefined)) changed(why);
      isReady = why === undefined;
    }
    return answered(why === undefined ? "ok" : "unwritable");
  };
}

function whyNot(error: unknown, withinMs: number): NotReady {
  if (isStoreError(error)) return { code: error.code, message: error.message };
  const name = error instanceof Error ? error.name : typeof error;
  if (name !== "TimeoutError") return { code: "OTHER", message: `The check failed with a ${name}.` };
  return { code: "STORE_UNAVAILABLE", message: `The stores did not answer within ${withinMs} ms.` };
}

function answered(stores: "ok" | "unwritable" | "stopping"): Answer {
  const ready = stores === "ok";
  return {
    status: ready ? 200 : 503,
    headers: { "cache-control": "no-store", "content-type": "application/json" },
    body: new TextEncoder().encode(JSON.stringify({ ready, checks: { stores } })),
  };
}
