// The verification store over an AtomicPort: checks arguments, names keys, runs the transitions.
import type { AtomicPort, StoredRecord } from "../atomic-port.ts";
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { storeRuntime } from "../store-runtime.ts";
import type { VerificationCatalog } from "./catalog.ts";
import { claim, reconcile } from "./claim.ts";
import { complete, markUnknown, release } from "./end.ts";
import { note, renew } from "./hold.ts";
import { markOnce } from "./mark-once.ts";
import { look, unresolvedRecord } from "./peek.ts";
import { MAX_LEASE_MS, RETENTION_CEILING_MS, type Transition } from "./verification-record.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";
import { waitForHint } from "./wait-for-hint.ts";

const MAX_TOKEN_LENGTH = 200;
const DEFAULT_WAIT_MS = 250;

/** The transitions of this store, by their methods' names. */
type Operation = keyof VerificationCatalog extends infer Name
  ? Name extends `verification.${infer Method}`
    ? Method
    : never
  : never;
type Arguments<Name extends Operation> = VerificationCatalog[`verification.${Name}`]["arguments"];
type Reply<Name extends Operation> = VerificationCatalog[`verification.${Name}`]["reply"];

/**
 * The verification store of a backend. `keyPrefix` is used as written, default "tollbooth:verify". `owned`: closing the
 * store closes the port.
 */
