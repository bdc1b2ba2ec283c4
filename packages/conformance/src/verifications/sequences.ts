// Random sequences of verification calls: against the model, and against other stores.
import assert from "node:assert/strict";
import type { Claim, Lease, VerificationStore } from "@tollbooth-stores/core";
import fc from "fast-check";
import { desk, type VerificationProperty } from "./checks.ts";
import { type NumberedClaim, type VerificationCommand, verificationModel } from "./model.ts";

const actor = fc.nat(2);
const key = fc.nat(1);
const leaseMs = fc.constantFrom(1, 1_000, 10_000);
const retainMs = fc.constantFrom(-1_000, 0, 3_600_000);
const evidence = fc.constantFrom("tx 1", "tx 2", "");

/** Sequences of up to 40 commands by three actors on two keys. */
export const verificationCommands: fc.Arbitrary<VerificationCommand[]> = fc.array(
  fc.oneof(
    {
      weight: 7,
      arbitrary: fc.record({
        kind: fc.constant("claim" as const),
        actor,
        key,
        purchase: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
        onLeaseExpiry: fc.constantFrom("retry" as const, "unknown" as const),
        leaseMs,
        retainMs,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("renew" as const), actor, key, leaseMs, toUnknown: fc.boolean() }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("note" as const), actor, key, evidence }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("complete" as const),
        actor,
        key,
        accepted: fc.boolean(),
        value: fc.constantFrom("receipt", "other"),
        valueTtlMs: fc.constantFrom(undefined, 1, 1_000, 7_200_000),
        retainMs,
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), actor, key }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("markUnknown" as const),
        actor,
        key,
        evidence: fc.option(evidence, { nil: undefined }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("reconcile" as const), actor, key, leaseMs }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("peek" as const), key }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("advance" as const),
        ms: fc.constantFrom(1, 999, 1_000, 9_999, 600_000, 3_600_000),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

/** Plays commands on keys that start with `name`; answers show the number of a lease, not its fence. */
export async function playVerifications(
  store: VerificationStore,
  commands: readonly VerificationCommand[],
  name: string,
  startMs: number,
  advance: (ms: number) => Promise<void>,
): Promise<unknown[]> {
  let nowMs = startMs;
  const fences = new Map<number, string[]>();
  const held = new Map<string, Lease>();
  const numbered = (claim: Claim, actorId: number, keyId: number): NumberedClaim => {
    if (claim.status !== "claimed") return claim;
    const { lease, via } = claim;
    held.set(`${actorId} ${keyId}`, lease);
    const known = fences.get(keyId) ?? [];
    fences.set(keyId, known);
    if (!known.includes(lease.fence)) {
      const [last] = known.slice(-1);
      assert.ok(last === undefined || BigInt(lease.fence) > BigInt(last), "a fence did not rise");
      known.push(lease.fence);
    }
    return {
      status: "claimed",
      via,
      lease: known.indexOf(lease.fence) + 1,
      attempt: lease.attempt,
      ttlMs: lease.ttlMs,
    };
  };
  const answerTo = async (command: Exclude<VerificationCommand, { kind: "advance" }>): Promise<unknown> => {
    const id = `${name}: key ${command.key}`;
    if (command.kind === "peek") return store.peek(id);
    const token = `actor ${command.actor}`;
    if (command.kind === "claim") {
      const { leaseMs: ms, onLeaseExpiry, retainMs: keepMs, purchase } = command;
      const request = {
        token,
        fingerprint: `purchase ${purchase}`,
        leaseMs: ms,
        onLeaseExpiry,
        retainUntilMs: nowMs + keepMs,
      };
      return numbered(await store.claim(id, request), command.actor, command.key);
    }
    if (command.kind === "reconcile") {
      return numbered(await store.reconcile(id, { token, leaseMs: command.leaseMs }), command.actor, command.key);
    }
    const lease = held.get(`${command.actor} ${command.key}`);
    if (lease === undefined) return "never held";
    switch (command.kind) {
      case "renew":
        return store.renew(id, lease, command.leaseMs, command.toUnknown ? { onLeaseExpiry: "unknown" } : {});
      case "note":
        return store.note(id, lease, command.evidence);
      case "release":
        return store.release(id, lease);
      case "markUnknown":
        return store.markUnknown(id, lease, command.evidence);
      case "complete": {
        const { accepted, value, valueTtlMs } = command;
        const retainUntilMs = nowMs + command.retainMs;
        return store.complete(id, lease, {
          outcome: accepted ? "accepted" : "rejected",
          value,
          valueTtlMs,
          retainUntilMs,
        });
      }
    }
  };
  const answers: unknown[] = [];
  for (const command of commands) {
    if (command.kind === "advance") {
      nowMs += command.ms;
      await advance(command.ms);
      answers.push(undefined);
    } else answers.push(await answerTo(command));
  }
  return answers;
}

export const sequenceProperties: readonly VerificationProperty[] = [
  {
    id: "verifications/model",
    title: "any sequence of calls is answered as the model answers it",
    async run(bench) {
      const at = await desk(bench);
      let run = 0;
      await bench.forAll(verificationCommands, 200, async (commands) => {
        run += 1;
        const startMs = at.nowMs();
        const model = verificationModel(startMs);
        const expected = commands.map((command) => model.play(command));
        assert.deepEqual(await playVerifications(at.store, commands, `run ${run}`, startMs, at.advance), expected);
      });
    },
  },
];
