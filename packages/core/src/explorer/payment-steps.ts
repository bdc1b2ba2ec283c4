// The answers that the seller's steps, the verifier and the ledger may give a caller in the explorer's payments.
import type { FindAnswer, PayEvent, SettleAnswer, StepCall, Verified } from "../verification/pay-machine/state.ts";
import type { Move } from "./explore.ts";
import { holdsLease, tell } from "./payment-caller.ts";
import {
  breaks,
  callerAt,
  evidence,
  type Fault,
  keptText,
  mayHaveMoved,
  nameOf,
  type PaymentRules,
  type PaymentWorld,
  receipt,
  type Settling,
  withCaller,
} from "./payment-world.ts";

/** One possible answer of a step. `fault`: its cost. */
interface Choice {
  readonly does: string;
  readonly event: PayEvent;
  readonly fault?: Fault;
  /** Its effect on the world. */
  readonly change?: Partial<PaymentWorld>;
  /** It moves money, so it checks its signal immediately before. */
  readonly looks?: true;
}

/** Takes a fault from the budget. Null where that fault is not explored, or none is left. */
export function faulty(world: PaymentWorld, rules: PaymentRules, fault: Fault): PaymentWorld | null {
  if (world.left.faults === 0 || !rules.faults.includes(fault)) return null;
  return { ...world, left: { ...world.left, faults: world.left.faults - 1 } };
}

export function stepMoves(world: PaymentWorld, rules: PaymentRules, index: number): Move<PaymentWorld>[] {
  const { step, settling } = callerAt(world, index);
  const moves: Move<PaymentWorld>[] = [];
  if (step !== undefined) {
    for (const { does, event, fault, change, looks } of choicesOf(world, rules, index, step)) {
      const from = fault === undefined ? world : faulty(world, rules, fault);
      if (from === null) continue;
      if (looks && callerAt(tell(from, rules, index, { on: "time" }), index).step?.id !== step.id) continue;
      moves.push({ label: `${nameOf(index)} ${does}`, next: tell({ ...from, ...change }, rules, index, event) });
    }
  }
  if (settling !== undefined) moves.push(...settleMoves(world, rules, index, settling));
  return moves;
}

function choicesOf(world: PaymentWorld, rules: PaymentRules, index: number, { step, id }: StepCall): Choice[] {
  switch (step) {
    case "verify":
      return verifyChoices(world, id);
    case "serve":
      return serveChoices(rules, id);
    case "read":
      return [
        { does: "reads what was kept", event: { on: "read", id, ok: true } },
        { does: "cannot read what was kept", event: { on: "read", id, ok: false }, fault: "seller" },
      ];
    case "find":
      return findChoices(world, rules, index, id);
    case "settle":
      return [];
  }
}

function verifyChoices(world: PaymentWorld, id: number): Choice[] {
  const verified = (does: string, result: Verified, fault?: Fault): Choice => ({
    does,
    event: { on: "verified", id, result },
    ...(fault && { fault }),
  });
  const reason = "bad";
  return [
    verified("is verified", { status: "accepted" }),
    verified("is rejected by the verifier", { status: "rejected", reason, used: false }, "verifier"),
    ...(mayHaveMoved(world)
      ? [verified("is rejected as used by the verifier", { status: "rejected", reason, used: true }, "verifier")]
      : []),
    verified("is told later by the verifier", { status: "pending", retryAfterMs: 1 }, "verifier"),
    { does: "hears its verifier throw", event: { on: "threw", id, error: 0 }, fault: "verifier" },
  ];
}

function serveChoices({ keeps }: PaymentRules, id: number): Choice[] {
  return [
    ...(keeps === "never" ? [] : [{ does: "serves", event: { on: "served", id, kept: keptText } } as const]),
    ...(keeps === "always" ? [] : [{ does: "serves what cannot be kept", event: { on: "served", id } } as const]),
    { does: "fails to serve", event: { on: "threw", id, error: 0 }, fault: "seller" },
  ];
}

