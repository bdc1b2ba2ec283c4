// The payment machine before it holds a lease: the record's status, the verification, and the claim.

import { RETENTION_FLOOR_MS } from "../verification-record.ts";
import type { Claim, Look } from "../verification-store.ts";
import {
  again,
  type Draft,
  endBy,
  finish,
  goTo,
  hold,
  newToken,
  pending,
  proceed,
  type Room,
  runStep,
  send,
} from "./machine.ts";
import type { Answer, PayEvent, Place, StoreCall } from "./state.ts";

/** How often one call of payOnce starts over. */
const MAX_ATTEMPTS = 5;

/** Runs before a payload past its validity is verified, before a rejection is believed, and where no verification was made. */
const look: Room = {
  enter: (draft) => send(draft, { call: "peek" }),
  on(draft, event) {
    if (event.on === "aborted") return goTo(draft, "ended");
    const { unverified } = draft.s;
    if (event.on === "failed") return proceed(draft, unverified ?? { fail: event.error });
    if (event.on !== "looked") return;
    if (unverified !== undefined) {
      draft.s.unverified = undefined;
      return isBound(event.reply, draft) ? goTo(draft, "claim") : proceed(draft, unverified);
    }
    const next = nextAfterLook(event.reply, draft);
    if (typeof next === "string") goTo(draft, next);
    else finish(draft, next);
  },
};

/** Whether the record goes on with this payload without a verification: it was accepted before. */
function isBound(reply: Look, { s }: Draft): boolean {
  const goesOn = reply.status === "in-progress" ? reply.retryAfterMs > 0 : reply.status !== "expired";
  return goesOn && reply.payload === s.input.payload;
}

/** A payload that the record is bound to needs no verification. Another payload never collects. */
function nextAfterLook(reply: Look, { s }: Draft): Place | Answer {
  const { rejection } = s;
  const same = reply.payload !== undefined && reply.payload === s.input.payload;
  switch (reply.status) {
    case "absent":
      return refusedBy(rejection) ?? "verify";
    case "in-progress":
      if (reply.retryAfterMs === 0) return refusedBy(rejection) ?? "verify";
      // It may be settled at any moment.
      return rejection === undefined ? (same ? "claim" : "verify") : pending;
    case "unknown":
      if (same) return "claim";
      return rejection === undefined ? "verify" : pending;
    case "settled":
    case "delivered":
      if (same) return "claim";
      // A receipt without any claim is bound to no payload. A payload that verifies collects it; "used" counts, since
      // by then it is.
      if (reply.payload === undefined && rejection === undefined) return "verify";
      if (reply.payload === undefined && rejection?.used === true) return "claim";
      return { status: "conflict" };
    case "expired":
      return { status: "rejected", reason: reply.reason };
    case "done":
      if (reply.outcome === "rejected") return { status: "rejected", reason: reply.value };
      return rejection === undefined ? "claim" : { status: "conflict" };
    case "spent":
      return { status: "conflict" };
  }
}

function refusedBy(rejection: { reason: string; used: boolean } | undefined): Answer | undefined {
  if (rejection === undefined) return undefined;
  return rejection.used ? { status: "conflict" } : { status: "rejected", reason: rejection.reason };
}

/** The shared verification. If this caller leaves, it goes on for the callers that wait for it. */
const verify: Room = {
  enter: (draft) => runStep(draft, { step: "verify", refusals: 0 }),
  on(draft, event) {
    const { s } = draft;
    if (event.on === "aborted") return goTo(draft, "ended");
    if (event.on === "threw") {
      // A full store, or a verifier that is away, holds up new payments only.
      s.unverified = { fail: event.error };
      return goTo(draft, "look");
    }
    if (event.on !== "verified") return;
    const { result } = event;
    switch (result.status) {
      case "accepted":
        s.verified = 0;
        return goTo(draft, "claim");
      case "rejected":
        s.rejection = result;
        return goTo(draft, "look");
      case "mismatch":
        return finish(draft, { status: "conflict" });
      case "pending":
        s.unverified = result;
        return goTo(draft, "look");
    }
  },
};

