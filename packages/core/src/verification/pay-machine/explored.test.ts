// Mistakes of the payment machine that the explorer found, each as the few events that show it.
import { describe, expect, test } from "vitest";
import type { Lease } from "../verification-store.ts";
import { next, startPayment } from "./next.ts";
import type { PayEffect, PayEvent, PayInput, PayState } from "./state.ts";

const leaseMs = 150;
const input: PayInput = { order: "serve-then-settle", leaseMs, payload: "payload", pastValidity: false, seed: "A" };
const lease: Lease = { token: "A:1", fence: "1", attempt: 1, ttlMs: leaseMs };
const accepted: PayEvent = { on: "verified", id: 0, result: { status: "accepted" } };
const claimed: PayEvent = { on: "claimed", sentAtMs: 0, reply: { status: "claimed", via: "fresh", lease } };
const served: PayEvent = { on: "served", id: 1, kept: "kept" };
const away: PayEvent = { on: "failed", unavailable: true, mayHaveRun: false, tooLarge: false, error: 0 };
const time: PayEvent = { on: "time" };
const ended = (sentAtMs: number, status: "ok" | "lost" = "ok"): PayEvent => ({
  on: "ended",
  sentAtMs,
  reply: status === "ok" ? { status } : { status, current: "in-progress" },
});

/** Tells the machine each event at its instant; what it is then, and what it asked for last. */
function told(...events: [nowMs: number, event: PayEvent][]): { state: PayState; effects: readonly PayEffect[] } {
  let moved = startPayment(input, 0);
  for (const [nowMs, event] of events) moved = next(moved.state, event, nowMs);
  return moved;
}

const callsOf = (effects: readonly PayEffect[]) =>
  effects.flatMap((effect) => (effect.do === "store" ? [effect.call.call] : []));

describe("the payment machine", () => {
  test("does not settle where the answer to the switch came after the lease's end", () => {
    const { state, effects } = told([0, accepted], [0, claimed], [0, served], [leaseMs, ended(0)]);
    expect(state.at).toBe("release");
    expect(effects).not.toContainEqual(expect.objectContaining({ do: "step" }));
    expect(callsOf(effects)).toEqual(["release"]);
  });

  test("sends no call of a place that it has left: the next place hears its own answers", () => {
    const renewed: [number, PayEvent] = [50, time];
    const { state, effects } = told([0, accepted], [0, claimed], renewed, [60, served], [leaseMs, ended(50, "lost")]);
    expect(callsOf(effects)).toEqual(["claim"]);
    expect(state.queued).toBeUndefined();
    const again = next(state, { ...claimed, sentAtMs: leaseMs }, leaseMs);
    expect(again.state.at).toBe("serve");
  });

  test("puts the doubt down again where its caller left while it reconciled", () => {
    const unknown: PayEvent = { on: "claimed", sentAtMs: 0, reply: { status: "unknown" } };
    const { effects } = told([0, accepted], [0, unknown], [0, { on: "aborted" }], [0, claimed]);
    expect(callsOf(effects)).toEqual(["markUnknown"]);
  });

  test("makes a retry that was due, however late, before it gives a receipt up", () => {
    const receipt: PayEvent = { on: "settled", id: 2, answer: { ok: true, receipt: "receipt" } };
    const events: [number, PayEvent][] = [
      [0, accepted],
      [0, claimed],
      [0, served],
      [0, ended(0)],
      [0, receipt],
      [0, away],
    ];
    const late = told(...events, [10 * leaseMs, time]);
    expect(callsOf(late.effects)).toEqual(["settle"]);
    expect(next(late.state, away, 10 * leaseMs).effects).toContainEqual({
      do: "answer",
      answer: { status: "pending", retryAfterMs: 1_000 },
    });
  });

  test("goes on putting a receipt down that no delivery goes with, though its caller leaves between two tries", () => {
    const settleFirst: PayInput = { ...input, order: "settle-then-serve" };
    const receipt: PayEvent = { on: "settled", id: 1, answer: { ok: true, receipt: "receipt" } };
    const threw: PayEvent = { on: "threw", id: 2, error: 1 };
    let moved = startPayment(settleFirst, 0);
    // Its serve throws while the receipt is on its way, which fails.
    for (const event of [accepted, claimed, ended(0), receipt, threw, away, away, { on: "aborted" } as const]) {
      moved = next(moved.state, event, 0);
    }
    expect(moved.state.at).toBe("record");
    expect(callsOf(next(moved.state, time, 50).effects)).toEqual(["settle"]);
  });

  test("tells a rejection under a lease only where the release is confirmed", () => {
    const refused: PayEvent = { ...claimed, reply: { status: "claimed", via: "fresh", lease, refusals: 1 } };
    const rejected: PayEvent = { on: "verified", id: 1, result: { status: "rejected", reason: "bad", used: false } };
    const { state, effects } = told([0, accepted], [0, refused], [0, rejected], [0, ended(0, "lost")]);
    expect(effects).not.toContainEqual(expect.objectContaining({ do: "answer" }));
    expect(state.at).toBe("claim");
  });

  test("delivers by another token where its delivery came second to one that was taken back", () => {
    const receipt: PayEvent = { on: "settled", id: 2, answer: { ok: true, receipt: "receipt" } };
    const owed: PayEvent = { on: "recorded", reply: { status: "settled", receipt: "receipt" } };
    const { state } = told([0, accepted], [0, claimed], [0, served], [0, ended(0)], [0, receipt], [0, owed]);
    const { effects } = next(state, time, 50);
    expect(effects).toEqual([{ do: "store", call: { call: "deliver", token: "A:3", kept: "kept" } }]);
  });
});