/** "None" is answered as soon as the ledger has no transfer. So a settle that has not sent must not send any more. */
function findChoices(world: PaymentWorld, { idempotent }: PaymentRules, index: number, id: number): Choice[] {
  const found = (does: string, answer: FindAnswer, more: Partial<Choice> = {}): Choice => ({
    does,
    event: { on: "found", id, answer },
    ...more,
  });
  const { lied } = callerAt(world, index);
  const { transfer } = world;
  const landed = { ...transfer, state: "landed" } as const;
  const again = idempotent
    ? [found("settles the same authorization again", { receipt }, { change: { transfer: landed }, looks: true })]
    : [];
  const throws: Choice = { does: "fails to find", event: { on: "threw", id, error: 0 }, fault: "seller" };
  return [...answers(), throws];

  function answers(): Choice[] {
    switch (transfer.state) {
      case "landed": {
        const finds = found("finds the settlement", { receipt });
        // A seller that refuses what was settled can at least find the settlement.
        return lied ? [finds] : [finds, found("cannot find the settlement", "unknown", { fault: "seller" })];
      }
      case "flying":
        return [found("finds the settlement under way", "unknown"), ...again];
      default:
        return [
          found("finds that nothing moved or ever will", { none: "void" }, { change: { none: true } }),
          found("finds nothing out", "unknown"),
          ...again,
        ];
    }
  }
}

function settleMoves(
  world: PaymentWorld,
  rules: PaymentRules,
  index: number,
  settling: Settling,
): Move<PaymentWorld>[] {
  const name = nameOf(index);
  const { id, phase, stopped, transfer } = settling;
  const move = (does: string, next: PaymentWorld) => ({ label: `${name} ${does}`, next });
  const over = (from: PaymentWorld, event: PayEvent) =>
    tell(withCaller(from, index, { settling: undefined }), rules, index, event);
  const answers = (does: string, answer: SettleAnswer | "throws", fault?: Fault, lied = false) => {
    const from = fault === undefined ? world : faulty(world, rules, fault);
    if (from === null) return [];
    const event: PayEvent = answer === "throws" ? { on: "threw", id, error: 0 } : { on: "settled", id, answer };
    return [move(does, over(lied ? withCaller(from, index, { lied }) : from, event))];
  };
  const refusal = (used: boolean): SettleAnswer => ({ ok: false, reason: "refused", used });
  if (phase === "sent") {
    const state = transfer === world.transfer.id ? world.transfer.state : "dropped";
    switch (state) {
      case "landed":
        return [
          ...answers("hears that it landed", { ok: true, receipt }),
          ...answers("hears nothing clear of what landed", "throws", "seller"),
          ...answers("hears that what landed is used", refusal(true), "seller"),
          ...answers("hears that what landed is refused", refusal(false), "seller", true),
        ];
      case "flying":
        return [
          ...answers("hears nothing clear of what is under way", "throws", "seller"),
          ...answers("hears that what is under way is used", refusal(true), "seller"),
        ];
      default:
        return [
          ...answers("hears that it is refused", refusal(false)),
          ...answers("hears nothing clear of what was dropped", "throws", "seller"),
        ];
    }
  }
  if (phase === "refused" || stopped) return answers("does not send", "throws");
  if (phase === "noting") return [];
  if (phase === "asked" && rules.notes) {
    const noting = withCaller(world, index, { settling: { ...settling, phase: "noting" } });
    return [move("notes evidence", tell(noting, rules, index, { on: "note", id, noteId: 0, evidence }))];
  }
  return [move("sends the transfer", sent(world, rules, index)), ...answers("fails to send", "throws", "seller")];
}

/** The last check of the signal, and the transfer. A suspended process runs its timers before that check. */
function sent(world: PaymentWorld, rules: PaymentRules, index: number): PaymentWorld {
  const looked = tell(world, rules, index, { on: "time" });
  const { settling } = callerAt(looked, index);
  if (settling === undefined || settling.stopped) return looked;
  const transfer = { id: world.transfer.id + 1, state: "flying" } as const;
  const after = withCaller({ ...looked, transfer }, index, {
    settling: { ...settling, phase: "sent", transfer: transfer.id },
  });
  const name = nameOf(index);
  if (mayHaveMoved(world)) return breaks(after, `${name} sends a second transfer`);
  if (world.none) return breaks(after, `${name} sends a transfer of what never was to be settled`);
  return holdsLease(world, index) ? after : breaks(after, `${name} sends a transfer, and holds no live lease`);
}
