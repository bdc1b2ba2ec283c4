// Core's verification transitions as calls of the verification script. operations.lua reads arguments in this order.
import type { Delivery, Lease, PaymentClaim } from "@tollbooth-stores/core";
import { type NativeTransitions, retentionTooLong } from "@tollbooth-stores/core/native";
import { callRunner, jitter } from "../scripts/native-context.ts";
import type { ScriptRunner } from "../scripts/script-runner.ts";
import { type HintChannels, noHints } from "./hint-channels.ts";
import { readClaim, readEnded, readLook, readMarked, readSettlement, readUnresolved } from "./verification-replies.ts";
import { verificationScript } from "./verification-script.ts";

type Words = readonly (string | number)[];

/** An optional argument: "0", or "1" and its words. */
function optional<T>(value: T | undefined, words: (value: T) => Words): Words {
  return value === undefined ? ["0"] : ["1", ...words(value)];
}
const word = (value: string | number | undefined): Words => optional(value, (given) => [given]);
const held = ({ token, fence }: Lease): Words => [token, fence];
const paid = ({ payload, collector }: PaymentClaim): Words => [payload, ...word(collector)];
const handed = ({ token, kept, keptForMs }: Delivery): Words => [token, ...word(kept), ...word(keptForMs)];

export function verificationNatives(
  runner: ScriptRunner,
  spread: number,
  hints: Pick<HintChannels, "announcement"> = noHints,
): NativeTransitions {
  const call = callRunner(runner, verificationScript, "A stored verification record", { RETENTION: retentionTooLong });
  const spreadBy = () => jitter(spread);
  return {
    "verification.claim": async (keys, request, options) => {
      const { token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs, payment } = request;
      const words = [token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs, ...optional(payment, paid)];
      return readClaim(await call("claim", keys, [spreadBy(), ...words], options));
    },
    "verification.reconcile": async (keys, { token, leaseMs }, options) =>
      readClaim(await call("reconcile", keys, [spreadBy(), token, leaseMs], options)),
    "verification.renew": async (keys, { lease, leaseMs, toUnknown, reference, kept }, options) => {
      const words = [...held(lease), leaseMs, toUnknown ? "1" : "0", ...word(reference), ...word(kept)];
      return readEnded(await call("renew", keys, [spreadBy(), ...words], options));
    },
    "verification.note": async (keys, { lease, evidence }, options) =>
      readEnded(await call("note", keys, [spreadBy(), ...held(lease), evidence], options)),
    "verification.complete": async (keys, { lease, outcome, value, valueTtlMs, retainUntilMs }, options) => {
      const words = [...held(lease), outcome, value, ...word(valueTtlMs), retainUntilMs, ...hints.announcement(keys)];
      return readEnded(await call("complete", keys, [spreadBy(), ...words], options));
    },
    "verification.release": async (keys, { lease, refused, forget }, options) => {
      const words = [...held(lease), refused ? "1" : "0", forget ? "1" : "0", ...hints.announcement(keys)];
      return readEnded(await call("release", keys, [spreadBy(), ...words], options));
    },
    "verification.markUnknown": async (keys, { lease, evidence }, options) => {
      const words = [...held(lease), ...word(evidence), ...hints.announcement(keys)];
      return readEnded(await call("markUnknown", keys, [spreadBy(), ...words], options));
    },
    "verification.settle": async (keys, request, options) => {
      const { receipt, fingerprint, payment, retainUntilMs, lease, deliver } = request;
      const bound = [receipt, ...word(fingerprint), ...optional(payment, paid), ...word(retainUntilMs)];
      const words = [...bound, ...optional(lease, held), ...optional(deliver, handed), ...hints.announcement(keys)];
      return readSettlement(await call("settle", keys, [spreadBy(), ...words], options));
    },
    "verification.deliver": async (keys, delivery, options) => {
      const words = [...handed(delivery), ...hints.announcement(keys)];
      return readSettlement(await call("deliver", keys, [spreadBy(), ...words], options));
    },
    "verification.undeliver": async (keys, { token }, options) =>
      readEnded(await call("undeliver", keys, [spreadBy(), token, ...hints.announcement(keys)], options)),
    "verification.expire": async (keys, { reason, lease }, options) => {
      const words = [reason, ...optional(lease, held), ...hints.announcement(keys)];
      return readEnded(await call("expire", keys, [spreadBy(), ...words], options));
    },
    "verification.peek": async (keys, _, options) => readLook(await call("peek", keys, [], options)),
    "verification.unresolved": async (keys, _, options) => readUnresolved(await call("unresolved", keys, [], options)),
    "verification.markOnce": async (keys, { token, fingerprint, retainUntilMs }, options) =>
      readMarked(await call("markOnce", keys, [spreadBy(), token, fingerprint, retainUntilMs], options)),
  };
}
