// What claims, leases and results mean, as the plainest program that could say it.
import type { Claim, LeaseExpiry } from "@tollbooth-stores/core";

/** One call by an actor on a key, or a step of the clock. */
export type VerificationCommand =
  | {
      kind: "claim";
      actor: number;
      key: number;
      purchase: number;
      onLeaseExpiry: LeaseExpiry;
      leaseMs: number;
      retainMs: number;
    }
  | { kind: "renew"; actor: number; key: number; leaseMs: number; toUnknown: boolean }
  | { kind: "note"; actor: number; key: number; evidence: string }
  | {
      kind: "complete";
      actor: number;
      key: number;
      accepted: boolean;
      value: string;
      valueTtlMs: number | undefined;
      retainMs: number;
    }
  | { kind: "release"; actor: number; key: number }
  | { kind: "markUnknown"; actor: number; key: number; evidence: string | undefined }
  | { kind: "reconcile"; actor: number; key: number; leaseMs: number }
  | { kind: "peek"; key: number }
  | { kind: "advance"; ms: number };

const floorMs = 600_000;
const ceilingMs = 2_678_400_000;

interface Entry {
  state: "working" | "unknown" | "accepted" | "rejected" | "free";
  /** Who holds it or held it last, under which number of lease. */
  actor: number;
  lease: number;
  attempt: number;
  purchase: number;
  leaseUntilMs: number;
  onLeaseExpiry: LeaseExpiry;
  evidence: string | undefined;
  value: string;
  valueUntilMs: number;
  retainUntilMs: number;
  endsAtMs: number;
}

/** A claim's answer with the lease's number among the key's leases in place of its fence. */
export type NumberedClaim =
  | { status: "claimed"; via: "fresh" | "resume" | "takeover"; lease: number; attempt: number; ttlMs: number }
  | Exclude<Claim, { status: "claimed" }>
  | { status: "absent" };