const claim: Room = {
  enter(draft) {
    const { s, nowMs } = draft;
    s.waitUntilMs ??= nowMs + s.input.leaseMs;
    // Suspended beyond the minimum retention: what was verified and read then may no longer hold.
    const overslept = nowMs - s.startedAtMs > RETENTION_FLOOR_MS;
    if (s.attempts >= MAX_ATTEMPTS || overslept) return finish(draft, pending);
    // A new token each time: a lease that was given up may still be live in the store, with money on its way.
    send(draft, { call: "claim", token: newToken(draft) });
  },
  on: answeredClaim,
};

/** Reconciles a payment in doubt, under another token than any claim's. */
const reconcile: Room = {
  enter: (draft) => send(draft, { call: "reconcile", token: newToken(draft) }),
  on: answeredClaim,
};

function answeredClaim(draft: Draft, event: PayEvent, call: StoreCall | undefined) {
  const { s } = draft;
  if (event.on === "failed") {
    const open = event.unavailable && event.mayHaveRun && !s.resent && s.caller === "waiting";
    if (!open || call === undefined) return proceed(draft, { fail: event.error });
    // The answer was lost: one retry with the same token, which gives the holder its lease back.
    s.resent = true;
    return send(draft, call);
  }
  if (event.on !== "claimed") return;
  const { reply, sentAtMs } = event;
  if ((reply.status === "claimed" || reply.status === "settled") && reply.lease !== undefined) {
    hold(draft, reply.lease, sentAtMs);
    // Not released in doubt: that would free the payment to be settled again.
    if (s.caller !== "waiting") return endBy(draft, s.at === "reconcile" ? "markUnknown" : "release", "nothing");
    // A suspended process may hear of its lease only after the lease's end, before any timer fires.
    if (draft.nowMs >= sentAtMs + reply.lease.ttlMs) return again(draft);
  }
  if (s.caller !== "waiting") return goTo(draft, "ended");
  tookUp(draft, reply);
}

function tookUp(draft: Draft, reply: Claim) {
  const { s, nowMs } = draft;
  switch (reply.status) {
    case "claimed":
      if (s.at === "reconcile") {
        const { evidence, reference } = reply;
        s.found = { ...(evidence !== undefined && { evidence }), ...(reference !== undefined && { reference }) };
        return goTo(draft, "find");
      }
      s.refusals = reply.refusals ?? 0;
      if (s.verified !== s.refusals) return goTo(draft, "verifyAgain");
      return goTo(draft, s.input.order === "serve-then-settle" ? "serve" : "switch");
    case "settled":
      s.receipt = reply.receipt;
      s.receiptSaved = true;
      s.kept = reply.kept;
      // Only claim gives the lease to deliver under.
      if (reply.lease === undefined) return goTo(draft, "claim");
      return goTo(draft, reply.kept === undefined ? "serveOwed" : "read");
    case "delivered": {
      // Only claim gives the kept result.
      if (s.at === "reconcile") return goTo(draft, "claim");
      const { receipt, kept } = reply;
      return finish(draft, { status: "paid", fresh: false, receipt, ...(kept !== undefined && { kept }) });
    }
    case "done":
      if (reply.outcome === "rejected") return finish(draft, { status: "rejected", reason: reply.value });
      return finish(draft, { status: "paid", fresh: false, receipt: reply.value });
    case "expired":
      return finish(draft, { status: "rejected", reason: reply.reason });
    case "spent":
    case "mismatch":
      return finish(draft, { status: "conflict" });
    case "unknown":
      return goTo(draft, "reconcile");
    case "in-progress": {
      const leftMs = (s.waitUntilMs ?? nowMs) - nowMs;
      if (leftMs <= 0) return finish(draft, { status: "pending", retryAfterMs: Math.max(1, reply.retryAfterMs) });
      draft.out.push({ do: "wait", ms: Math.max(1, Math.min(leftMs, reply.retryAfterMs)) });
      s.at = "wait";
    }
  }
}

const wait: Room = {
  enter: (draft) => goTo(draft, "claim"),
  on(draft, event) {
    if (event.on === "aborted") goTo(draft, "ended");
    else if (event.on === "waited") goTo(draft, "claim");
    else if (event.on === "threw") proceed(draft, { fail: event.error });
  },
};

export const reachRooms: Readonly<Record<"look" | "verify" | "claim" | "reconcile" | "wait", Room>> = {
  look,
  verify,
  claim,
  reconcile,
  wait,
};
