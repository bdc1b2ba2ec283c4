// The calls of which random sequences are made: three actors on two keys, for one purchase mostly, with and without payment.
import type { LeaseExpiry } from "@tollbooth-stores/core";
import fc from "fast-check";

/** What a claim or a receipt says of its payment, by number. */
export interface NumberedPayment {
  payload: number;
  collector: number | undefined;
}

/** A delivery, by the number of its token. */
export interface NumberedDelivery {
  token: number;
  kept: string | undefined;
  keptForMs: number | undefined;
}

export interface ClaimCommand {
  kind: "claim";
  actor: number;
  key: number;
  purchase: number;
  payment: NumberedPayment | undefined;
  onLeaseExpiry: LeaseExpiry;
  leaseMs: number;
  retainMs: number;
}

export interface SettleCommand {
  kind: "settle";
  actor: number;
  key: number;
  /** Says the receipt under the actor's lease. */
  leased: boolean;
  receipt: string;
  purchase: number | undefined;
  payment: NumberedPayment | undefined;
  retainMs: number | undefined;
  deliver: NumberedDelivery | undefined;
}

/** What the last holder of a record may do to it. */
export type HolderCommand =
  | {
      kind: "renew";
      actor: number;
      key: number;
      leaseMs: number;
      toUnknown: boolean;
      reference: string | undefined;
      kept: string | undefined;
    }
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
  | { kind: "release"; actor: number; key: number; refused: boolean }
  | { kind: "markUnknown"; actor: number; key: number; evidence: string | undefined };

/** One call by an actor on a key, or a step of the clock. */
export type VerificationCommand =
  | ClaimCommand
  | HolderCommand
  | { kind: "reconcile"; actor: number; key: number; leaseMs: number }
  | SettleCommand
  | ({ kind: "deliver"; key: number } & NumberedDelivery)
  | { kind: "undeliver"; key: number; token: number }
  | { kind: "expire"; actor: number; key: number; leased: boolean; reason: string }
  | { kind: "peek"; key: number }
  | { kind: "advance"; ms: number };

const leaseMs = fc.constantFrom(1, 1_000, 10_000, 10_000);
const retainMs = fc.constantFrom(-1_000, 0, 3_600_000, 172_800_000);
const evidence = fc.constantFrom("tx 1", "tx 2", "");
const kept = fc.constantFrom(undefined, "goods", "other goods", " ");
const keptForMs = fc.constantFrom(undefined, 1_000, 3_600_000);

const constant = <const Kind extends string>(kind: Kind) => fc.constant(kind);
/** Zero, mostly. */
const mostly0 = (weight: number) =>
  fc.oneof({ weight, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
const orNone = <T>(arbitrary: fc.Arbitrary<T>, freq: number) => fc.option(arbitrary, { nil: undefined, freq });

/** How much of a sequence is about payments, and on how many keys. */
interface Mix {
  key: fc.Arbitrary<number>;
  /** Of a claim. */
  payment: fc.Arbitrary<NumberedPayment | undefined>;
  /** Of what ends the building blocks' work; of a payment's calls. */
  weights: { blocks: number; payments: number };
}

const given = fc.record({ payload: mostly0(8), collector: orNone(mostly0(8), 8) });

function mixed({ key, payment, weights: { blocks, payments } }: Mix): fc.Arbitrary<VerificationCommand> {
  const actor = fc.nat(2);
  const delivery = { token: fc.nat(1), kept, keptForMs };
  const receipts = {
    purchase: orNone(mostly0(8), 2),
    payment: orNone(given, 2),
    retainMs: orNone(retainMs, 1),
    deliver: orNone(fc.record(delivery), 1),
  };
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        ...{ kind: constant("claim"), actor, key, purchase: mostly0(8), payment, leaseMs, retainMs },
        onLeaseExpiry: fc.constantFrom("retry" as const, "unknown" as const),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        ...{ kind: constant("renew"), actor, key, leaseMs, toUnknown: fc.boolean(), kept },
        reference: fc.constantFrom(undefined, "nonce 1", " nonce 2"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: constant("note"), actor, key, evidence }) },
    {
      weight: blocks,
      arbitrary: fc.record({
        ...{ kind: constant("complete"), actor, key, accepted: fc.boolean(), retainMs },
        value: fc.constantFrom("receipt", "other"),
        valueTtlMs: fc.constantFrom(undefined, 1, 1_000, 7_200_000),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: constant("release"), actor, key, refused: fc.boolean() }) },
    {
      weight: blocks,
      arbitrary: fc.record({ kind: constant("markUnknown"), actor, key, evidence: orNone(evidence, 1) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: constant("reconcile"), actor, key, leaseMs }) },
    {
      weight: payments,
      arbitrary: fc.record({
        ...{ kind: constant("settle"), actor, key, leased: fc.boolean(), ...receipts },
        receipt: fc.constantFrom("receipt", "other"),
      }),
    },
    { weight: payments, arbitrary: fc.record({ kind: constant("deliver"), key, ...delivery }) },
    { weight: payments, arbitrary: fc.record({ kind: constant("undeliver"), key, token: fc.nat(1) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        ...{ kind: constant("expire"), actor, key, leased: fc.boolean() },
        reason: fc.constantFrom("expired", "void"),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: constant("peek"), key }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: constant("advance"),
        ms: fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(1, 999, 1_000, 9_999) },
          { weight: 3, arbitrary: fc.constantFrom(600_000, 3_600_000, 86_400_000) },
          { weight: 1, arbitrary: fc.constant(2_678_400_000) },
        ),
      }),
    },
  );
}

// Without a size, fast-check makes arrays of ten at most.
const lengths = { minLength: 1, maxLength: 40, size: "max" } as const;

/** Sequences of up to 40 commands: half of them a payment's on one key, half of everything on two. */
export const verificationCommands: fc.Arbitrary<VerificationCommand[]> = fc.oneof(
  fc.array(mixed({ key: fc.constant(0), payment: orNone(given, 12), weights: { blocks: 1, payments: 3 } }), lengths),
  fc.array(mixed({ key: fc.nat(1), payment: orNone(given, 1), weights: { blocks: 3, payments: 1 } }), lengths),
);
