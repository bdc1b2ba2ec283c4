// What receipts, deliveries and the end of a payment mean in the model.
import type { NumberedDelivery, NumberedPayment, SettleCommand } from "./commands.ts";
import {
  afterDelivery,
  type Entry,
  keep,
  keepBeside,
  keptOf,
  lostTo,
  type PaymentEntry,
  phaseOf,
  rememberedUntil,
  unbound,
} from "./model-entries.ts";

/** What a call does: the changed entry, where it changes, and the answer. */
export interface Played {
  entry?: Entry;
  reply: unknown;
}

const ok = { status: "ok" };

/** What binds a payment binds payload and collector together. */
export function boundTo(payment: NumberedPayment | undefined, before: PaymentEntry = unbound()): PaymentEntry {
  if (payment === undefined || before.payload !== undefined) return { ...before };
  return { ...before, payload: payment.payload, collector: before.collector ?? payment.collector };
}

/** What the next claim takes over from a payment that was given back. */
export function givenBack(payment: PaymentEntry = unbound()): PaymentEntry {
  return { ...unbound(payment.refusals), undone: payment.undone };
}

/** A receipt, whatever the entry is. */
export function settle(
  entry: Entry | undefined,
  command: Omit<SettleCommand, "kind" | "actor" | "key" | "leased">,
  nowMs: number,
  isHolders: boolean,
): Played {
  const delivery = command.deliver;
  const claimed = entry !== undefined && entry.state !== "free" && entry.state !== "rejected" ? entry : undefined;
  if (claimed?.state === "accepted") return { reply: { status: "delivered", byYou: false, receipt: claimed.value } };
  const foreign = claimed !== undefined && isForeign(claimed, command);
  if (claimed?.state === "delivered") {
    return foreign ? { reply: lostTo(claimed, nowMs) } : comesSecond(claimed, delivery?.token, nowMs);
  }
  const alarm = claimed?.state === "expired" ? { wasExpired: true } : {};
  const said = foreign ? { ...command, purchase: undefined, payment: undefined } : command;
  const made = claimed?.state === "settled" ? { ...claimed } : receipted(entry, claimed, said, nowMs, isHolders);
  if (!foreign && delivery !== undefined && !isUndone(made, delivery.token)) {
    const handed = handOver(made, delivery, nowMs);
    return { entry: handed, reply: { status: "delivered", byYou: true, receipt: handed.value, ...alarm } };
  }
  const reply = foreign
    ? { status: "lost", current: "settled", ...alarm }
    : { status: "settled", receipt: made.value, ...keptOf(made, nowMs), ...alarm };
  keepBeside(keep(made, nowMs));
  return { entry: made, reply };
}

function isForeign(entry: Entry, { purchase, payment }: Pick<SettleCommand, "purchase" | "payment">): boolean {
  if (purchase !== undefined && entry.purchase !== undefined && purchase !== entry.purchase) return true;
  const recorded = entry.payment?.collector;
  return recorded !== undefined && payment?.collector !== undefined && recorded !== payment.collector;
}

/** The entry with its receipt; made anew where nothing is claimed. */
function receipted(
  before: Entry | undefined,
  claimed: Entry | undefined,
  { receipt, purchase, payment, retainMs }: Omit<SettleCommand, "kind" | "actor" | "key" | "leased">,
  nowMs: number,
  isHolders: boolean,
): Entry {
  const base: Entry = before ?? {
    ...{ state: "free", actor: undefined, lease: 0, attempt: 0, purchase: undefined, leaseUntilMs: 0 },
    ...{ onLeaseExpiry: "unknown", evidence: undefined, value: "", valueUntilMs: 0, retainUntilMs: 0, endsAtMs: 0 },
    ...{ payment: undefined, kept: undefined },
  };
  const asked =
    claimed === undefined || retainMs !== undefined ? rememberedUntil(retainMs ?? 0, nowMs) : base.retainUntilMs;
  // A receipt without names, of a payment that was given back, is for its last claimant.
  const last = before?.state === "free" ? before : undefined;
  const known = payment === undefined ? last?.payment : last && givenBack(last.payment);
  return {
    ...base,
    state: "settled",
    value: receipt,
    evidence: undefined,
    purchase: claimed?.purchase ?? purchase ?? last?.purchase,
    leaseUntilMs: isHolders ? base.leaseUntilMs : Math.min(base.leaseUntilMs, nowMs),
    retainUntilMs: Math.max(base.retainUntilMs, asked),
    payment: { ...boundTo(payment, claimed === undefined ? known : claimed.payment), settledAtMs: nowMs },
  };
}

