// The rate-limit store over any AtomicPort: checks the arguments, names the record, runs the transition.
import type { AtomicPort, StoredRecord } from "../atomic-port.ts";
import { requireDurationMs } from "../durations.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { storeRuntime } from "../store-runtime.ts";
import { parseReceipt } from "./algorithm.ts";
import type { RateLimitCatalog } from "./catalog.ts";
import { type CheckGroup, consumeAll, requireChecks } from "./consume-all.ts";
import { type Limit, limitOf } from "./policy.ts";
import type { RateLimitCheck, RateLimitDecision, RateLimitStore } from "./rate-limit-store.ts";
import { recordKeys } from "./record-keys.ts";
import { reset } from "./reset.ts";
import { type Transitions, transitions } from "./transitions.ts";

type Records = readonly (StoredRecord | null)[];

/**
 * A rate-limit store on `port`. Keys are `<keyPrefix>:<route>:{<client's hash>}:<fw|sw|tb><windowMs>`, keyPrefix by
 * default `tollbooth:rl`. The client is hashed with the first `keySecret`. Throws STORE_CONFIG for wrong options.
 *
 * @param owned whether closing the store closes the port. Default true.
 */
export function createRateLimitStore(port: AtomicPort, options: StoreOptions = {}, owned = true): RateLimitStore {
  const { keyPrefix, pseudonymizers, defaults, provider } = resolveStoreOptions(options, "rateLimits");
  const keyOf = recordKeys(keyPrefix, pseudonymizers[0]);
  const runtime = storeRuntime<RateLimitCatalog>(port, { store: "rate-limits", provider }, owned);

  const verdict = ({ allowed, source = "store" }: { allowed: boolean; source?: RateLimitDecision["source"] }) => {
    const outcome = allowed ? "allowed" : "denied";
    return source === "deny-cache" ? { outcome, source } : outcome;
  };
  const prepare = (check: RateLimitCheck) => {
    const limit = limitOf(check, defaults.windowMs);
    const on = transitions[limit.algorithm];
    return { limit, on, key: keyOf(check, on.tag, limit.windowMs) };
  };

  return {
    capabilities: port.capabilities,
    consume(check, callOptions) {
      const run = () => {
        const { limit, on, key } = prepare(check);
        const step = ([record = null]: Records, nowMs: number) => on.consume(limit, record, nowMs);
        return runtime.apply("rate-limit.consume", [key], { limit }, step, callOptions);
      };
      return runtime.operation("consume", callOptions, run, verdict);
    },
    consumeAll(checks, callOptions) {
      const run = async () => {
        const { keys, groups } = groupsOf(checks, prepare);
        if (keys.length === 0) return { allowed: true, atomic: true, decisions: [] };
        const step = (records: Records, nowMs: number) => consumeAll(groups, records, nowMs);
        const reply = await runtime.apply("rate-limit.consumeAll", keys, { groups }, step, callOptions);
        return { atomic: port.capabilities.atomic, ...reply };
      };
      return runtime.operation<{ allowed: boolean; atomic: boolean; decisions: RateLimitDecision[] }>(
        "consumeAll",
        callOptions,
        run,
        verdict,
      );
    },
    peek(check, callOptions) {
      const run = () => {
        const { limit, on, key } = prepare(check);
        const step = ([record = null]: Records, nowMs: number) => on.peek(limit, record, nowMs);
        return runtime.apply("rate-limit.peek", [key], { limit }, step, callOptions);
      };
      return runtime.operation("peek", callOptions, run, verdict);
    },
    charge(check, callOptions) {
      const run = () => {
        const { limit, on, key } = prepare(check);
        const step = ([record = null]: Records, nowMs: number) => on.charge(limit, record, nowMs);
        return runtime.apply("rate-limit.charge", [key], { limit }, step, callOptions);
      };
      return runtime.operation("charge", callOptions, run, verdict);
    },
    refund(check, receipt, callOptions) {
      const run = async () => {
        const { limit, on, key } = prepare(check);
        const parsed = parseReceipt(on.tag, receipt);
        const step = ([record = null]: Records, nowMs: number) => on.refund(limit, parsed, record, nowMs);
        return runtime.apply("rate-limit.refund", [key], { limit, receipt: parsed }, step, callOptions);
      };
      return runtime.operation("refund", callOptions, run, () => "ok");
    },
    block(check, durationMs, callOptions) {
      const run = async () => {
        const { limit, on, key } = prepare(check);
        requireDurationMs(durationMs, "durationMs");
        const step = ([record = null]: Records, nowMs: number) => on.block(limit, durationMs, record, nowMs);
        return runtime.apply("rate-limit.block", [key], { limit, durationMs }, step, callOptions);
      };
      return runtime.operation("block", callOptions, run, () => "ok");
    },
    reset(check, callOptions) {
      const run = async () => {
        const { limit, key } = prepare(check);
        return runtime.apply("rate-limit.reset", [key], { limit }, ([record = null]) => reset(record), callOptions);
      };
      return runtime.operation("reset", callOptions, run, (found) => (found ? "ok" : "missing"));
    },
    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

/** The checks by their record, each record once. */
function groupsOf(
  checks: readonly RateLimitCheck[],
  prepare: (check: RateLimitCheck) => { limit: Limit; on: Transitions; key: string },
): { keys: string[]; groups: CheckGroup[] } {
  requireChecks(checks);
  const byKey = new Map<string, { on: Transitions; limits: [Limit, ...Limit[]]; positions: number[] }>();
  checks.forEach((check: RateLimitCheck, position) => {
    const { limit, on, key } = prepare(check);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, { on, limits: [limit], positions: [position] });
    else {
      group.limits.push(limit);
      group.positions.push(position);
    }
  });
  const groups = [...byKey.values()].map(({ on, limits, positions }) => ({
    consumeTogether: on.consumeTogether,
    limits,
    positions,
  }));
  return { keys: [...byKey.keys()], groups };
}
