// An operator in the explorer's payments: resolvePayment, or one payment of reconcileUnresolved, once in a run.
import { readBody } from "../verification/verification-record.ts";
import type { Claim, Lease } from "../verification/verification-store.ts";
import type { Move } from "./explore.ts";
import { applied } from "./payment-store.ts";
import {
  type ExplorerCall,
  leaseMs,
  mayHaveMoved,
  type Operator,
  type PaymentRules,
  type PaymentWorld,
  receipt,
  storeMs,
} from "./payment-world.ts";

const operator = -1;

/** The operator acts on what the ledger says. Its calls are answered at once. */
export function operatorMoves(world: PaymentWorld, rules: PaymentRules): Move<PaymentWorld>[] {
  const { operator: now, transfer } = world;
  if (world.away) return [];
  const calls = (does: string, call: ExplorerCall, next: Operator = { at: "done" }): Move<PaymentWorld> => {
    const { world: after, reply } = applied(world, rules, { actor: operator, call });
    return { label: `operator: ${does} -> ${reply.status}`, next: { ...after, operator: next } };
  };
  const becomes = (does: string, next: Operator, change: Partial<PaymentWorld> = {}): Move<PaymentWorld> => ({
    label: `operator: ${does}`,
    next: { ...world, ...change, operator: next },
  });
  switch (now.at) {
    case "done":
      return [];
    case "idle": {
      if (readBody(world.record) === null) return [];
      if (transfer.state === "landed") {
        return [
          calls("{ receipt }", { call: "resolveReceipt" }),
          calls("{ delivered: true }", { call: "resolveDelivered" }),
          ...reconciles(world, rules),
        ];
      }
      const moves = reconciles(world, rules);
      return mayHaveMoved(world) ? moves : [calls("{ none }", { call: "resolveNone" }), ...moves];
    }
    case "finding": {
      const over = world.nowMs >= now.untilMs;
      const found = (answer: "receipt" | "none" | "unknown", change?: Partial<PaymentWorld>) =>
        becomes(`finds ${answer}`, { at: "found", lease: now.lease, answer }, change);
      if (over) return [found("unknown")];
      if (transfer.state === "landed") return [found("receipt")];
      return transfer.state === "flying" ? [found("unknown")] : [found("none", { none: true }), found("unknown")];
    }
    case "found": {
      const { lease, answer } = now;
      if (answer === "receipt") return [calls("settle", { call: "settle", receipt })];
      if (answer === "none") return [calls("expire", { call: "operatorExpire", lease })];
      return [calls("markUnknown", { call: "markUnknown", lease })];
    }
  }
}

function reconciles(world: PaymentWorld, rules: PaymentRules): Move<PaymentWorld>[] {
  const { write, reply } = rules.on.reconcile(world.record, storeMs(world), { token: "operator", leaseMs });
  const claim: Claim = reply;
  if (claim.status !== "claimed" || write === undefined) return [];
  const lease: Lease = claim.lease;
  const finding: Operator = { at: "finding", lease, untilMs: world.nowMs + lease.ttlMs };
  return [{ label: "operator: reconcile -> claimed", next: { ...world, record: write, operator: finding } }];
}
