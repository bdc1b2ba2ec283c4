// Random sequences of calls on payments' records: claims with payloads and collectors, receipts, deliveries, what is kept,
// by key and by handle. For comparing stores with each other; there is no model of them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { isStoreError, type Lease, type RecordName, type VerificationStore } from "@tollbooth-stores/core";
import fc from "fast-check";

const day = 86_400_000;
const text = fc.constantFrom("one", "two", "", "größer");
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
const actor = mostly(0, 1, 2);
const key = mostly(0, 1);
const leaseMs = fc.oneof(fc.constant(7_200_000), fc.constantFrom(1, 1_000, 10_000));
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

const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      ...about,
      kind: fc.constant("claim" as const),
      fingerprint: mostly("purchase", "another purchase"),
      payment: fc.oneof({ weight: 5, arbitrary: payment }, { weight: 1, arbitrary: fc.constant(undefined) }),
      onLeaseExpiry: fc.constantFrom("retry" as const, "unknown" as const),
      leaseMs,
      retainMs,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      ...about,
      kind: fc.constant("renew" as const),
      leaseMs,
      toUnknown: fc.boolean(),
      reference: optional(text),
      kept: optional(text),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...about, kind: fc.constant("note" as const), evidence: text }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...about,
      kind: fc.constant("complete" as const),
      outcome: fc.constantFrom("accepted" as const, "rejected" as const),
      value: text,
      valueTtlMs: optional(fc.constantFrom(1, 1_000, 7_200_000)),
      retainMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ ...about, kind: fc.constant("release" as const), refused: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ ...about, kind: fc.constant("markUnknown" as const), evidence: optional(text) }),
  },
  { weight: 2, arbitrary: fc.record({ ...about, kind: fc.constant("reconcile" as const), leaseMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...about,
      kind: fc.constant("settle" as const),
      receipt: fc.constantFrom("receipt", "another receipt"),
      fingerprint: optional(mostly("purchase", "another purchase")),
      payment: optional(payment),
      retainMs: optional(retainMs),
      deliver: optional(delivery),
    }),
  },
  { weight: 3, arbitrary: fc.record({ ...about, kind: fc.constant("deliver" as const), delivery }) },
  {
    weight: 2,
    arbitrary: fc.record({
      ...about,
      kind: fc.constant("undeliver" as const),
      token: fc.constantFrom("delivery 1", "delivery 2"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ...about, kind: fc.constant("expire" as const), reason: text }) },
  { weight: 2, arbitrary: fc.record({ ...about, kind: fc.constant("peek" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("unresolved" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(1, 999, 1_000, 9_999) },
        { weight: 2, arbitrary: fc.constantFrom(600_000, 3_600_000, 7_200_000) },
        { weight: 1, arbitrary: fc.constantFrom(day, 30 * day, 31 * day) },
      ),
    }),
  },
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;
type Call = Exclude<Command, { kind: "advance" | "unresolved" }>;

/** One call by an actor on a payment's record, or a step of the clock. */
export type PaymentCommand = Command;

/** Sequences of up to 50 commands by three actors on two keys, mostly by one on one. */
export const paymentCommands: fc.Arbitrary<PaymentCommand[]> = fc.array(command, {
  minLength: 1,
  maxLength: 50,
  size: "max",
});

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
