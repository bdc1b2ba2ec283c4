// The transitions of a holder, on bare records: who may, when, and for how long the record is then kept.
import { describe, expect, it } from "vitest";
import type { StoredRecord } from "../atomic-port.ts";
import { claim, reconcile } from "./claim.ts";
import { complete, markUnknown, release } from "./end.ts";
import { note, renew } from "./hold.ts";
import type { VerificationBody } from "./verification-record.ts";

const floorMs = 600_000;
/** What is in doubt is kept this long from the last word of it. */
const doubtMs = 2_678_400_000;
const held: VerificationBody = {
  ...{ state: "in-progress", fence: 7, attempt: 1, token: "a", fingerprint: "f" },
  ...{ leaseUntilMs: 1_000, onLeaseExpiry: "retry", retainUntilMs: 2_000_000 },
};
const lease = { token: "a", fence: "7", ttlMs: 1, attempt: 1 };
const record = (more: Partial<VerificationBody> = {}, retainUntilMs = 2_000_000): StoredRecord => ({
  endsAtMs: retainUntilMs,
  body: { ...held, retainUntilMs, ...more },
});
const bodyOf = (written: { write?: StoredRecord | null }) => written.write?.body;
const states = ["accepted", "rejected", "released"] as const;
const ended = (state: (typeof states)[number]) => record({ state, value: "v", valueUntilMs: 5_000 });
const currentOf = { accepted: "done", rejected: "done", released: "absent" } as const;

describe("renew", () => {
  const request = { lease, leaseMs: 3_000, toUnknown: false };

  it("keeps the record ten minutes past the new lease, and never shortens it", () => {
    expect(renew(record({}, 5_000), 500, request).write?.endsAtMs).toBe(3_500 + floorMs);
    expect(renew(record(), 500, request).write?.endsAtMs).toBe(2_000_000);
    expect(renew(record(), 500, { ...request, leaseMs: 1 }).write?.body).toMatchObject({ leaseUntilMs: 1_000 });
  });

  it("is lost on what is over or another's", () => {
    expect(renew(null, 500, request)).toEqual({ reply: { status: "lost", current: "absent" } });
    expect(renew(record(), 1_000, request)).toEqual({ reply: { status: "lost", current: "in-progress" } });
    expect(renew(record({ token: "b" }), 500, request)).toEqual({ reply: { status: "lost", current: "in-progress" } });
    for (const state of states) {
      expect(renew(ended(state), 500, request)).toEqual({ reply: { status: "lost", current: currentOf[state] } });
    }
  });
});

describe("note", () => {
  const request = { lease, evidence: "new" };

  it("keeps evidence on a live lease and on an unknown record of one's own", () => {
    expect(bodyOf(note(record({ evidence: "old" }), 500, request))).toEqual({ ...held, evidence: "new" });
    const expired = note(record({ onLeaseExpiry: "unknown" }), 1_000, request);
    expect(expired).toMatchObject({
      reply: { status: "ok" },
      write: { endsAtMs: 1_000 + doubtMs, body: { evidence: "new" } },
    });
    expect(bodyOf(note(record({ state: "unknown" }), 500, request))).toMatchObject({ evidence: "new" });
  });

  it("is lost on a lapsed lease, on one that ended, and on another's", () => {
    expect(note(null, 500, request)).toEqual({ reply: { status: "lost", current: "absent" } });
    expect(note(record(), 1_000, request)).toEqual({ reply: { status: "lost", current: "in-progress" } });
    expect(note(record({ fence: 8 }), 500, request)).toEqual({ reply: { status: "lost", current: "in-progress" } });
    for (const state of states) {
      expect(note(ended(state), 500, request)).toEqual({ reply: { status: "lost", current: currentOf[state] } });
    }
  });
});

describe("markUnknown", () => {
  it("says so from the first time on, and keeps the evidence there was where it brings none", () => {
    const first = markUnknown(record({ evidence: "old" }), 500, { lease, evidence: undefined });
    const kept = { retainUntilMs: 2_000_000, state: "unknown", unknownAtMs: 500 } as const;
    expect(first.write).toEqual({ endsAtMs: 500 + doubtMs, body: { ...held, ...kept, evidence: "old" } });
    const again = markUnknown(first.write ?? null, 900, { lease, evidence: "new" });
    expect(again.write).toEqual({ endsAtMs: 900 + doubtMs, body: { ...held, ...kept, evidence: "new" } });
    expect(markUnknown(record(), 500, { lease, evidence: undefined }).write?.body).toStrictEqual({
      ...held,
      state: "unknown",
      unknownAtMs: 500,
    });
  });

  it("is lost on what has ended and on another's", () => {
    const request = { lease, evidence: "e" };
    expect(markUnknown(null, 500, request)).toEqual({ reply: { status: "lost", current: "absent" } });
    expect(markUnknown(record({ token: "b" }), 500, request).reply.status).toBe("lost");
    for (const state of states) {
      expect(markUnknown(ended(state), 500, request)).toEqual({ reply: { status: "lost", current: currentOf[state] } });
    }
  });
});

