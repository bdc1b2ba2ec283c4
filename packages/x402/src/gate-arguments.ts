// What a framework hands a gate: refused by name where it is something else, a Request in the place of its context say.
import { isUint8Array } from "node:util/types";
import { type ReconcileOptions, StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";

const wrong = (message: string) => new StoreError("STORE_CONFIG", message);

function requireContext(context: unknown): void {
  const { adapter, path, method }: { adapter?: unknown; path?: unknown; method?: unknown } = Object(context);
  const { getHeader, getUrl }: { getHeader?: unknown; getUrl?: unknown } = Object(adapter);
  const isContext = typeof path === "string" && typeof method === "string";
  if (isContext && typeof getHeader === "function" && typeof getUrl === "function") return;
  throw wrong("context must be a RequestContext. Of a fetch Request: contextOf(request) of @tollbooth-stores/http.");
}

/** Throws STORE_CONFIG. `method`: the gate's. */
export function checkContext(method: "handle" | "sells" | "knows", context: unknown): void {
  checkArguments(`gate.${method}`, () => requireContext(context));
}

export function checkSale(context: unknown, body: unknown, serve: unknown): void {
  checkArguments("gate.handle", () => {
    requireContext(context);
    if (!isUint8Array(body)) throw wrong("body must be the request's bytes, a Uint8Array; of none, an empty one.");
    if (typeof serve !== "function") throw wrong("serve must be a function that makes the answer.");
  });
}

const reconcileNames: OptionNames<ReconcileOptions> = { concurrency: true, leaseMs: true, signal: true };

export function checkReconcile(options: ReconcileOptions = {}): void {
  checkArguments("gate.reconcile", () => requireKnownOptions(options, reconcileNames));
}