function handOver(entry: Entry, { token, kept, keptForMs }: NumberedDelivery, nowMs: number): Entry {
  const handed: Entry = {
    ...entry,
    state: "delivered",
    leaseUntilMs: Math.min(entry.leaseUntilMs, nowMs),
    retainUntilMs: afterDelivery(entry, nowMs),
    payment: { ...(entry.payment ?? unbound()), deliveredBy: token },
  };
  keep(handed, nowMs);
  const text = kept ?? entry.kept?.text;
  const untilMs = keptForMs === undefined ? handed.endsAtMs : Math.min(handed.endsAtMs, nowMs + keptForMs);
  handed.kept = text === undefined ? undefined : { text, untilMs };
  return handed;
}

function delivered(entry: Entry, token: number | undefined, nowMs: number): unknown {
  const byYou = token !== undefined && entry.payment?.deliveredBy === token;
  return { status: "delivered", byYou, receipt: entry.value, ...(byYou ? {} : keptOf(entry, nowMs)) };
}

/** Another delivered it; this delivery stays second, also where the other is taken back. */
function comesSecond(entry: Entry, token: number | undefined, nowMs: number): Played {
  const reply = delivered(entry, token, nowMs);
  if (token === undefined || entry.payment?.deliveredBy === token) return { reply };
  return { entry: { ...entry, payment: withUndone(entry, token) }, reply };
}

const isUndone = ({ payment = unbound() }: Entry, token: number) => payment.undone.includes(token);

function withUndone({ payment = unbound() }: Entry, token: number): PaymentEntry {
  return { ...payment, undone: [...payment.undone, token] };
}

export function deliver(entry: Entry | undefined, delivery: NumberedDelivery, nowMs: number): Played {
  if (entry?.state === "delivered") return comesSecond(entry, delivery.token, nowMs);
  if (entry?.state !== "settled") return { reply: lostTo(entry, nowMs) };
  if (isUndone(entry, delivery.token)) {
    return { reply: { status: "settled", receipt: entry.value, ...keptOf(entry, nowMs) } };
  }
  const handed = handOver(entry, delivery, nowMs);
  return { entry: handed, reply: { status: "delivered", byYou: true, receipt: handed.value } };
}

/** Owed again; where nothing was delivered by that token yet, nothing will be. */
export function undeliver(entry: Entry | undefined, token: number, nowMs: number): Played {
  if (entry === undefined || entry.state === "accepted" || entry.state === "rejected") {
    return { reply: lostTo(entry, nowMs) };
  }
  if (entry.state === "free" || entry.state === "expired") {
    return { entry: { ...entry, payment: withUndone(entry, token) }, reply: lostTo(entry, nowMs) };
  }
  if (entry.state === "delivered" && entry.payment?.deliveredBy !== token) {
    return { ...comesSecond(entry, token, nowMs), reply: lostTo(entry, nowMs) };
  }
  const state = entry.state === "delivered" ? "settled" : entry.state;
  const payment: PaymentEntry = { ...withUndone(entry, token), deliveredBy: undefined };
  const owed: Entry = { ...entry, state, payment };
  keepBeside(keep(owed, nowMs));
  return { entry: owed, reply: ok };
}

/** `holds`: whether the call says a lease, and whether it is the entry's. */
export function expire(
  entry: Entry | undefined,
  reason: string,
  nowMs: number,
  holds: "entry's" | "another" | "none",
): Played {
  if (entry?.state === "expired") return { reply: ok };
  const open = entry?.state === "working" || entry?.state === "unknown";
  const isFree = phaseOf(entry, nowMs) !== "held";
  if (!open || holds === "another" || (holds === "none" && !isFree)) return { reply: lostTo(entry, nowMs) };
  const over: Entry = {
    ...entry,
    state: "expired",
    value: reason,
    evidence: undefined,
    leaseUntilMs: Math.min(entry.leaseUntilMs, nowMs),
    payment: entry.payment ?? unbound(),
    kept: undefined,
  };
  return { entry: keep(over, nowMs), reply: ok };
}
