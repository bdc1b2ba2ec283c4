// A walk through the payment machine: events at instants, and what it asks for. Every state is frozen.
import type { Claim, Lease, Settlement } from "../verification-store.ts";
import { next, startPayment } from "./next.ts";
import type { Answer, PayEffect, PayEvent, PayInput, PayMoved, PayState, StoreCall } from "./state.ts";

export const leaseMs = 3_000;
export const lease: Lease = { token: "t", fence: "7", ttlMs: leaseMs, attempt: 1 };
export const input: PayInput = {
  ...{ order: "serve-then-settle", leaseMs, payload: "payload", pastValidity: false, reference: "ref", seed: "seed" },
};
export const claimed: Extract<Claim, { status: "claimed" }> = { status: "claimed", lease, via: "fresh" };
export const ok = (sentAtMs: number): PayEvent => ({ on: "ended", reply: { status: "ok" }, sentAtMs });
export const failed = (more: Partial<Extract<PayEvent, { on: "failed" }>> = {}): PayEvent => ({
  ...{ on: "failed", unavailable: true, mayHaveRun: true, tooLarge: false, error: 0 },
  ...more,
});

/** Deep-frozen, so that a move that changed what it was given would throw. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

/** A walk through the machine: events at instants, every state frozen. */
export class Walk {
  moved: PayMoved;
  nowMs = 0;
  readonly states: PayState[] = [];
  constructor(more: Partial<PayInput> = {}) {
    this.moved = frozen(startPayment({ ...input, ...more }, 0));
    this.states.push(this.moved.state);
  }
  get state(): PayState {
    return this.moved.state;
  }
  get effects(): readonly PayEffect[] {
    return this.moved.effects;
  }
  hear(event: PayEvent, nowMs: number = this.nowMs): this {
    this.nowMs = nowMs;
    this.moved = frozen(next(this.state, frozen(event), nowMs));
    this.states.push(this.state);
    return this;
  }
  /** The answer of the step that runs. */
  step(event: { on: "verified" | "served" | "settled" | "found" | "read" | "threw" } & Record<string, unknown>): this {
    return this.hear({ ...event, id: this.state.step?.id ?? -1 } as PayEvent);
  }
  get calls(): StoreCall["call"][] {
    return this.effects.flatMap((effect) => (effect.do === "store" ? [effect.call.call] : []));
  }
  get answers(): Answer[] {
    return this.effects.flatMap((effect) => (effect.do === "answer" ? [effect.answer] : []));
  }
  get reports(): string[] {
    return this.effects.flatMap((effect) => (effect.do === "report" ? [effect.event] : []));
  }
  verified(): this {
    return this.step({ on: "verified", result: { status: "accepted" } });
  }
  claimed(reply: Claim = claimed): this {
    return this.hear({ on: "claimed", reply, sentAtMs: this.nowMs });
  }
  /** Under way to the settlement. */
  settling(): this {
    this.verified().claimed();
    if (input.order === this.state.input.order) this.step({ on: "served", kept: "text" });
    return this.hear(ok(this.nowMs));
  }
  settled(): this {
    return this.step({ on: "settled", answer: { ok: true, receipt: "tx" } });
  }
  recorded(reply: Settlement): this {
    return this.hear({ on: "recorded", reply });
  }
}

export const delivered = { status: "delivered", byYou: true, receipt: "tx" } as const;