export function createVerificationStore(port: AtomicPort, options: StoreOptions = {}, owned = true): VerificationStore {
  const { keyPrefix, provider, defaults, maxValueBytes } = resolveStoreOptions(options, "verifications");
  const runtime = storeRuntime<VerificationCatalog>(port, { store: "verifications", provider }, owned);
  const recordKey = (hash: string) => `${keyPrefix}:{${hash}}:c`;
  const keyOf = (key: string) => recordKey(sha256(requireText(key, "key")));

  /** One transition on one record. `prepare` checks what was asked and names the record; `hints` wakes those who wait. */
  const run = <Name extends Operation>(
    operation: Name,
    callOptions: CallOptions | undefined,
    prepare: () => { key: string; request: Arguments<Name> },
    step: (record: StoredRecord | null, nowMs: number, request: Arguments<Name>) => Transition<Reply<Name>>,
    outcomeOf: (reply: Reply<Name>) => string,
    hints = false,
  ): Promise<Reply<Name>> =>
    runtime.operation(
      operation,
      callOptions,
      async () => {
        const { key, request } = prepare();
        const reply = await runtime.apply(
          `verification.${operation}`,
          [key],
          request,
          ([record = null], nowMs, given) => {
            const { write, reply } = step(record, nowMs, given);
            return { writes: [write], reply };
          },
          callOptions,
        );
        if (hints) port.hint?.publish(key);
        return reply;
      },
      outcomeOf,
    );
  const status = (reply: { status: string }) => reply.status;

  return {
    capabilities: port.capabilities,
    claim: (key, request, callOptions) =>
      run(
        "claim",
        callOptions,
        () => {
          requireClaim(request);
          return { key: keyOf(key), request: { ...request, fingerprint: sha256(request.fingerprint) } };
        },
        claim,
        status,
      ),
    renew: (key, lease, leaseMs, callOptions) =>
      run(
        "renew",
        callOptions,
        () => {
          requireLease(lease);
          requireLeaseMs(leaseMs);
          const { onLeaseExpiry } = callOptions ?? {};
          if (onLeaseExpiry !== undefined && onLeaseExpiry !== "unknown") {
            throw invalidArgument('onLeaseExpiry can only be switched to "unknown".');
          }
          return { key: keyOf(key), request: { lease, leaseMs, toUnknown: onLeaseExpiry === "unknown" } };
        },
        renew,
        status,
      ),
    note: (key, lease, evidence, callOptions) =>
      run(
        "note",
        callOptions,
        () => {
          requireLease(lease);
          requireStorable(evidence, "evidence", maxValueBytes);
          return { key: keyOf(key), request: { lease, evidence } };
        },
        note,
        status,
      ),
    complete: (key, lease, result, callOptions) =>
      run(
        "complete",
        callOptions,
        () => {
          requireLease(lease);
          requireCompletion(result, maxValueBytes);
          const valueTtlMs = result.valueTtlMs ?? defaults.valueTtlMs;
          return { key: keyOf(key), request: { ...result, lease, valueTtlMs } };
        },
        complete,
        status,
        true,
      ),
    release: (key, lease, callOptions) =>
      run(
        "release",
        callOptions,
        () => {
          requireLease(lease);
          return { key: keyOf(key), request: { lease } };
        },
        (record, nowMs, request) => release(record, nowMs, request.lease),
        status,
        true,
      ),
    markUnknown: (key, lease, evidence, callOptions) =>
      run(
        "markUnknown",
        callOptions,
        () => {
          requireLease(lease);
          if (evidence !== undefined) requireStorable(evidence, "evidence", maxValueBytes);
          return { key: keyOf(key), request: { lease, evidence } };
        },
        markUnknown,
        status,
        true,
      ),
    reconcile: (key, request, callOptions) =>
      run(
        "reconcile",
        callOptions,
        () => {
          requireToken(request.token);
          requireLeaseMs(request.leaseMs);
          if (typeof key === "string") return { key: keyOf(key), request };
          if (!/^[\w-]{43}$/.test(key.handle)) throw invalidArgument("handle must be one that unresolved() gave.");
          return { key: recordKey(key.handle), request };
        },
        reconcile,
        status,
      ),
    markOnce: (key, request, callOptions) =>
      run(
        "markOnce",
        callOptions,
        () => {
          requireToken(request.token);
          requireText(request.fingerprint, "fingerprint");
          requireInstantMs(request.retainUntilMs, "retainUntilMs");
          const marker = `${keyPrefix}:{${sha256(requireText(key, "key"))}}:m`;
          return { key: marker, request: { ...request, fingerprint: sha256(request.fingerprint) } };
        },
        markOnce,
        status,
      ),
    peek: (key, callOptions) =>
      run(
        "peek",
        callOptions,
        () => ({ key: keyOf(key), request: undefined }),
        (record, nowMs) => ({ reply: look(record, nowMs) }),
        status,
      ),
    async *unresolved(callOptions) {
      runtime.closing.throwIfAborted();
      for await (const key of runtime.scan(`${keyPrefix}:{`, callOptions)) {
        const handle = /\{([\w-]{43})\}:c$/.exec(key)?.[1];
        if (handle === undefined) continue;
        const found = await run(
          "unresolved",
          callOptions,
          () => ({ key, request: undefined }),
          (record, nowMs) => ({ reply: unresolvedRecord(record, nowMs) }),
          (reply) => (reply === null ? "resolved" : "unknown"),
        );
        if (found !== null) yield { handle, ...found };
      }
    },
    wait: (key, callOptions) =>
      runtime.operation(
        "wait",
        callOptions,
        async () => {
          const timeoutMs = requireDurationMs(callOptions?.timeoutMs ?? DEFAULT_WAIT_MS, "timeoutMs");
          await waitForHint(port.hint, keyOf(key), timeoutMs, callOptions?.signal, runtime.closing);
        },
        () => "ok",
      ),
    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
}

function requireText(value: unknown, name: string): string {
  if (typeof value !== "string") throw invalidArgument(`${name} must be a string.`);
  return value;
}

function requireToken(token: unknown): void {
  if (requireText(token, "token").length < 1 || requireText(token, "token").length > MAX_TOKEN_LENGTH) {
    throw invalidArgument(`token must be 1 to ${MAX_TOKEN_LENGTH} characters; a random UUID will do.`);
  }
}

function requireUpTo(value: unknown, name: string, most: number): void {
  if (requireDurationMs(value, name) > most) {
    throw invalidArgument(`${name} must be at most ${most} milliseconds: records are kept for 31 days at most.`);
  }
}

function requireLeaseMs(leaseMs: unknown): void {
  requireUpTo(leaseMs, "leaseMs", MAX_LEASE_MS);
}

function requireLease(lease: Lease): void {
  requireToken(lease?.token);
  if (!/^\d{1,16}$/.test(requireText(lease.fence, "lease.fence"))) {
    throw invalidArgument("lease must be one that claim or reconcile gave.");
  }
}

function requireClaim(request: Parameters<VerificationStore["claim"]>[1]): void {
  requireToken(request.token);
  requireText(request.fingerprint, "fingerprint");
  requireLeaseMs(request.leaseMs);
  requireInstantMs(request.retainUntilMs, "retainUntilMs");
  if (request.onLeaseExpiry !== "retry" && request.onLeaseExpiry !== "unknown") {
    throw invalidArgument('onLeaseExpiry must be "retry" or "unknown".');
  }
}

function requireCompletion(result: Parameters<VerificationStore["complete"]>[2], maxValueBytes: number): void {
  if (result.outcome !== "accepted" && result.outcome !== "rejected") {
    throw invalidArgument('outcome must be "accepted" or "rejected".');
  }
  requireStorable(result.value, "value", maxValueBytes);
  requireInstantMs(result.retainUntilMs, "retainUntilMs");
  if (result.valueTtlMs !== undefined) requireUpTo(result.valueTtlMs, "valueTtlMs", RETENTION_CEILING_MS);
}

/** Text that comes back as it was: well-formed, and not larger than the limit. */
function requireStorable(text: unknown, name: string, maxBytes: number): void {
  if (!requireText(text, name).isWellFormed()) throw invalidArgument(`${name} must be well-formed Unicode.`);
  if (Buffer.byteLength(requireText(text, name)) > maxBytes) {
    throw new StoreError("STORE_VALUE_TOO_LARGE", `${name} is larger than ${maxBytes} bytes; nothing was changed.`);
  }
}
