// For tests: one client's record under the pure transitions, with a settable clock. No store, no promises.
import type { Step, StoredRecord } from "../../atomic-port.ts";
import { parseReceipt } from "../algorithm.ts";
import { limitOf } from "../policy.ts";
import type { RateLimitDecision, RateLimitPolicy } from "../rate-limit-store.ts";
import { transitions } from "../transitions.ts";

/**
 * A client whose record only these calls change. `policy` may differ from call to call, as long as it names the same
 * record.
 */
export interface SimulatedClient {
  nowMs: number;
  /** The live record, as it would come back from a store that keeps JSON. */
  record(): StoredRecord | null;
  consume(policy: RateLimitPolicy, cost?: number): RateLimitDecision;
  charge(policy: RateLimitPolicy, cost?: number): RateLimitDecision;
  peek(policy: RateLimitPolicy, cost?: number): RateLimitDecision;
  /** As peek, at another instant. */
  peekAt(atMs: number, policy: RateLimitPolicy, cost?: number): RateLimitDecision;
  refund(policy: RateLimitPolicy, receipt: string, cost?: number): RateLimitDecision;
  block(policy: RateLimitPolicy, durationMs: number): void;
  /** An independent copy of the client. */
  copy(): SimulatedClient;
}

/** A client never seen, or one with the given record. */
export function simulatedClient(startMs: number, stored: StoredRecord | null = null): SimulatedClient {
  let kept = stored;
  const liveAt = (nowMs: number) => (kept !== null && kept.endsAtMs > nowMs ? kept : null);
  const about = (policy: RateLimitPolicy, cost: number | undefined) => ({
    on: transitions[policy.algorithm],
    limit: limitOf({ route: "", client: "", policy, cost }, undefined),
  });
  const applied = <R>(step: Step<R>): R => {
    const write = step.writes?.[0];
    if (write !== undefined) kept = write === null ? null : JSON.parse(JSON.stringify(write));
    return step.reply;
  };
  const client: SimulatedClient = {
    nowMs: startMs,
    record: () => liveAt(client.nowMs),
    consume(policy, cost) {
      const { on, limit } = about(policy, cost);
      return applied(on.consume(limit, client.record(), client.nowMs));
    },
    charge(policy, cost) {
      const { on, limit } = about(policy, cost);
      return applied(on.charge(limit, client.record(), client.nowMs));
    },
    peek: (policy, cost) => client.peekAt(client.nowMs, policy, cost),
    peekAt(atMs, policy, cost) {
      const { on, limit } = about(policy, cost);
      return on.peek(limit, liveAt(atMs), atMs).reply;
    },
    refund(policy, receipt, cost) {
      const { on, limit } = about(policy, cost);
      return applied(on.refund(limit, parseReceipt(on.tag, receipt), client.record(), client.nowMs));
    },
    block(policy, durationMs) {
      const { on, limit } = about(policy, undefined);
      applied(on.block(limit, durationMs, client.record(), client.nowMs));
    },
    copy: () => simulatedClient(client.nowMs, client.record()),
  };
  return client;
}