/** The operations; an actor acts under the lease it was last given of a key. */
export function verificationModel(startMs: number): { play(command: VerificationCommand): unknown } {
  let nowMs = startMs;
  const entries = new Map<number, Entry>();
  const leases = new Map<number, number>();
  /** `${actor} ${key}` -> the lease it holds or held. */
  const held = new Map<string, number>();

  const find = (key: number) => {
    const entry = entries.get(key);
    return entry !== undefined && nowMs < entry.endsAtMs ? entry : undefined;
  };
  const phase = (entry: Entry | undefined) => {
    if (entry === undefined || entry.state === "free") return "absent";
    if (entry.state === "unknown") return "unknown";
    if (entry.state === "working") {
      if (nowMs < entry.leaseUntilMs) return "held";
      return entry.onLeaseExpiry === "retry" ? "lapsed" : "unknown";
    }
    if (nowMs < entry.valueUntilMs) return "done";
    return entry.state === "accepted" ? "spent" : "absent";
  };
  const see = (entry: Entry | undefined): NumberedClaim => {
    const is = phase(entry);
    if (entry === undefined || is === "absent") return { status: "absent" };
    if (is === "held") return { status: "in-progress", retryAfterMs: entry.leaseUntilMs - nowMs };
    if (is === "lapsed") return { status: "in-progress", retryAfterMs: 0 };
    if (is === "unknown")
      return entry.evidence === undefined ? { status: is } : { status: is, evidence: entry.evidence };
    if (is === "spent") return { status: is };
    const outcome = entry.state === "accepted" ? "accepted" : "rejected";
    return {
      status: "done",
      outcome,
      value: entry.value,
      expiresInMs: Math.min(entry.valueUntilMs, entry.endsAtMs) - nowMs,
    };
  };
  /** Says when the entry ends, after each change: with its retention, but what is in doubt no earlier than the ceiling. */
  const keep = (entry: Entry) => {
    const inDoubt = entry.state === "unknown" || (entry.state === "working" && entry.onLeaseExpiry === "unknown");
    entry.endsAtMs = inDoubt ? Math.max(entry.retainUntilMs, nowMs + ceilingMs) : entry.retainUntilMs;
    return entry;
  };
  const grant = (key: number, entry: Entry, via: "fresh" | "takeover"): NumberedClaim => {
    const lease = (leases.get(key) ?? 0) + 1;
    leases.set(key, lease);
    Object.assign(entry, { lease, state: "working" });
    entries.set(key, keep(entry));
    held.set(`${entry.actor} ${key}`, lease);
    return { status: "claimed", via, lease, attempt: entry.attempt, ttlMs: entry.leaseUntilMs - nowMs };
  };
  const resume = (entry: Entry): NumberedClaim => {
    const { lease, attempt, leaseUntilMs } = entry;
    return { status: "claimed", via: "resume", lease, attempt, ttlMs: leaseUntilMs - nowMs };
  };

  const claim = (command: Extract<VerificationCommand, { kind: "claim" }>): NumberedClaim => {
    const { actor, key, purchase, onLeaseExpiry, leaseMs } = command;
    const entry = find(key);
    const is = phase(entry);
    const leaseUntilMs = nowMs + leaseMs;
    if (entry === undefined || is === "absent") {
      const asked = Math.max(nowMs + command.retainMs, leaseUntilMs + floorMs);
      const made: Entry = {
        ...{ state: "working", actor, purchase, onLeaseExpiry, leaseUntilMs },
        ...{ lease: 0, attempt: 1, evidence: undefined, value: "", valueUntilMs: 0 },
        retainUntilMs: Math.max(asked, entry?.retainUntilMs ?? 0),
        endsAtMs: 0,
      };
      return grant(key, made, "fresh");
    }
    if (entry.purchase !== purchase) return { status: "mismatch" };
    if (is === "held" && entry.actor === actor) return resume(entry);
    if (is !== "lapsed") return see(entry);
    const retainUntilMs = Math.max(entry.retainUntilMs, leaseUntilMs + floorMs);
    return grant(
      key,
      { ...entry, actor, onLeaseExpiry, leaseUntilMs, retainUntilMs, attempt: entry.attempt + 1 },
      "takeover",
    );
  };
  const reconcile = ({ actor, key, leaseMs }: Extract<VerificationCommand, { kind: "reconcile" }>): NumberedClaim => {
    const entry = find(key);
    const is = phase(entry);
    if (entry === undefined || is === "absent") return { status: "in-progress", retryAfterMs: 0 };
    if (is === "held" && entry.actor === actor) return resume(entry);
    if (is !== "unknown") return see(entry);
    const leaseUntilMs = nowMs + leaseMs;
    const retainUntilMs = Math.max(entry.retainUntilMs, leaseUntilMs + floorMs);
    return grant(
      key,
      { ...entry, actor, onLeaseExpiry: "unknown", leaseUntilMs, retainUntilMs, attempt: entry.attempt + 1 },
      "takeover",
    );
  };

  return {
    play(command) {
      if (command.kind === "advance") {
        nowMs += command.ms;
        return undefined;
      }
      if (command.kind === "peek") return see(find(command.key));
      if (command.kind === "claim") return claim(command);
      if (command.kind === "reconcile") return reconcile(command);
      const lease = held.get(`${command.actor} ${command.key}`);
      if (lease === undefined) return "never held";
      const entry = find(command.key);
      const is = phase(entry);
      const lost = { status: "lost", current: is === "held" || is === "lapsed" ? "in-progress" : is };
      if (entry === undefined || entry.actor !== command.actor || entry.lease !== lease) return lost;
      const before = JSON.stringify(entry);
      if (!end(command, entry, is)) return lost;
      // Said again, nothing changes; but what is in doubt is kept longer with every word of it.
      if (JSON.stringify(entry) !== before || ["renew", "note", "markUnknown"].includes(command.kind)) keep(entry);
      return { status: "ok" };
    },
  };

  /** What the last holder does to its entry; false: it no longer may. */
  function end(
    command: Extract<VerificationCommand, { kind: "renew" | "note" | "complete" | "release" | "markUnknown" }>,
    entry: Entry,
    is: ReturnType<typeof phase>,
  ): boolean {
    switch (command.kind) {
      case "renew":
        if (is !== "held") return false;
        entry.leaseUntilMs = Math.max(entry.leaseUntilMs, nowMs + command.leaseMs);
        entry.retainUntilMs = Math.max(entry.retainUntilMs, entry.leaseUntilMs + floorMs);
        if (command.toUnknown) entry.onLeaseExpiry = "unknown";
        return true;
      case "note":
        if (is !== "held" && is !== "unknown") return false;
        entry.evidence = command.evidence;
        return true;
      case "release":
        if (entry.state === "free") return true;
        if (is !== "held") return false;
        entry.retainUntilMs = Math.max(entry.retainUntilMs, nowMs + floorMs);
        Object.assign(entry, { state: "free", evidence: undefined });
        return true;
      case "markUnknown":
        if (entry.state !== "working" && entry.state !== "unknown") return false;
        Object.assign(entry, { state: "unknown", evidence: command.evidence ?? entry.evidence });
        return true;
      case "complete": {
        const state = command.accepted ? "accepted" : "rejected";
        if (entry.state === state && entry.value === command.value) return true;
        if (is !== "held" && is !== "unknown") return false;
        const { valueTtlMs = 0, value } = command;
        const asked = Math.max(nowMs + command.retainMs, nowMs + floorMs, nowMs + valueTtlMs);
        const retainUntilMs = Math.max(entry.retainUntilMs, asked);
        const valueUntilMs = command.valueTtlMs === undefined ? retainUntilMs : nowMs + valueTtlMs;
        Object.assign(entry, { state, value, retainUntilMs, valueUntilMs, evidence: undefined });
        return true;
      }
    }
  }
}
