// Random sequences of verification calls: against the model, and against other stores.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { Claim, Lease, Look, PaymentClaim, VerificationStore } from "@tollbooth-stores/core";
import { desk, type VerificationProperty } from "./checks.ts";
import {
  type HolderCommand,
  type NumberedDelivery,
  type NumberedPayment,
  type SettleCommand,
  type VerificationCommand,
  verificationCommands,
} from "./commands.ts";
import { verificationModel } from "./model.ts";
import { told } from "./model-entries.ts";

const payloadNamed = (payload: number) => `payload ${payload}`;
const hashes = new Map(
  [0, 1].map((payload) => [createHash("sha256").update(payloadNamed(payload)).digest("base64url"), payload]),
);

function named(payment: NumberedPayment): PaymentClaim {
  const { payload, collector } = payment;
  return { payload: payloadNamed(payload), ...(collector !== undefined && { collector: `collector ${collector}` }) };
}

function delivery({ token, ...kept }: NumberedDelivery): { token: string; kept?: string; keptForMs?: number } {
  return { token: `delivery ${token}`, ...told(kept) };
}

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
  const numbered = (claim: Claim, actorId: number, keyId: number): unknown => {
    if ((claim.status !== "claimed" && claim.status !== "settled") || claim.lease === undefined) return claim;
    const { lease, ...rest } = claim;
    held.set(`${actorId} ${keyId}`, lease);
    const known = fences.get(keyId) ?? [];
    fences.set(keyId, known);
    if (!known.includes(lease.fence)) {
      const [last] = known.slice(-1);
      assert.ok(last === undefined || BigInt(lease.fence) > BigInt(last), "a fence did not rise");
      known.push(lease.fence);
    }
    const { attempt, ttlMs } = lease;
    return { ...rest, lease: { lease: known.indexOf(lease.fence) + 1, attempt, ttlMs } };
  };
  const looked = ({ payload, ...look }: Look): unknown =>
    payload === undefined ? look : { ...look, payload: hashes.get(payload) ?? "some other payload" };

  const settling = (command: SettleCommand, lease: Lease | undefined) => {
    const { receipt, purchase, payment, retainMs, deliver } = command;
    return {
      receipt,
      ...(purchase !== undefined && { fingerprint: `purchase ${purchase}` }),
      ...(payment !== undefined && { payment: named(payment) }),
      ...(retainMs !== undefined && { retainUntilMs: nowMs + retainMs }),
      ...(lease !== undefined && { lease }),
      ...(deliver !== undefined && { deliver: delivery(deliver) }),
    };
  };
  const asHolder = (command: HolderCommand, id: string, lease: Lease): Promise<unknown> => {
    switch (command.kind) {
      case "renew": {
        const { toUnknown, reference, kept } = command;
        const more = told({ onLeaseExpiry: toUnknown ? ("unknown" as const) : undefined, reference, kept });
        return store.renew(id, lease, command.leaseMs, more);
      }
      case "note":
        return store.note(id, lease, command.evidence);
      case "release":
        return store.release(id, lease, { refused: command.refused });
      case "markUnknown":
        return store.markUnknown(id, lease, command.evidence);
      case "complete": {
        const { value, valueTtlMs, retainMs } = command;
        const outcome = command.accepted ? "accepted" : "rejected";
        return store.complete(id, lease, { outcome, value, valueTtlMs, retainUntilMs: nowMs + retainMs });
      }
    }
  };
  const answerTo = async (command: Exclude<VerificationCommand, { kind: "advance" }>): Promise<unknown> => {
    const id = `${name}: key ${command.key}`;
    if (command.kind === "peek") return looked(await store.peek(id));
    if (command.kind === "deliver") return store.deliver(id, delivery(command));
    if (command.kind === "undeliver") return store.undeliver(id, `delivery ${command.token}`);
    const token = `actor ${command.actor}`;
    if (command.kind === "claim") {
      const { leaseMs, onLeaseExpiry, retainMs, purchase, payment } = command;
      const request = { token, fingerprint: `purchase ${purchase}`, leaseMs, onLeaseExpiry };
      const paying = { retainUntilMs: nowMs + retainMs, ...(payment !== undefined && { payment: named(payment) }) };
      return numbered(await store.claim(id, { ...request, ...paying }), command.actor, command.key);
    }
    if (command.kind === "reconcile") {
      return numbered(await store.reconcile(id, { token, leaseMs: command.leaseMs }), command.actor, command.key);
    }
    const lease = held.get(`${command.actor} ${command.key}`);
    if (command.kind === "settle" || command.kind === "expire") {
      if (command.leased && lease === undefined) return "never held";
      const own = command.leased ? lease : undefined;
      if (command.kind === "settle") return store.settle(id, settling(command, own));
      return store.expire(id, { reason: command.reason, ...(own !== undefined && { lease: own }) });
    }
    return lease === undefined ? "never held" : asHolder(command, id, lease);
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
