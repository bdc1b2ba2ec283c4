// The payment machine by itself: plain data in and out, deaf to what is not its own, and moves that a runner rarely makes.
import { describe, expect, it } from "vitest";
import type { Claim, Lease, Settlement } from "../verification-store.ts";
import { next, startPayment, wakeAtMs } from "./next.ts";
import type { PayEffect, PayEvent, PayInput, PayMoved, PayState, StoreCall } from "./state.ts";

const leaseMs = 3_000;
const lease: Lease = { token: "t", fence: "7", ttlMs: leaseMs, attempt: 1 };
const input: PayInput = {
  ...{ order: "serve-then-settle", leaseMs, payload: "payload", pastValidity: false, reference: "ref", seed: "seed" },
};
const claimed: Claim = { status: "claimed", lease, via: "fresh" };
const ok = (sentAtMs: number): PayEvent => ({ on: "ended", reply: { status: "ok" }, sentAtMs });
const failed = (more: Partial<Extract<PayEvent, { on: "failed" }>> = {}): PayEvent => ({
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
class Walk {
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
  hear(event: PayEvent, nowMs = this.nowMs): this {
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
  get answers() {
    return this.effects.flatMap((effect) => (effect.do === "answer" ? [effect.answer] : []));
  }
  get reports() {
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

const delivered = { status: "delivered", byYou: true, receipt: "tx" } as const;
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

describe("moves of the payment machine that a runner rarely makes", () => {
  it("a receipt that is recorded though its delivery is not, is delivered alone", () => {
    const walk = new Walk().settling().settled().recorded({ status: "settled", receipt: "tx" });
    walk.hear({ on: "time" }, 50);
    expect(walk.calls).toEqual(["deliver"]);
    expect(walk.recorded(delivered).answers).toEqual([{ status: "paid", fresh: true, receipt: "tx" }]);
  });

  it("a delivery that finds no receipt on record puts it down again", () => {
    const walk = new Walk().verified().claimed({ status: "settled", receipt: "tx", lease, kept: "text" });
    walk.step({ on: "read", ok: true });
    expect(walk.calls).toEqual(["deliver"]);
    walk.recorded({ status: "lost", current: "absent" }).hear({ on: "time" }, 50);
    expect(walk.calls).toEqual(["settle"]);
  });

  it("a delivery that can never be recorded is thrown, and told as owed", () => {
    const walk = new Walk({ order: "settle-then-serve" }).settling().settled();
    walk.recorded({ status: "settled", receipt: "tx" }).step({ on: "served", kept: "text" });
    walk.hear(failed({ unavailable: false, mayHaveRun: false, error: 3 }));
    expect(walk.reports).toEqual(["owed"]);
    expect(walk.effects).toContainEqual({ do: "fail", error: 3 });
  });

  it("a caller who leaves between two tries of the recording has it recorded alone", () => {
    const walk = new Walk()
      .settling()
      .settled()
      .hear(failed({ mayHaveRun: false }));
    walk.hear({ on: "aborted" });
    expect(walk.calls).toEqual(["settle"]);
    expect(walk.state.calling).toEqual({ call: "settle", receipt: "tx" });
  });

  it("a caller who leaves between two tries of a recording that may have run has its delivery taken back", () => {
    const walk = new Walk().settling().settled().hear(failed()).hear({ on: "aborted" });
    expect(walk.calls).toEqual(["undeliver"]);
    walk.hear(failed()).hear({ on: "time" }, 9_000);
    expect([walk.reports, walk.state.at]).toEqual([["owed"], "ended"]);
  });

  it("a receipt that cannot be recorded in six leases is in doubt", () => {
    const walk = new Walk()
      .settling()
      .settled()
      .hear(failed({ mayHaveRun: false }));
    walk.hear({ on: "time" }, 9_000);
    expect(walk.answers).toEqual([{ status: "pending", retryAfterMs: 1_000 }]);
    walk.hear(failed({ mayHaveRun: false })).hear({ on: "time" }, 18_000);
    expect([walk.reports, walk.state.at]).toEqual([["in-doubt"], "ended"]);
  });

  it("an expiry that finds its lease lost is looked at anew", () => {
    const walk = new Walk().verified().claimed({ status: "unknown" }).claimed();
    walk.step({ on: "found", answer: { none: "void" } });
    walk.hear({ on: "ended", reply: { status: "lost", current: "settled" }, sentAtMs: 0 });
    expect(walk.calls).toEqual(["claim"]);
  });

  it("a payment that is settled when it is reconciled is claimed for its lease", () => {
    const walk = new Walk().verified().claimed({ status: "unknown" }).claimed({ status: "settled", receipt: "tx" });
    expect([walk.state.at, walk.calls]).toEqual(["claim", ["claim"]]);
  });

  it.each(["expired", "done", "spent", "mismatch"] as const)(
    "a payment that is %s when it is reconciled is told so",
    (status) => {
      const replies = {
        expired: { status, reason: "void" },
        done: { status, outcome: "rejected", value: "revoked", expiresInMs: 1 },
        spent: { status },
        mismatch: { status },
      } as Record<string, Claim>;
      const walk = new Walk().verified().claimed({ status: "unknown" }).claimed(replies[status]);
      expect(walk.answers[0]?.status).toBe(status === "expired" || status === "done" ? "rejected" : "conflict");
    },
  );

  it("a payload past validity whose maker died before anything moved is verified", () => {
    const walk = new Walk({ pastValidity: true });
    walk.hear({ on: "looked", reply: { status: "in-progress", retryAfterMs: 0, payload: "payload" } });
    expect(walk.state.at).toBe("verify");
  });

  it.each([
    ["unknown", "another", "verify"],
    ["unknown", "payload", "claim"],
    ["settled", undefined, "claim"],
    ["settled", "payload", "claim"],
    ["settled", "another", "ended"],
  ] as const)("past validity, the record is %s and bound to %s: %s", (status, payload, at) => {
    const bound = payload === undefined ? {} : { payload };
    const reply = status === "settled" ? { status, receipt: "tx", ...bound } : { status, ...bound };
    expect(new Walk({ pastValidity: true }).hear({ on: "looked", reply }).state.at).toBe(at);
  });

  it.each([
    [true, "claim"],
    [false, "ended"],
  ])("settled without a claim, and a payload that is rejected, used: %s: %s", (used, at) => {
    const walk = new Walk().step({ on: "verified", result: { status: "rejected", reason: "no", used } });
    expect(walk.hear({ on: "looked", reply: { status: "settled", receipt: "tx" } }).state.at).toBe(at);
  });

  it("a verification repeated under the lease that finds the payload bound to something else is a conflict", () => {
    const walk = new Walk().verified().claimed({ ...claimed, refusals: 1 });
    expect(walk.state.at).toBe("verifyAgain");
    walk.step({ on: "verified", result: { status: "mismatch" } }).hear(ok(0));
    expect(walk.answers).toEqual([{ status: "conflict" }]);
  });

  it("a caller who leaves during a repeated verification has the lease given back", () => {
    const walk = new Walk()
      .verified()
      .claimed({ ...claimed, refusals: 1 })
      .hear({ on: "aborted" });
    expect(walk.calls).toEqual(["release"]);
    // Its answer is heard no more.
    expect(walk.step({ on: "verified", result: { status: "accepted" } }).effects).toEqual([]);
    expect(walk.hear(ok(0)).state.at).toBe("ended");
  });

  it("a rejection after a repeated verification is pending where the release is heard after the lease", () => {
    const walk = new Walk().verified().claimed({ ...claimed, refusals: 1 });
    walk.step({ on: "verified", result: { status: "rejected", reason: "no", used: false } });
    expect(walk.hear(ok(0), leaseMs).answers).toEqual([{ status: "pending", retryAfterMs: 1_000 }]);
  });

  it("what is kept of what is owed, and whose lease is lost in that call, is left", () => {
    const walk = new Walk({ order: "settle-then-serve" }).settling().settled();
    walk.recorded({ status: "settled", receipt: "tx" }).hear({ on: "aborted" }).step({ on: "served", kept: "text" });
    expect([walk.state.at, walk.calls]).toEqual(["keepOwed", ["renew"]]);
    expect(walk.hear({ on: "time" }, leaseMs).state.at).toBe("ended");
  });

  it("what cannot be kept of what is owed is given back all the same", () => {
    const walk = new Walk({ order: "settle-then-serve" }).settling().settled();
    walk.recorded({ status: "settled", receipt: "tx" }).hear({ on: "aborted" }).step({ on: "served", kept: "text" });
    expect(walk.hear(failed()).calls).toEqual(["release"]);
  });

  it("a receipt whose recording fails for good while it is served goes on being served", () => {
    const walk = new Walk({ order: "settle-then-serve" }).settling().settled();
    walk.hear(failed({ unavailable: false, tooLarge: false }));
    expect([walk.state.at, walk.effects]).toEqual(["serveOwed", []]);
    walk.step({ on: "threw", error: 5 });
    expect(walk.calls).toEqual(["settle"]);
    walk.recorded({ status: "settled", receipt: "tx" }).hear(ok(0));
    expect(walk.effects).toContainEqual({ do: "fail", error: 5 });
  });

  it("a note is told to be lost as soon as settle's time is over, though its own call is under way", () => {
    const walk = new Walk().settling();
    walk.hear({ on: "note", id: walk.state.step?.id ?? -1, noteId: 4, evidence: "hash" });
    expect(walk.calls).toEqual(["note"]);
    walk.hear({ on: "time" }, leaseMs);
    expect(walk.effects).toContainEqual({ do: "noted", ids: [4], error: "lost" });
    // Its answer says nothing to anyone any more; then the doubt is put down.
    walk.hear(ok(0));
    expect(walk.calls).toEqual(["markUnknown"]);
  });

  it("an answer to a note that comes when there is no evidence any more is no one's", () => {
    const walk = new Walk().settling();
    walk.hear({ on: "note", id: walk.state.step?.id ?? -1, noteId: 0, evidence: "a" });
    walk.hear(failed({ unavailable: false, error: 2 }));
    expect(walk.effects).toEqual([{ do: "noted", ids: [0], error: 2 }]);
  });

  it("a renewal's answer that comes after the lease was lost is no new lease", () => {
    const walk = new Walk().verified().claimed().hear({ on: "time" }, 1_000).hear({ on: "time" }, leaseMs);
    expect(walk.state.attempts).toBe(1);
    walk.hear(ok(1_000));
    expect(walk.calls).toEqual(["claim"]);
    expect(walk.state.lease).toBeUndefined();
  });

  it("what a call of the place before says of the record counts", () => {
    const walk = new Walk({ order: "settle-then-serve" }).settling().settled().step({ on: "served" });
    expect(walk.state.queued?.call).toBe("settle");
    walk.recorded({ status: "settled", receipt: "tx" });
    expect([walk.state.receiptSaved, walk.state.calling?.call]).toEqual([true, "settle"]);
  });
});
