// Core's verification transitions as calls of the verification script.
import type { Claim, Ended, Lease } from "@tollbooth-stores/core";
import { type NativeTransitions, retentionTooLong } from "@tollbooth-stores/core/native";
import { callRunner, jitter } from "../scripts/native-context.ts";
import { type ReplyReader, unreadable } from "../scripts/reading.ts";
import type { ScriptRunner } from "../scripts/script-runner.ts";
import { type HintChannels, noHints } from "./hint-channels.ts";
import { verificationScript } from "./verification-script.ts";

type View = Exclude<Claim, { status: "claimed" | "mismatch" }> | { status: "absent" };

function view(status: string, reply: ReplyReader): View {
  switch (status) {
    case "in-progress":
      return { status, retryAfterMs: reply.integer() };
    case "unknown": {
      const evidence = reply.optionalText();
      return evidence === undefined ? { status } : { status, evidence };
    }
    case "done": {
      const outcome = reply.text() === "accepted" ? "accepted" : "rejected";
      return { status, outcome, value: reply.text(), expiresInMs: reply.integer() };
    }
    case "spent":
    case "absent":
      return { status };
    default:
      throw unreadable();
  }
}

function claim(reply: ReplyReader): Claim {
  const status = reply.text();
  if (status === "mismatch") return { status };
  if (status !== "claimed") {
    const seen = view(status, reply);
    if (seen.status === "absent") throw unreadable();
    return seen;
  }
  const lease: Lease = { token: reply.text(), fence: reply.text(), ttlMs: reply.integer(), attempt: reply.integer() };
  const via = reply.text();
  if (via !== "fresh" && via !== "resume" && via !== "takeover") throw unreadable();
  return { status, lease, via };
}

const lostTo = new Set(["in-progress", "done", "spent", "unknown", "absent"] as const);

function ended(reply: ReplyReader): Ended {
  const status = reply.text();
  if (status === "ok") return { status };
  const phase = reply.text();
  for (const current of lostTo) if (current === phase) return { status: "lost", current };
  throw unreadable();
}

export function verificationNatives(
  runner: ScriptRunner,
  spread: number,
  hints: Pick<HintChannels, "announcement"> = noHints,
): NativeTransitions {
  const call = callRunner(runner, verificationScript, "A stored verification record", { RETENTION: retentionTooLong });
  const spreadBy = () => jitter(spread);
  const held = ({ token, fence }: Lease) => [spreadBy(), token, fence];
  return {
    "verification.claim": async (keys, request, options) => {
      const { token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs } = request;
      return claim(
        await call("claim", keys, [spreadBy(), token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs], options),
      );
    },
    "verification.reconcile": async (keys, { token, leaseMs }, options) =>
      claim(await call("reconcile", keys, [spreadBy(), token, leaseMs], options)),
    "verification.renew": async (keys, { lease, leaseMs, toUnknown }, options) =>
      ended(await call("renew", keys, [...held(lease), leaseMs, toUnknown ? "1" : "0"], options)),
    "verification.note": async (keys, { lease, evidence }, options) =>
      ended(await call("note", keys, [...held(lease), evidence], options)),
    "verification.complete": async (keys, { lease, outcome, value, valueTtlMs, retainUntilMs }, options) =>
      ended(
        await call(
          "complete",
          keys,
          [...held(lease), outcome, value, valueTtlMs ?? -1, retainUntilMs, ...hints.announcement(keys)],
          options,
        ),
      ),
    "verification.release": async (keys, { lease }, options) =>
      ended(await call("release", keys, [...held(lease), ...hints.announcement(keys)], options)),
    "verification.markUnknown": async (keys, { lease, evidence }, options) => {
      const given = evidence === undefined ? ["0", ""] : ["1", evidence];
      return ended(await call("markUnknown", keys, [...held(lease), ...given, ...hints.announcement(keys)], options));
    },
    "verification.peek": async (keys, _, options) => {
      const reply = await call("peek", keys, [], options);
      return view(reply.text(), reply);
    },
    "verification.unresolved": async (keys, _, options) => {
      const reply = await call("unresolved", keys, [], options);
      const atMs = reply.optionalText();
      if (atMs === undefined) return null;
      const evidence = reply.optionalText();
      return { atMs: Number(atMs), ...(evidence !== undefined && { evidence }) };
    },
    "verification.markOnce": async (keys, { token, fingerprint, retainUntilMs }, options) => {
      const reply = await call("markOnce", keys, [spreadBy(), token, fingerprint, retainUntilMs], options);
      const status = reply.text();
      if (status === "marked") return { status };
      if (status !== "already-marked") throw unreadable();
      return { status, mismatch: reply.integer() === 1, atMs: reply.integer() };
    },
  };
}
