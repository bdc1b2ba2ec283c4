// Core's verification transitions as calls of their scripts. Each script reads its arguments in this order.
import { createHash } from "node:crypto";
import type { Delivery, Lease, PaymentClaim } from "@tollbooth-stores/core";
import { type NativeTransitions, retentionTooLong } from "@tollbooth-stores/core/native";
import { jitter, operationRunner } from "../scripts/native-context.ts";
import type { Script } from "../scripts/script.ts";
import type { ScriptRunner } from "../scripts/script-runner.ts";
import { readClaim, readEnded, readLook, readMarked, readSettlement, readUnresolved } from "./verification-replies.ts";
import { verificationScripts as scripts } from "./verification-scripts.ts";

type Words = readonly (string | number)[];

/** An optional argument: "0", or "1" and its words. */
function optional<T>(value: T | undefined, words: (value: T) => Words): Words {
  return value === undefined ? ["0"] : ["1", ...words(value)];
}
const word = (value: string | number | undefined): Words => optional(value, (given) => [given]);
const held = ({ token, fence }: Lease): Words => [token, fence];
const paid = ({ payload, collector }: PaymentClaim): Words => [payload, ...word(collector)];
const handed = ({ token, kept, keptForMs }: Delivery): Words => [token, ...word(kept), ...word(keptForMs)];
/** The first 6 bytes of a SHA-256, and `more` after them, as integers that Lua keeps exactly. */
const digest = (hash: Buffer, more: 2 | 3): Words => [hash.readUIntBE(0, 6), hash.readUIntBE(6, more)];

export function verificationNatives(runner: ScriptRunner, ttlJitter: number): NativeTransitions {
  const errors = { RETENTION: retentionTooLong };
  const calls = (script: Script) => operationRunner(runner, script, "A stored verification record", errors);
  const spreadBy = () => jitter(ttlJitter);
  const claim = calls(scripts.claim);
  const reconcile = calls(scripts.reconcile);
  const renew = calls(scripts.renew);
  const note = calls(scripts.note);
  const complete = calls(scripts.complete);
  const release = calls(scripts.release);
  const markUnknown = calls(scripts.markUnknown);
  const settle = calls(scripts.settle);
  const deliver = calls(scripts.deliver);
  const undeliver = calls(scripts.undeliver);
  const expire = calls(scripts.expire);
  const peek = calls(scripts.peek);
  const unresolved = calls(scripts.unresolved);
  const markOnce = calls(scripts.markOnce);
  return {
    "verification.claim": async (keys, request, options) => {
      const { token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs, payment } = request;
      const words = [token, fingerprint, leaseMs, onLeaseExpiry, retainUntilMs, ...optional(payment, paid)];
      return readClaim(await claim(keys, [spreadBy(), ...words], options));
    },
    "verification.reconcile": async (keys, { token, leaseMs }, options) =>
      readClaim(await reconcile(keys, [spreadBy(), token, leaseMs], options)),
    "verification.renew": async (keys, { lease, leaseMs, toUnknown, reference, kept }, options) => {
      const words = [...held(lease), leaseMs, toUnknown ? "1" : "0", ...word(reference), ...word(kept)];
      return readEnded(await renew(keys, [spreadBy(), ...words], options));
    },
    "verification.note": async (keys, { lease, evidence }, options) =>
      readEnded(await note(keys, [spreadBy(), ...held(lease), evidence], options)),
    "verification.complete": async (keys, { lease, outcome, value, valueTtlMs, retainUntilMs }, options) => {
      const words = [...held(lease), outcome, value, ...word(valueTtlMs), retainUntilMs];
      return readEnded(await complete(keys, [spreadBy(), ...words], options));
    },
    "verification.release": async (keys, { lease, refused, forget }, options) => {
      const words = [...held(lease), refused ? "1" : "0", forget ? "1" : "0"];
      return readEnded(await release(keys, [spreadBy(), ...words], options));
    },
    "verification.markUnknown": async (keys, { lease, evidence }, options) => {
      const words = [...held(lease), ...word(evidence)];
      return readEnded(await markUnknown(keys, [spreadBy(), ...words], options));
    },
    "verification.settle": async (keys, request, options) => {
      const { receipt, fingerprint, payment, retainUntilMs, lease, deliver } = request;
      const bound = [receipt, ...word(fingerprint), ...optional(payment, paid), ...word(retainUntilMs)];
      const words = [...bound, ...optional(lease, held), ...optional(deliver, handed)];
      return readSettlement(await settle(keys, [spreadBy(), ...words], options));
    },
    "verification.deliver": async (keys, delivery, options) => {
      const words = [...handed(delivery)];
      return readSettlement(await deliver(keys, [spreadBy(), ...words], options));
    },
    "verification.undeliver": async (keys, { token }, options) =>
      readEnded(await undeliver(keys, [spreadBy(), token], options)),
    "verification.expire": async (keys, { reason, lease }, options) => {
      const words = [reason, ...optional(lease, held)];
      return readEnded(await expire(keys, [spreadBy(), ...words], options));
    },
    "verification.peek": async (keys, _, options) => readLook(await peek(keys, [], options)),
    "verification.unresolved": async (keys, _, options) => readUnresolved(await unresolved(keys, [], options)),
    "verification.markOnce": async (keys, { token, fingerprint, retainUntilMs }, options) => {
      const purpose = digest(Buffer.from(fingerprint, "base64url"), 2);
      // Both, so that names of two purchases that begin alike are of no use. A fingerprint has one length.
      const owner = digest(createHash("sha256").update(fingerprint).update(token).digest(), 3);
      return readMarked(await markOnce(keys, [spreadBy(), ...purpose, ...owner, retainUntilMs], options));
    },
  };
}
