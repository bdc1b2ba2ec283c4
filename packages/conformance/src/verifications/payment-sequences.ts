// Random sequences of calls on payments' records: claims with payloads and collectors, receipts, deliveries, kept texts,
// by key and by handle. For comparing stores with each other; there is no model of them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  isStoreError,
  type Lease,
  type LeaseExpiry,
  type RecordName,
  type VerificationStore,
} from "@tollbooth-stores/core";
import fc from "fast-check";

type Optional<T> = T | undefined;
interface About {
  actor: number;
  key: number;
  /** The record is named by its handle. */
  byHandle: boolean;
  /** Under the lease that the actor was last given. */
  leased: boolean;
}
interface Paying {
  payload: string;
  collector: Optional<string>;
}
interface Delivering {
  token: string;
  kept: Optional<string>;
  keptForMs: Optional<number>;
}
type Call = About &
  (
    | {
        kind: "claim";
        fingerprint: string;
        payment: Optional<Paying>;
        onLeaseExpiry: LeaseExpiry;
        leaseMs: number;
        retainMs: number;
      }
    | { kind: "renew"; leaseMs: number; toUnknown: boolean; reference: Optional<string>; kept: Optional<string> }
    | { kind: "note"; evidence: string }
    | {
        kind: "complete";
        outcome: "accepted" | "rejected";
        value: string;
        valueTtlMs: Optional<number>;
        retainMs: number;
      }
    | { kind: "release"; refused: boolean }
    | { kind: "markUnknown"; evidence: Optional<string> }
    | { kind: "reconcile"; leaseMs: number }
    | {
        kind: "settle";
        receipt: string;
        fingerprint: Optional<string>;
        payment: Optional<Paying>;
        retainMs: Optional<number>;
        deliver: Optional<Delivering>;
      }
    | { kind: "deliver"; delivery: Delivering }
    | { kind: "undeliver"; token: string }
    | { kind: "expire"; reason: string }
    | { kind: "peek" }
  );

const day = 86_400_000;
const text = fc.constantFrom("one", "two", "", "größer");
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const actor = mostly(0, 1, 2);
const key = mostly(0, 1);
const leaseMs = fc.constantFrom(1, 1_000, 7_200_000, 3 * day);
/** The last is more than the ceiling. */
const retainMs = mostly(3_600_000, -1_000, 40 * day);
const payment = fc.record({
  payload: mostly("payload", "another payload"),
  collector: mostly<string | undefined>("payer", undefined, "another payer"),
});
const delivery = fc.record({
  token: fc.constantFrom("delivery 1", "delivery 2"),
  kept: optional(text),
  keptForMs: optional(fc.constantFrom(1, 1_000, 3_600_000, 60 * day)),
});
/** `byHandle`: the record is named by its handle. `leased`: under the lease that the actor was last given. */
const about = { actor, key, byHandle: fc.boolean(), leased: fc.boolean() };

const claim = fc.record({
  ...about,
  kind: fc.constant("claim" as const),
  fingerprint: mostly("purchase", "another purchase"),
  payment: fc.oneof({ weight: 4, arbitrary: payment }, { weight: 1, arbitrary: fc.constant(undefined) }),
  onLeaseExpiry: fc.constantFrom("retry" as const, "unknown" as const),
  leaseMs,
  retainMs,
});
const renew = fc.record({
  ...about,
  kind: fc.constant("renew" as const),
  leaseMs,
  toUnknown: fc.boolean(),
  reference: optional(text),
  kept: optional(text),
});
const note = fc.record({ ...about, kind: fc.constant("note" as const), evidence: text });
const complete = fc.record({
  ...about,
  kind: fc.constant("complete" as const),
  outcome: fc.constantFrom("accepted" as const, "rejected" as const),
  value: text,
  valueTtlMs: optional(fc.constantFrom(1, 1_000, 7_200_000)),
  retainMs,
});
const release = fc.record({ ...about, kind: fc.constant("release" as const), refused: fc.boolean() });
const markUnknown = fc.record({ ...about, kind: fc.constant("markUnknown" as const), evidence: optional(text) });
const reconcile = fc.record({ ...about, kind: fc.constant("reconcile" as const), leaseMs });
const settle = fc.record({
  ...about,
  kind: fc.constant("settle" as const),
  receipt: fc.constantFrom("receipt", "another receipt"),
  fingerprint: optional(mostly("purchase", "another purchase")),
  payment: optional(payment),
  retainMs: optional(retainMs),
  deliver: optional(delivery),
});
const deliver = fc.record({ ...about, kind: fc.constant("deliver" as const), delivery });
const undeliver = fc.record({
  ...about,
  kind: fc.constant("undeliver" as const),
  token: fc.constantFrom("delivery 1", "delivery 2"),
});
const expire = fc.record({ ...about, kind: fc.constant("expire" as const), reason: text });
const peek = fc.record({ ...about, kind: fc.constant("peek" as const) });
const unresolved = fc.record({ kind: fc.constant("unresolved" as const) });
const advance = fc.record({
  kind: fc.constant("advance" as const),
  ms: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(1, 999, 1_000, 3_600_000) },
    { weight: 1, arbitrary: fc.constantFrom(600_000, 7_200_000, day, 30 * day, 31 * day) },
  ),
});

/** One call by an actor on a payment's record, or a step of the clock. */
export type PaymentCommand = Call | { kind: "unresolved" } | { kind: "advance"; ms: number };