describe("release and complete", () => {
  const result = { lease, outcome: "accepted" as const, value: "v", valueTtlMs: undefined, retainUntilMs: 0 };

  it("are lost where there is nothing", () => {
    expect(release(null, 500, { lease })).toEqual({ reply: { status: "lost", current: "absent" } });
    expect(complete(null, 500, result)).toEqual({ reply: { status: "lost", current: "absent" } });
  });

  it("are lost to a caller with only the token, or only the fence", () => {
    for (const other of [{ token: "b" }, { fence: "8" }]) {
      const request = { lease: { ...lease, ...other } };
      const lost = { reply: { status: "lost", current: "in-progress" } };
      expect(release(record(), 500, request)).toEqual(lost);
      expect(complete(record(), 500, { ...result, ...request })).toEqual(lost);
    }
  });

  it("keep the record ten minutes at least, 31 days at most unless it was to be kept longer, and never less than before", () => {
    const ceilingMs = 31 * 86_400_000;
    const nowMs = 500;
    const soon = record({ retainUntilMs: 600 });
    expect(release(soon, nowMs, { lease }).write?.endsAtMs).toBe(nowMs + floorMs);
    expect(release(record(), nowMs, { lease }).write?.endsAtMs).toBe(2_000_000);
    const completed = (from: StoredRecord, more: object) => complete(from, nowMs, { ...result, ...more }).write;
    expect(completed(soon, {})?.endsAtMs).toBe(nowMs + floorMs);
    expect(completed(soon, { retainUntilMs: 900_000 })?.endsAtMs).toBe(900_000);
    expect(completed(soon, { retainUntilMs: 2 * ceilingMs })?.endsAtMs).toBe(nowMs + ceilingMs);
    expect(completed(record(), { retainUntilMs: 900_000 })?.endsAtMs).toBe(2_000_000);
    expect(completed(soon, { valueTtlMs: 700_000 })?.endsAtMs).toBe(nowMs + 700_000);
    expect(completed(soon, { valueTtlMs: 7 })?.body).toMatchObject({ valueUntilMs: nowMs + 7 });
    expect(completed(soon, {})?.body).toMatchObject({ valueUntilMs: nowMs + floorMs });
  });
});

describe("reconcile", () => {
  const request = { token: "r", leaseMs: 3_000 };

  it("leases an unknown record, evidence and all, and forgets it no more than before", () => {
    const unknown = record({ state: "unknown", unknownAtMs: 400, evidence: "tx" }, 5_000);
    expect(reconcile(unknown, 500, request)).toEqual({
      write: {
        endsAtMs: 500 + doubtMs,
        body: {
          ...{ state: "in-progress", fence: 500_000, attempt: 2, token: "r", fingerprint: "f", unknownAtMs: 400 },
          ...{ leaseUntilMs: 3_500, onLeaseExpiry: "unknown", retainUntilMs: 3_500 + floorMs, evidence: "tx" },
        },
      },
      reply: {
        status: "claimed",
        lease: { token: "r", fence: "500000", ttlMs: 3_000, attempt: 2 },
        via: "takeover",
        evidence: "tx",
      },
    });
    expect(bodyOf(reconcile(record({ state: "unknown" }), 500, request))).toMatchObject({ retainUntilMs: 2_000_000 });
    expect(reconcile(record({ state: "unknown" }), 500, request).write?.body).not.toHaveProperty("evidence");
  });

  it("gives a live lease back to its own token only", () => {
    expect(reconcile(record({ token: "r" }), 400, request)).toEqual({
      reply: { status: "claimed", lease: { token: "r", fence: "7", ttlMs: 600, attempt: 1 }, via: "resume" },
    });
    expect(reconcile(record(), 400, request)).toEqual({ reply: { status: "in-progress", retryAfterMs: 600 } });
    expect(reconcile(record({ token: "r", onLeaseExpiry: "unknown" }), 1_000, request).reply).toMatchObject({
      via: "takeover",
    });
  });

  it("leaves to claim what is not unknown", () => {
    for (const free of [null, record({ state: "released" }), record({ state: "released", token: "r" })]) {
      expect(reconcile(free, 400, request)).toEqual({ reply: { status: "in-progress", retryAfterMs: 0 } });
    }
    expect(reconcile(record({ token: "r" }), 1_000, request)).toEqual({
      reply: { status: "in-progress", retryAfterMs: 0 },
    });
    expect(reconcile(ended("accepted"), 400, request).reply).toMatchObject({ status: "done", value: "v" });
  });
});

describe("claim", () => {
  it("takes a lapsed record over with its evidence, and says so", () => {
    const request = { token: "b", fingerprint: "f", leaseMs: 3_000, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
    expect(claim(record({ evidence: "e" }), 1_000, request)).toMatchObject({
      write: { body: { token: "b", attempt: 2, evidence: "e" } },
      reply: { status: "claimed", via: "takeover" },
    });
    const bare = claim(record(), 1_000, request);
    expect(bare.write?.body).not.toHaveProperty("evidence");
  });
});
