// A caller in the explorer's payments: it gives the payment machine an event, and the effects become outstanding.
import { wakeAtMs } from "../verification/pay-machine/next.ts";
import type { Answer, PayEffect, PayEvent, PayMoved, StepCall } from "../verification/pay-machine/state.ts";
import { phaseOf, readBody } from "../verification/verification-record.ts";
import {
  breaks,
  type Caller,
  callerAt,
  leaseMs,
  mayHaveMoved,
  nameOf,
  type PaymentRules,
  type PaymentWorld,
  type Presented,
  storeMs,
  withCaller,
} from "./payment-world.ts";

/** Starts a machine. Its first effects are outstanding. */
export function withStarted(world: PaymentWorld, rules: PaymentRules, by: Presented, seed: string): PaymentWorld {
  const { order, payload, pastValidity = false } = by;
  const moved = rules.start({ order, leaseMs, payload, pastValidity, seed }, world.nowMs);
  const caller: Caller = {
    machine: moved.state,
    ...{ waiting: false, left: false, failures: 0, gotReceipt: false, lied: false },
  };
  const started = { ...world, callers: [...world.callers, caller] };
  return performed(started, rules, started.callers.length - 1, moved);
}

/** Gives a caller's machine an event. */
export function tell(world: PaymentWorld, rules: PaymentRules, index: number, event: PayEvent): PaymentWorld {
  const { machine, step, calling, failures } = callerAt(world, index);
  const puts = calling !== undefined && ["settle", "deliver", "undeliver"].includes(calling.call.call);
  const accepted = event.on === "verified" && event.result.status === "accepted";
  const answers = event.on === "looked" || event.on === "claimed" || event.on === "ended" || event.on === "recorded";
  const told = withCaller(world, index, {
    ...((answers || event.on === "failed") && { calling: undefined }),
    ...(event.on === "failed" && !event.tooLarge && puts && { failures: Math.min(2, failures + 1) }),
    ...("id" in event && event.id === step?.id && { step: undefined }),
    ...(accepted && step?.step === "verify" && { accepted: step.refusals }),
    ...(event.on === "waited" && { waiting: false }),
    ...(event.on === "aborted" && { left: true }),
    ...(event.on === "settled" && event.answer !== "unclear" && event.answer.ok && { gotReceipt: true }),
  });
  return performed(told, rules, index, rules.next(machine, event, world.nowMs));
}

function performed(
  world: PaymentWorld,
  rules: PaymentRules,
  index: number,
  { state, effects }: PayMoved,
): PaymentWorld {
  let after = withCaller(world, index, { machine: state });
  for (const effect of effects) after = perform(after, rules, index, effect);
  const { told, left, machine, calling, step, settling, waiting } = callerAt(after, index);
  const over = machine.at === "ended" || machine.at === "late";
  if (over && told === undefined && !left) return breaks(after, `${nameOf(index)} was never answered`);
  const idle = calling === undefined && step === undefined && settling === undefined && !waiting;
  if ((wakeAtMs(machine) ?? Number.POSITIVE_INFINITY) <= after.nowMs) {
    return breaks(after, `${nameOf(index)} would be woken for ever`);
  }
  if (!over && idle && machine.retry === undefined) return breaks(after, `${nameOf(index)} waits for nothing`);
  return after;
}

function perform(world: PaymentWorld, rules: PaymentRules, index: number, effect: PayEffect): PaymentWorld {
  const caller = callerAt(world, index);
  switch (effect.do) {
    case "store": {
      const doubled = caller.calling !== undefined ? breaks(world, `${nameOf(index)} has two calls under way`) : world;
      return withCaller(doubled, index, { calling: { call: effect.call, sentAtMs: world.nowMs } });
    }
    case "step":
      return begun(world, rules, index, effect.call);
    case "stop": {
      const { step, settling } = caller;
      if (settling?.id === effect.id) return withCaller(world, index, { settling: { ...settling, stopped: true } });
      // The answer of a step that was dropped changes nothing.
      if (step?.id === effect.id && effect.why !== "caller") return withCaller(world, index, { step: undefined });
      return world;
    }
    case "wait":
      return withCaller(world, index, { waiting: true });
    case "answer":
      return answered(world, index, effect.answer);
    case "fail":
      return withCaller(world, index, { told: { status: "failed", error: effect.error } });
    case "noted": {
      const { settling } = caller;
      if (settling?.phase !== "noting") return world;
      return withCaller(world, index, {
        settling: { ...settling, phase: effect.error === undefined ? "noted" : "refused" },
      });
    }
    case "report":
      return world;
  }
}

function begun(world: PaymentWorld, rules: PaymentRules, index: number, call: StepCall): PaymentWorld {
  const by = rules.callers[index];
  const { accepted } = callerAt(world, index);
  const name = nameOf(index);
  const body = readBody(world.record);
  switch (call.step) {
    case "settle": {
      const asked = withCaller(world, index, { settling: { id: call.id, phase: "asked", stopped: false } });
      if (body?.payment?.refusals !== accepted) {
        return breaks(asked, `${name} settles on an acceptance that a refusal has overtaken`);
      }
      // It may check its signal at once, before any other effect is performed.
      return holdsLease(world, index) ? asked : breaks(asked, `${name} is asked to settle, and holds no live lease`);
    }
    case "find": {
      const ignores = body?.evidence !== undefined && call.evidence === undefined;
      const asked = withCaller(world, index, { step: call });
      return ignores ? breaks(asked, `${name} asks what became of it without the evidence on record`) : asked;
    }
    case "serve": {
      const asked = withCaller(world, index, { step: call });
      const early = by?.order === "settle-then-serve" && world.transfer.state !== "landed";
      return early ? breaks(asked, `${name} serves what was not paid for`) : asked;
    }
    default:
      return withCaller(world, index, { step: call });
  }
}

/** Whether a caller's lease is live in the store, and switched to the settlement. */
export function holdsLease(world: PaymentWorld, index: number): boolean {
  const { lease } = callerAt(world, index).machine;
  const body = readBody(world.record);
  if (lease === undefined || body === null || body.state !== "in-progress") return false;
  const mine = body.token === lease.token && String(body.fence) === lease.fence;
  return mine && body.onLeaseExpiry === "unknown" && phaseOf(body, storeMs(world)) === "held";
}

function answered(world: PaymentWorld, index: number, answer: Answer): PaymentWorld {
  const name = nameOf(index);
  const { told, left, clear } = callerAt(world, index);
  let after = withCaller(world, index, { told: answer });
  if (told !== undefined) after = breaks(after, `${name} was answered twice`);
  if (left) after = breaks(after, `${name} was answered after it had left`);
  if (answer.status === "rejected" && clear !== true && (clear === false || mayHaveMoved(world))) {
    after = breaks(after, `${name} was refused while its payment had moved, or might yet`);
  }
  if (answer.status === "paid" && answer.fresh) {
    after = { ...after, fresh: after.fresh + 1 };
    if (after.fresh > 1) after = breaks(after, "two callers were told fresh");
    if (after.transfer.state !== "landed") after = breaks(after, `${name} was told paid, and nothing had moved`);
  }
  return after;
}
