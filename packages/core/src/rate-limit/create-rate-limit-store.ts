// The rate-limit store over any AtomicPort: checks the arguments, names the record, runs the transition.
import type { AtomicPort, Step, StoredRecord } from "../atomic-port.ts";
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs } from "../durations.ts";
import { StoreError } from "../errors.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { type PortUse, storeRuntime } from "../store-runtime.ts";
import { parseReceipt } from "./algorithm.ts";
import type { RateLimitCatalog } from "./catalog.ts";
import { type LimitGroup, requireChecks } from "./consume-all.ts";
import { type Limit, limitReader, limitsReader } from "./policy.ts";
import type { RateLimitCheck, RateLimitDecision, RateLimitStore } from "./rate-limit-store.ts";
import { plainly, recordKeys } from "./record-keys.ts";
import { reset } from "./reset.ts";
import { algorithmTag, consumeAllGroups, transitions } from "./transitions.ts";

type Records = readonly (StoredRecord | null)[];
type StepOnLimit = (record: StoredRecord | null, nowMs: number, { limit }: { limit: Limit }) => Step<RateLimitDecision>;

const consumeStep: StepOnLimit = (record, nowMs, { limit }) =>
  transitions[limit.algorithm].consume(limit, record, nowMs);
const peekStep: StepOnLimit = (record, nowMs, { limit }) => transitions[limit.algorithm].peek(limit, record, nowMs);
const chargeStep: StepOnLimit = (record, nowMs, { limit }) => transitions[limit.algorithm].charge(limit, record, nowMs);

/**
 * A rate-limit store on `port`. Keys are `<keyPrefix>:<route>:{<client's hash>}:<fw|sw|tb><windowMs>`, keyPrefix by
 * default `tollbooth:rl`. The client is hashed with the first `keySecret`. Throws STORE_CONFIG for wrong options.
 */
export function createRateLimitStore(port: AtomicPort, options: StoreOptions = {}, use: PortUse = {}): RateLimitStore {
  const { keyPrefix, pseudonymizers, defaults, provider, inProcess } = resolveStoreOptions(options, "rateLimits");
  if (inProcess && port.capabilities.shared) {
    throw new StoreError(
      "STORE_CONFIG",
      "inProcess is for a port that shares nothing; leave it out, so that keys hold hashes.",
    );
  }
  const limitFor = limitReader(defaults.windowMs);
  const limitAt = limitsReader(defaults.windowMs);
  const nameOf = recordKeys(keyPrefix, inProcess ? plainly(pseudonymizers[0]) : pseudonymizers[0]);
  const runtime = storeRuntime<RateLimitCatalog>(port, { store: "rate-limits", provider }, use);

  const verdict = ({ allowed, source = "store" }: { allowed: boolean; source?: RateLimitDecision["source"] }) => {
    const outcome = allowed ? "allowed" : "denied";
    return source === "deny-cache" ? { outcome, source } : outcome;
  };
  const prepare = (check: RateLimitCheck) => {
    const { limit } = limitFor(check);
    const on = transitions[limit.algorithm];
    return { limit, on, key: nameOf(check, on.tag, limit.windowMs).key };
  };
  // The most frequent calls: what they do not need for themselves is made once.
  const runOn =
    (name: "rate-limit.consume" | "rate-limit.peek" | "rate-limit.charge", step: StepOnLimit) =>
    (check: RateLimitCheck, callOptions: CallOptions | undefined) => {
      const forCheck = limitFor(check);
      const { algorithm, windowMs } = forCheck.limit;
      return runtime.applyToOne(name, nameOf(check, algorithmTag(algorithm), windowMs), forCheck, step, callOptions);
    };
  const runConsume = runOn("rate-limit.consume", consumeStep);
  const runPeek = runOn("rate-limit.peek", peekStep);
  const runCharge = runOn("rate-limit.charge", chargeStep);

  return {
    capabilities: port.capabilities,
    defaultWindowMs: defaults.windowMs,
    consume: (check, callOptions) => runtime.operationOn("consume", check, callOptions, runConsume, verdict),
    consumeAll(checks, callOptions) {
      const run = async () => {
        const { keys, groups } = groupsOf(checks, limitAt, nameOf);
        if (keys.length === 0) return { allowed: true, atomic: true, decisions: [] };
        const step = (records: Records, nowMs: number) => consumeAllGroups(groups, records, nowMs);
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
    peek: (check, callOptions) => runtime.operationOn("peek", check, callOptions, runPeek, verdict),
    charge: (check, callOptions) => runtime.operationOn("charge", check, callOptions, runCharge, verdict),
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
  limitAt: ReturnType<typeof limitsReader>,
  nameOf: ReturnType<typeof recordKeys>,
): { keys: string[]; groups: LimitGroup[] } {
  requireChecks(checks);
  const byKey = new Map<string, { limits: [Limit, ...Limit[]]; positions: number[] }>();
  checks.forEach((check: RateLimitCheck, position) => {
    const limit = limitAt(check, position);
    const { key } = nameOf(check, algorithmTag(limit.algorithm), limit.windowMs);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, { limits: [limit], positions: [position] });
    else {
      group.limits.push(limit);
      group.positions.push(position);
    }
  });
  return { keys: [...byKey.keys()], groups: [...byKey.values()] };
}
