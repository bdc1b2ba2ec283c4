// Reads the verification script's answers into the replies of core's transitions.
import type { Claim, Lease, LeaseResult, Look, Settlement } from "@tollbooth-stores/core";
import type { TransitionCatalog } from "@tollbooth-stores/core/native";
import { type ReplyReader, unreadable } from "../scripts/reading.ts";

type UnresolvedRecord = NonNullable<TransitionCatalog["verification.unresolved"]["reply"]>;

/** A record as a caller without its lease sees it. */
type View = Exclude<Claim, { status: "claimed" | "mismatch" }> | { status: "absent" };

const lease = (reply: ReplyReader, token = reply.text()): Lease => ({
  token,
  fence: reply.text(),
  ttlMs: reply.integer(),
  attempt: reply.integer(),
});

/** One field of a reply, left out where the script sent false. */
function field<Name extends string>(name: Name, text: string | undefined): { [Key in Name]?: string } {
  return text === undefined ? {} : ({ [name]: text } as { [Key in Name]?: string });
}

function view(status: string, reply: ReplyReader): View {
  switch (status) {
    case "in-progress":
      return { status, retryAfterMs: reply.integer() };
    case "unknown":
      return { status, ...field("evidence", reply.optionalText()) };
    case "done": {
      const outcome = reply.text() === "accepted" ? "accepted" : "rejected";
      return { status, outcome, value: reply.text(), expiresInMs: reply.integer() };
    }
    case "settled": {
      const [receipt, kept, token] = [reply.text(), reply.optionalText(), reply.optionalText()];
      return { status, receipt, ...field("kept", kept), ...(token !== undefined && { lease: lease(reply, token) }) };
    }
    case "delivered":
      return { status, receipt: reply.text(), ...field("kept", reply.optionalText()) };
    case "expired":
      return { status, reason: reply.text() };
    case "spent":
    case "absent":
      return { status };
    default:
      throw unreadable();
  }
}

export function readClaim(reply: ReplyReader): Claim {
  const status = reply.text();
  if (status === "mismatch") return { status };
  if (status !== "claimed") {
    const seen = view(status, reply);
    if (seen.status === "absent") throw unreadable();
    return seen;
  }
  const via = reply.text();
  if (via !== "fresh" && via !== "resume" && via !== "takeover") throw unreadable();
  const refusals = reply.integer();
  const evidence = field("evidence", reply.optionalText());
  const reference = field("reference", reply.optionalText());
  return { status, via, ...(refusals > 0 && { refusals }), ...evidence, ...reference, lease: lease(reply) };
}

export function readLook(reply: ReplyReader): Look {
  const payload = field("payload", reply.optionalText());
  const reference = field("reference", reply.optionalText());
  return { ...view(reply.text(), reply), ...payload, ...reference };
}

const phases = ["in-progress", "done", "spent", "unknown", "settled", "delivered", "expired", "absent"] as const;

function lost(reply: ReplyReader): Extract<LeaseResult, { status: "lost" }> {
  const phase = reply.text();
  for (const current of phases) if (current === phase) return { status: "lost", current };
  throw unreadable();
}

export function readEnded(reply: ReplyReader): LeaseResult {
  const status = reply.text();
  return status === "ok" ? { status } : lost(reply);
}

export function readSettlement(reply: ReplyReader): Settlement {
  const status = reply.text();
  if (status === "lost") {
    const told = lost(reply);
    return reply.optionalText() === undefined ? told : { ...told, wasExpired: true };
  }
  const receipt = reply.text();
  const alarm = reply.integer() === 1 && ({ wasExpired: true } as const);
  const kept = field("kept", reply.optionalText());
  if (status === "settled") return { status, receipt, ...kept, ...alarm };
  if (status === "delivered") return { status, byYou: reply.integer() === 1, receipt, ...kept, ...alarm };
  throw unreadable();
}

export function readUnresolved(reply: ReplyReader): UnresolvedRecord | null {
  const kind = reply.optionalText();
  if (kind === undefined) return null;
  if (kind !== "in-doubt" && kind !== "owed" && kind !== "held") throw unreadable();
  const [attempt, fingerprint] = [reply.integer(), reply.text()];
  const reference = field("reference", reply.optionalText());
  const evidence = field("evidence", reply.optionalText());
  return { kind, attempt, fingerprint, ...reference, ...evidence, atMs: reply.integer() };
}

export function readMarked(reply: ReplyReader): TransitionCatalog["verification.markOnce"]["reply"] {
  const status = reply.text();
  if (status === "marked") return { status };
  if (status !== "already-marked") throw unreadable();
  return { status, mismatch: reply.integer() === 1, atMs: reply.integer() };
}