const single: fc.Arbitrary<PaymentCommand> = fc.oneof(
  { weight: 5, arbitrary: claim },
  { weight: 4, arbitrary: renew },
  { weight: 2, arbitrary: note },
  { weight: 2, arbitrary: complete },
  { weight: 2, arbitrary: release },
  { weight: 1, arbitrary: markUnknown },
  { weight: 2, arbitrary: reconcile },
  { weight: 3, arbitrary: settle },
  { weight: 3, arbitrary: deliver },
  { weight: 3, arbitrary: undeliver },
  { weight: 2, arbitrary: expire },
  { weight: 2, arbitrary: peek },
  { weight: 2, arbitrary: unresolved },
  { weight: 4, arbitrary: advance },
);
/** Calls that mean most one after the other. */
const passage: fc.Arbitrary<PaymentCommand[]> = fc.oneof(
  fc.tuple(claim, renew, settle),
  fc.tuple(claim, renew, settle, deliver, advance, claim),
  fc.tuple(claim, advance, claim, settle, claim),
  fc.tuple(settle, claim, advance, unresolved),
  fc.tuple(deliver, undeliver, advance, claim),
  fc.tuple(claim, note, markUnknown, peek, reconcile),
  fc.tuple(claim, complete, advance, settle, claim),
  fc.tuple(release, advance, claim),
);

/** Sequences by three actors on two keys, mostly by one on one. */
export const paymentCommands: fc.Arbitrary<PaymentCommand[]> = fc
  .array(fc.oneof({ weight: 3, arbitrary: fc.tuple(single) }, { weight: 1, arbitrary: passage }), {
    minLength: 1,
    maxLength: 30,
    size: "max",
  })
  .map((parts) => parts.flat());

/** Plays commands on keys that start with `name`. Answers show a lease's number in place of its fence, and relative instants. */
export async function playPayments(
  store: VerificationStore,
  commands: readonly PaymentCommand[],
  name: string,
  startMs: number,
  advance: (ms: number) => Promise<void>,
): Promise<unknown[]> {
  let nowMs = startMs;
  const keyOf = (id: number) => `${name}: key ${id}`;
  const handles = [0, 1].map((id) => createHash("sha256").update(keyOf(id)).digest("base64url"));
  const fences = new Map<number, string[]>();
  const held = new Map<string, Lease>();

  const numbered = (answer: object, { actor: by, key: id }: Call): unknown => {
    if (!("lease" in answer)) return answer;
    const lease = answer.lease as Lease;
    held.set(`${by} ${id}`, lease);
    const known = fences.get(id) ?? [];
    fences.set(id, known);
    if (!known.includes(lease.fence)) {
      const [last] = known.slice(-1);
      assert.ok(last === undefined || BigInt(lease.fence) > BigInt(last), "a fence did not rise");
      known.push(lease.fence);
    }
    return { ...answer, lease: { ...lease, fence: known.indexOf(lease.fence) + 1 } };
  };

  const answerTo = async (call: Call): Promise<object> => {
    const record: RecordName = call.byHandle ? { handle: handles[call.key] ?? "" } : keyOf(call.key);
    const token = `actor ${call.actor}`;
    const last = held.get(`${call.actor} ${call.key}`);
    const lease = last ?? { token, fence: "1", ttlMs: 1, attempt: 1 };
    const ifLeased = call.leased ? last : undefined;
    switch (call.kind) {
      case "claim": {
        const { fingerprint, payment: paid, onLeaseExpiry, leaseMs: ms } = call;
        const retainUntilMs = nowMs + call.retainMs;
        return store.claim(record, { token, fingerprint, payment: paid, leaseMs: ms, onLeaseExpiry, retainUntilMs });
      }
      case "renew": {
        const { reference, kept } = call;
        const onLeaseExpiry = call.toUnknown ? "unknown" : undefined;
        return store.renew(record, lease, call.leaseMs, { onLeaseExpiry, reference, kept });
      }
      case "note":
        return store.note(record, lease, call.evidence);
      case "complete": {
        const { outcome, value, valueTtlMs } = call;
        return store.complete(record, lease, { outcome, value, valueTtlMs, retainUntilMs: nowMs + call.retainMs });
      }
      case "release":
        return store.release(record, lease, { refused: call.refused });
      case "markUnknown":
        return store.markUnknown(record, lease, call.evidence);
      case "reconcile":
        return store.reconcile(record, { token, leaseMs: call.leaseMs });
      case "settle": {
        const { receipt, fingerprint, payment: paid, deliver } = call;
        const retainUntilMs = call.retainMs === undefined ? undefined : nowMs + call.retainMs;
        return store.settle(record, { receipt, fingerprint, payment: paid, retainUntilMs, lease: ifLeased, deliver });
      }
      case "deliver":
        return store.deliver(record, call.delivery);
      case "undeliver":
        return store.undeliver(record, call.token);
      case "expire":
        return store.expire(record, { reason: call.reason, lease: ifLeased });
      case "peek":
        return store.peek(record);
    }
  };

  const listed = async () => {
    const all: unknown[] = [];
    for (const handle of handles) {
      for await (const each of store.unresolved()) {
        if (each.handle === handle) all.push({ ...each, atMs: each.atMs - startMs, handle: handles.indexOf(handle) });
      }
    }
    return all;
  };

  const answers: unknown[] = [];
  for (const each of commands) {
    if (each.kind === "advance") {
      nowMs += each.ms;
      await advance(each.ms);
    } else if (each.kind === "unresolved") {
      answers.push(await listed());
    } else {
      const answer = await answerTo(each).catch((error: unknown) => {
        if (isStoreError(error, "STORE_INVALID_ARGUMENT")) return { refused: error.message };
        throw error;
      });
      answers.push(numbered(answer, each));
    }
  }
  return answers;
}
