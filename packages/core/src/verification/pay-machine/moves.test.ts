// Moves of the payment machine that a runner rarely makes: calls that fail in the middle, and attempts that begin anew.
import { describe, expect, it } from "vitest";
import type { Claim } from "../verification-store.ts";
import { claimed, delivered, failed, lease, leaseMs, ok, Walk } from "./walk.test-support.ts";

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
    // An outage is sat out. The try that was due is made, however late; then it is given up.
    walk.hear(failed()).hear({ on: "time" }, 60 * leaseMs - 1);
    expect(walk.state.calling).toMatchObject({ call: "undeliver" });
    walk.hear(failed());
    expect(walk.state.at).toBe("undeliver");
    walk.hear({ on: "time" }, 120 * leaseMs);
    // On record it may be delivered, and owed it is not: what is told says that its caller never heard.
    expect([walk.reports, walk.state.at]).toEqual([["delivery-unheard"], "ended"]);
  });

  it("a receipt that cannot be recorded in six leases is in doubt", () => {
    const walk = new Walk()
      .settling()
      .settled()
      .hear(failed({ mayHaveRun: false }));
    walk.hear({ on: "time" }, 9_000).hear(failed({ mayHaveRun: false }));
    expect(walk.answers).toEqual([{ status: "pending", retryAfterMs: 1_000 }]);
    walk.hear(failed({ mayHaveRun: false }));
    walk.hear({ on: "time" }, 18_000).hear(failed({ mayHaveRun: false }));
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
    ["settled", undefined, "verify"],
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

describe("an attempt that begins anew", () => {
  const refused = () =>
    new Walk()
      .settling()
      .step({ on: "settled", answer: { ok: false, reason: "no", used: false } })
      .step({ on: "found", answer: "unknown" })
      .hear({ on: "ended", reply: { status: "lost", current: "absent" }, sentAtMs: 0 });

  it("after a refusal that was not believed knows nothing of it: a serve that throws is no refusal", () => {
    const walk = refused().claimed().step({ on: "threw", error: 6 });
    expect(walk.state.calling).toMatchObject({ call: "release", refused: false });
    expect(walk.hear(failed()).effects).toContainEqual({ do: "fail", error: 6 });
  });

  it("repeats no verification under the refusals under which it was made", () => {
    const again = { ...claimed, refusals: 1 } as const;
    const walk = new Walk()
      .verified()
      .claimed(again)
      .step({ on: "verified", result: { status: "accepted" } });
    expect(walk.state.at).toBe("serve");
    walk.hear({ on: "time" }, leaseMs).claimed(again);
    expect(walk.state.at).toBe("serve");
    expect(walk.hear({ on: "time" }, 2 * leaseMs).claimed({ ...claimed, refusals: 2 }).state.at).toBe("verifyAgain");
  });

  it("hears of a lost answer to its claim, and asks once more, each time", () => {
    const walk = new Walk().verified().hear(failed()).claimed();
    walk.hear({ on: "time" }, leaseMs).hear(failed());
    expect(walk.calls).toEqual(["claim"]);
    expect(walk.hear(failed()).effects).toContainEqual({ do: "fail", error: 0 });
  });

  it("asks what became of a payment by what is on record now, not by what it once found or noted", () => {
    const walk = new Walk().settling();
    walk.hear({ on: "note", id: walk.state.step?.id ?? -1, noteId: 0, evidence: "noted once" }).hear(ok(0));
    walk.step({ on: "settled", answer: { ok: false, reason: "no", used: false } });
    expect(walk.effects).toContainEqual({ do: "step", call: expect.objectContaining({ evidence: "noted once" }) });
    walk.step({ on: "found", answer: { none: "void" } });
    walk.hear({ on: "ended", reply: { status: "lost", current: "unknown" }, sentAtMs: 0 });
    walk.claimed({ status: "unknown" }).claimed({ ...claimed, evidence: "on record", reference: "theirs" });
    expect(walk.effects).toContainEqual({
      do: "step",
      call: expect.objectContaining({ step: "find", evidence: "on record", reference: "theirs" }),
    });
    walk.step({ on: "found", answer: { none: "void" } });
    walk.hear({ on: "ended", reply: { status: "lost", current: "absent" }, sentAtMs: 0 });
    walk.claimed().step({ on: "served" }).hear(ok(0));
    walk.step({ on: "settled", answer: { ok: false, reason: "no", used: false } });
    expect(walk.effects).toEqual([
      { do: "step", call: { step: "find", id: expect.any(Number), fence: "7", reference: "ref" } },
    ]);
  });

  it("delivers what is read, not what it once made", () => {
    const walk = new Walk().verified().claimed().step({ on: "served", kept: "made once" });
    walk.hear({ on: "ended", reply: { status: "lost", current: "settled" }, sentAtMs: 0 });
    walk.claimed({ status: "settled", receipt: "tx", lease, kept: "kept by another" }).step({ on: "read", ok: true });
    expect(walk.state.calling).toEqual({ call: "deliver", token: expect.any(String) });
  });

  it("leaves a step whose lease a renewal finds lost, at once", () => {
    const walk = new Walk().verified().claimed().hear({ on: "time" }, 1_000);
    walk.hear({ on: "ended", reply: { status: "lost", current: "in-progress" }, sentAtMs: 1_000 });
    expect(walk.effects).toMatchObject([
      { do: "stop", why: "lease" },
      { do: "store", call: { call: "claim" } },
    ]);
  });
});

describe("what is ended through an outage", () => {
  it("a delivery that was taken back is taken back once, however long its receipt takes", () => {
    const walk = new Walk().settling().settled().hear(failed()).hear({ on: "aborted" }).hear(ok(0));
    expect(walk.calls).toEqual(["settle"]);
    walk.hear(failed()).hear({ on: "time" }, 9_000).hear(failed());
    expect([walk.calls, walk.reports, walk.state.at]).toEqual([[], ["in-doubt"], "ended"]);
  });

  it("doubt is put down for as long as a lease, and told at once", () => {
    const walk = new Walk()
      .settling()
      .step({ on: "settled", answer: "unclear" })
      .hear(failed({ mayHaveRun: false }));
    expect(walk.answers).toEqual([{ status: "pending", retryAfterMs: 1_000 }]);
    walk.hear({ on: "time" }, leaseMs - 1);
    expect(walk.calls).toEqual(["markUnknown"]);
    walk.hear(failed()).hear({ on: "time" }, leaseMs);
    expect(walk.state.at).toBe("ended");
  });
});
