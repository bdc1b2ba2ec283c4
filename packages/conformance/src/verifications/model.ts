// What claims, leases and results mean, as the plainest program that could say it.
import type { ClaimCommand, HolderCommand, VerificationCommand } from "./commands.ts";
import {
  askedFor,
  type Entry,
  floorMs,
  keep,
  keptOf,
  lostTo,
  type NumberedClaim,
  type NumberedLease,
  phaseOf,
  rememberedUntil,
  seen,
  told,
  unbound,
} from "./model-entries.ts";
import { boundTo, deliver, expire, givenBack, type Played, settle, undeliver } from "./model-payments.ts";

/** The operations; an actor acts under the lease it was last given of a key. */
export function verificationModel(startMs: number): { play(command: VerificationCommand): unknown } {
  let nowMs = startMs;
  const entries = new Map<number, Entry>();
  const leases = new Map<number, number>();
  /** `${actor} ${key}` -> the lease it holds or held. */
  const held = new Map<string, number>();

  const find = (key: number) => {
    const entry = entries.get(key);
    if (entry === undefined || entry.endsAtMs <= nowMs) return undefined;
    return entry.kept !== undefined && entry.kept.untilMs <= nowMs ? { ...entry, kept: undefined } : { ...entry };
  };
  const leaseOf = ({ lease, attempt, leaseUntilMs }: Entry): NumberedLease => ({
    ...{ lease, attempt },
    ttlMs: leaseUntilMs - nowMs,
  });
  const refusals = ({ payment }: Entry) => (payment?.refusals ? { refusals: payment.refusals } : {});
  /** Gives the entry a new lease. */
  const grant = (key: number, entry: Entry): void => {
    entry.lease = (leases.get(key) ?? 0) + 1;
    leases.set(key, entry.lease);
    entries.set(key, keep(entry, nowMs));
    held.set(`${entry.actor} ${key}`, entry.lease);
  };

  const claim = (command: ClaimCommand): NumberedClaim => {
    const { actor, key, purchase, onLeaseExpiry, payment } = command;
    const entry = find(key);
    const phase = phaseOf(entry, nowMs);
    const leaseUntilMs = nowMs + command.leaseMs;
    const asked = askedFor(command, nowMs);
    if (entry === undefined || phase === "absent") {
      const before = entry?.state === "free" ? givenBack(entry.payment) : unbound();
      const made: Entry = {
        ...{ state: "working", actor, purchase, onLeaseExpiry, leaseUntilMs, lease: 0, attempt: 1 },
        ...{ evidence: undefined, value: "", valueUntilMs: 0, endsAtMs: 0, kept: undefined },
        retainUntilMs: Math.max(asked, entry?.retainUntilMs ?? 0),
        payment: payment && boundTo(payment, before),
      };
      grant(key, made);
      return { status: "claimed", via: "fresh", lease: leaseOf(made), ...refusals(made) };
    }
    if (isMismatch(entry, command)) return { status: "mismatch" };
    const owed = (of: Entry): NumberedClaim => ({
      ...{ status: "settled", receipt: of.value, lease: leaseOf(of) },
      ...(payment === undefined ? {} : keptOf(of, nowMs)),
    });
    if (phase === "held" && entry.actor === actor) {
      if (entry.state === "settled") return owed(entry);
      return { status: "claimed", via: "resume", lease: leaseOf(entry), ...refusals(entry) };
    }
    if (phase === "delivered") {
      return { status: phase, receipt: entry.value, ...(payment === undefined ? {} : keptOf(entry, nowMs)) };
    }
    if (phase !== "settled" && phase !== "lapsed") return seen(entry, nowMs);
    const taken: Entry = { ...entry, actor, leaseUntilMs, attempt: entry.attempt + 1 };
    taken.retainUntilMs = Math.max(entry.retainUntilMs, leaseUntilMs + floorMs);
    if (phase === "settled") {
      const valid = payment === undefined ? 0 : rememberedUntil(command.retainMs, nowMs);
      taken.retainUntilMs = Math.max(taken.retainUntilMs, valid);
      taken.payment = boundTo(payment, entry.payment);
      taken.purchase = purchase;
      grant(key, taken);
      return owed(taken);
    }
    taken.onLeaseExpiry = onLeaseExpiry;
    if (payment !== undefined) {
      const { collector, payload, ...before } = entry.payment ?? unbound();
      const added = payload === undefined ? payment.collector : undefined;
      taken.payment = { ...before, payload: payment.payload, collector: collector ?? added };
      taken.retainUntilMs = Math.max(taken.retainUntilMs, asked);
      taken.kept = undefined;
    }
    grant(key, taken);
    return { status: "claimed", via: "takeover", lease: leaseOf(taken), ...refusals(taken) };
  };

  const reconcile = (actor: number, key: number, leaseMs: number): NumberedClaim => {
    const entry = find(key);
    const phase = phaseOf(entry, nowMs);
    if (entry === undefined || phase === "absent") return { status: "in-progress", retryAfterMs: 0 };
    const found = told({ evidence: entry.evidence, reference: entry.payment?.reference });
    if (phase === "held" && entry.actor === actor && entry.state !== "settled") {
      return { status: "claimed", via: "resume", lease: leaseOf(entry), ...found };
    }
    if (phase !== "unknown") return seen(entry, nowMs);
    const leaseUntilMs = nowMs + leaseMs;
    const retainUntilMs = Math.max(entry.retainUntilMs, leaseUntilMs + floorMs);
    const taken: Entry = { ...entry, state: "working", actor, onLeaseExpiry: "unknown", leaseUntilMs, retainUntilMs };
    taken.attempt += 1;
    grant(key, taken);
    return { status: "claimed", via: "takeover", lease: leaseOf(taken), ...found };
  };

  const keepPlayed = (key: number, { entry, reply }: Played): unknown => {
    if (entry !== undefined) entries.set(key, entry);
    return reply;
  };
  /** Whether the entry's last lease is the one that the actor was last given. */
  const isLast = (entry: Entry | undefined, actor: number, key: number) =>
    entry !== undefined && entry.actor === actor && entry.lease === held.get(`${actor} ${key}`);

  return {
    play(command) {
      if (command.kind === "advance") {
        nowMs += command.ms;
        return undefined;
      }
      const { key } = command;
      const entry = find(key);
      switch (command.kind) {
        case "peek": {
          const look = seen(entry, nowMs);
          const { payload, reference } = entry?.payment ?? {};
          if (look.status === "absent") return look;
          return { ...look, ...told({ payload }), ...(look.status === "expired" && told({ reference })) };
        }
        case "claim":
          return claim(command);
        case "reconcile":
          return reconcile(command.actor, key, command.leaseMs);
        case "deliver":
          return keepPlayed(key, deliver(entry, command, nowMs));
        case "undeliver":
          return keepPlayed(key, undeliver(entry, command.token, nowMs));
      }
      const { actor } = command;
      const unheld = !held.has(`${actor} ${key}`);
      if (command.kind === "settle") {
        if (command.leased && unheld) return "never held";
        return keepPlayed(key, settle(entry, command, nowMs, command.leased && isLast(entry, actor, key)));
      }
      if (command.kind === "expire") {
        if (command.leased && unheld) return "never held";
        const holds = !command.leased ? "none" : isLast(entry, actor, key) ? "entry's" : "another";
        return keepPlayed(key, expire(entry, command.reason, nowMs, holds));
      }
      if (unheld) return "never held";
      if (entry === undefined || !isLast(entry, actor, key)) return lostTo(entry, nowMs);
      return keepPlayed(key, asHolder(command, entry));
    },
  };

  /** What the last holder does to its entry. */
  function asHolder(command: HolderCommand, entry: Entry): Played {
    const phase = phaseOf(entry, nowMs);
    const lost = { reply: lostTo(entry, nowMs) };
    const ok = { status: "ok" };
    const kept = (changes: Partial<Entry>): Played => ({ entry: keep({ ...entry, ...changes }, nowMs), reply: ok });
    switch (command.kind) {
      case "renew": {
        if (phase !== "held") return lost;
        if (entry.state === "settled" && command.toUnknown) return { reply: { status: "lost", current: "settled" } };
        const leaseUntilMs = Math.max(entry.leaseUntilMs, nowMs + command.leaseMs);
        const brings = command.reference !== undefined || command.kept !== undefined;
        const reference = command.reference ?? entry.payment?.reference;
        const renewed = kept({
          leaseUntilMs,
          onLeaseExpiry: command.toUnknown ? "unknown" : entry.onLeaseExpiry,
          retainUntilMs: Math.max(entry.retainUntilMs, leaseUntilMs + floorMs),
          payment: brings ? { ...(entry.payment ?? unbound()), reference } : entry.payment,
        });
        if (renewed.entry && command.kept !== undefined) {
          renewed.entry.kept = { text: command.kept, untilMs: renewed.entry.endsAtMs };
        }
        return renewed;
      }
      case "note":
        return phase === "held" || phase === "unknown" ? kept({ evidence: command.evidence }) : lost;
      case "release": {
        if (entry.state === "free") return { reply: ok };
        if (phase !== "held") return lost;
        if (entry.state === "settled") return kept({ leaseUntilMs: nowMs });
        const refused = (entry.payment?.refusals ?? 0) + (command.refused ? 1 : 0);
        const counts = entry.payment !== undefined || refused > 0;
        const payment = counts ? { ...(entry.payment ?? unbound()), refusals: refused } : undefined;
        const retainUntilMs = Math.max(entry.retainUntilMs, nowMs + floorMs);
        return kept({ state: "free", evidence: undefined, kept: undefined, payment, retainUntilMs });
      }
      case "markUnknown":
        if (entry.state !== "working" && entry.state !== "unknown") return lost;
        return kept({ state: "unknown", evidence: command.evidence ?? entry.evidence });
      case "complete": {
        const { value, valueTtlMs = 0 } = command;
        const open = entry.state !== "settled" && (phase === "held" || phase === "unknown");
        if (entry.payment !== undefined) {
          const said = command.accepted ? ["settled", "delivered"] : ["expired"];
          if (said.includes(entry.state) && entry.value === value) return { reply: ok };
          if (!open) return lost;
          if (!command.accepted) return expire(entry, value, nowMs, "entry's");
          const receipt = { receipt: value, purchase: undefined, payment: undefined, deliver: undefined };
          return { ...settle(entry, { ...receipt, retainMs: undefined }, nowMs, false), reply: ok };
        }
        const state = command.accepted ? "accepted" : "rejected";
        if (entry.state === state && entry.value === value) return { reply: ok };
        if (!open) return lost;
        const asked = nowMs + Math.max(command.retainMs, floorMs, valueTtlMs);
        const retainUntilMs = Math.max(entry.retainUntilMs, asked);
        const valueUntilMs = command.valueTtlMs === undefined ? retainUntilMs : nowMs + valueTtlMs;
        return kept({ state, value, retainUntilMs, valueUntilMs, evidence: undefined });
      }
    }
  }
}

/** Another purchase, another collector, or, once it is settled, another payload. */
function isMismatch(entry: Entry, { purchase, payment }: ClaimCommand): boolean {
  if (entry.purchase !== undefined && entry.purchase !== purchase) return true;
  const { collector, payload } = entry.payment ?? unbound();
  if (collector !== undefined && collector !== payment?.collector) return true;
  if (entry.state !== "settled" && entry.state !== "delivered") return false;
  return payload !== undefined && payment !== undefined && payload !== payment.payload;
}
