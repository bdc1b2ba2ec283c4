// The payment machine by itself: plain data in and out, deaf to what is not its own, one call at a time.
import { describe, expect, it } from "vitest";
import { next, wakeAtMs } from "./next.ts";
import type { PayEvent } from "./state.ts";
import { claimed, delivered, lease, leaseMs, ok, Walk } from "./walk.test-support.ts";

const walks = (): Record<string, Walk> => ({
  "served first": new Walk().settling().settled().recorded(delivered),
  "settled first": new Walk({ order: "settle-then-serve" })
    .settling()
    .settled()
    .recorded({ status: "settled", receipt: "tx" })
    .step({ on: "served", kept: "text" })
    .recorded(delivered),
  "in doubt": new Walk().settling().step({ on: "threw", error: 0 }).hear(ok(0)),
  refused: new Walk()
    .settling()
    .step({ on: "settled", answer: { ok: false, reason: "no", used: false } })
    .step({ on: "found", answer: "unknown" })
    .hear(ok(0)),
  found: new Walk()
    .verified()
    .claimed({ status: "unknown" })
    .claimed({ ...claimed, evidence: "hash", reference: "its ref" })
    .step({ on: "found", answer: { none: "void" } })
    .hear(ok(0)),
  "owed, and read": new Walk()
    .verified()
    .claimed({ status: "settled", receipt: "tx", lease, kept: "text" })
    .step({ on: "read", ok: true })
    .recorded(delivered),
  "waited for": new Walk()
    .verified()
    .claimed({ status: "in-progress", retryAfterMs: 100 })
    .hear({ on: "waited" })
    .claimed({ status: "delivered", receipt: "tx" }),
  "past validity": new Walk({ pastValidity: true }).hear({ on: "looked", reply: { status: "absent" } }).verified(),
  left: new Walk()
    .settling()
    .hear({ on: "aborted" })
    .settled()
    .recorded({ status: "settled", receipt: "tx" })
    .hear(ok(0)),
  late: new Walk().settling().hear({ on: "time" }, 9_001).hear(ok(9_001)),
});

describe("the payment machine", () => {
  it("is plain data throughout: every state and effect survives JSON", () => {
    for (const { states } of Object.values(walks())) {
      for (const state of states) expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    }
  });

  it("ends where it should", () => {
    const ends = Object.entries(walks()).map(([title, { state, answers }]) => [title, state.at, answers[0]?.status]);
    expect(ends).toEqual([
      ["served first", "ended", "paid"],
      ["settled first", "ended", "paid"],
      ["in doubt", "ended", "pending"],
      ["refused", "ended", "rejected"],
      ["found", "ended", "rejected"],
      ["owed, and read", "ended", "paid"],
      ["waited for", "ended", "paid"],
      ["past validity", "claim", undefined],
      ["left", "ended", undefined],
      ["late", "late", "pending"],
    ]);
  });

  it("is deaf, in every state, to steps that are not its own, to waits that it does not wait, and to being told twice", () => {
    const stale: PayEvent[] = [
      { on: "waited" },
      { on: "served", id: 99 },
      { on: "verified", id: 99, result: { status: "accepted" } },
      { on: "settled", id: 99, answer: { ok: true, receipt: "another" } },
      { on: "found", id: 99, answer: { none: "void" } },
      { on: "read", id: 99, ok: true },
      { on: "threw", id: 99, error: 1 },
      { on: "time" },
    ];
    for (const walk of Object.values(walks())) {
      for (const state of walk.states) {
        for (const event of stale) {
          if (state.at === "wait" && event.on === "waited") continue;
          expect(next(state, event, state.startedAtMs).state.at).toBe(state.at);
          if (event.on !== "time") expect(next(state, event, state.startedAtMs).effects).toEqual([]);
        }
      }
    }
  });

  it("never has more than one call of the store under way", () => {
    for (const { states } of Object.values(walks())) {
      for (const state of states) {
        const moved = next(state, { on: "aborted" }, 0);
        const calls = moved.effects.filter((effect) => effect.do === "store");
        expect(calls.length).toBeLessThanOrEqual(state.calling === undefined ? 1 : 0);
      }
    }
  });

  it("tells nothing to a caller who has left, and answers once", () => {
    for (const { states } of Object.values(walks())) {
      for (const state of states) {
        if (state.caller !== "waiting") expect(next(state, { on: "aborted" }, 0).effects).toEqual([]);
      }
    }
  });

  it("knows when it is next to be woken: its lease, its renewal, its step's time; never once it has ended", () => {
    const walk = new Walk().verified();
    expect(wakeAtMs(walk.state)).toBeUndefined();
    walk.claimed();
    expect(wakeAtMs(walk.state)).toBe(leaseMs / 3);
    walk.hear({ on: "time" }, leaseMs / 3);
    expect(walk.calls).toEqual(["renew"]);
    expect(wakeAtMs(walk.state)).toBe(leaseMs);
    for (const { state } of Object.values(walks())) if (state.at === "ended") expect(wakeAtMs(state)).toBeUndefined();
  });

  it("uses a token of its own for each claim and each delivery", () => {
    const walk = new Walk().verified().claimed({ status: "unknown" });
    const tokens = walk.states.flatMap(({ calling }) =>
      calling !== undefined && "token" in calling ? [calling.token] : [],
    );
    expect(tokens).toEqual(["seed:1", "seed:2"]);
  });
});
