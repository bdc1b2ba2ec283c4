// The verification store over an AtomicPort: checks arguments, names keys, runs the transitions.
import type { AtomicPort, StoredRecord } from "../atomic-port.ts";
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument, StoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { resolveStoreOptions } from "../store-options.ts";
import { storeRuntime } from "../store-runtime.ts";
import type { StoreOptions } from "../stores.ts";
import { claim, reconcile } from "./claim.ts";
import { complete, markUnknown, release } from "./end.ts";
import { note, renew } from "./hold.ts";
import { markOnce } from "./mark-once.ts";
import { look } from "./peek.ts";
import { MAX_LEASE_MS, phaseOf, RETENTION_CEILING_MS, readBody, type Transition } from "./verification-record.ts";
import type { Ended, Lease, VerificationStore } from "./verification-store.ts";
import { waitForHint } from "./wait-for-hint.ts";

const MAX_TOKEN_LENGTH = 200;
const DEFAULT_WAIT_MS = 250;

/**
 * The verification store of a backend. `keyPrefix` is used as written, default "tollbooth:verify". `owned`: closing the
 * store closes the port.
 */
export function createVerificationStore(port: AtomicPort, options: StoreOptions = {}, owned = true): VerificationStore {
  const { keyPrefix, provider, defaults, maxValueBytes } = resolveStoreOptions(options, "verifications");
  const runtime = storeRuntime(port, { store: "verifications", provider }, owned);
  const recordKey = (hash: string) => `${keyPrefix}:{${hash}}:c`;
  const keyOf = (key: string) => recordKey(sha256(requireText(key, "key")));

  /** One operation on one record. */
  const run = <R>(
    operation: string,
    keyed: () => string,
    callOptions: CallOptions | undefined,
    step: (record: StoredRecord | null, nowMs: number) => Transition<R>,
    outcomeOf: (reply: R) => string,
    hints = false,
  ): Promise<R> =>
    runtime.operation(
      operation,
      callOptions,
      async () => {
        const key = keyed();
        const reply = await runtime.transact(
          [key],
          ([record = null], nowMs) => {
            const { write, reply } = step(record, nowMs);
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
  /** An operation of a lease's holder; `hints` wakes those who wait. */
  const holder = (
    operation: string,
    key: string,
    lease: Lease,
    callOptions: CallOptions | undefined,
    check: () => void,
    step: (record: StoredRecord | null, nowMs: number) => Transition<Ended>,
    hints: boolean,
  ): Promise<Ended> =>
    run(
      operation,
      () => {
        requireLease(lease);
        check();
        return keyOf(key);
      },
      callOptions,
      step,
      status,
      hints,
    );

  const store: VerificationStore = {
    capabilities: port.capabilities,
    claim: (key, request, callOptions) =>
      run(
        "claim",
        () => {
          requireClaim(request);
          return keyOf(key);
        },
        callOptions,
        (record, nowMs) => claim(record, nowMs, { ...request, fingerprint: sha256(request.fingerprint) }),
        status,
      ),
    renew: (key, lease, leaseMs, callOptions) =>
      holder(
        "renew",
        key,
        lease,
        callOptions,
        () => {
          requireLeaseMs(leaseMs);
          if (callOptions?.onLeaseExpiry !== undefined && callOptions.onLeaseExpiry !== "unknown") {
            throw invalidArgument('onLeaseExpiry can only be switched to "unknown".');
          }
        },
        (record, nowMs) =>
          renew(record, nowMs, { lease, leaseMs, toUnknown: callOptions?.onLeaseExpiry === "unknown" }),
        false,
      ),
    note: (key, lease, evidence, callOptions) =>
      holder(
        "note",
        key,
        lease,
        callOptions,
        () => requireStorable(evidence, "evidence", maxValueBytes),
        (record, nowMs) => note(record, nowMs, { lease, evidence }),
        false,
      ),
    complete: (key, lease, result, callOptions) =>
      holder(
        "complete",
        key,
        lease,
        callOptions,
        () => {
          if (result.outcome !== "accepted" && result.outcome !== "rejected") {
            throw invalidArgument('outcome must be "accepted" or "rejected".');
          }
          requireStorable(result.value, "value", maxValueBytes);
          requireInstantMs(result.retainUntilMs, "retainUntilMs");
          if (result.valueTtlMs !== undefined) requireUpTo(result.valueTtlMs, "valueTtlMs", RETENTION_CEILING_MS);
        },
        (record, nowMs) =>
          complete(record, nowMs, { ...result, lease, valueTtlMs: result.valueTtlMs ?? defaults.valueTtlMs }),
        true,
      ),
    release: (key, lease, callOptions) =>
      holder("release", key, lease, callOptions, noCheck, (record, nowMs) => release(record, nowMs, lease), true),
    markUnknown: (key, lease, evidence, callOptions) =>
      holder(
        "markUnknown",
        key,
        lease,
        callOptions,
        () => {
          if (evidence !== undefined) requireStorable(evidence, "evidence", maxValueBytes);
        },
        (record, nowMs) => markUnknown(record, nowMs, { lease, evidence }),
        true,
      ),
    reconcile: (key, request, callOptions) =>
      run(
        "reconcile",
        () => {
          requireToken(request.token);
          requireLeaseMs(request.leaseMs);
          if (typeof key === "string") return keyOf(key);
          if (!/^[\w-]{43}$/.test(key.handle)) throw invalidArgument("handle must be one that unresolved() gave.");
          return recordKey(key.handle);
        },
        callOptions,
        (record, nowMs) => reconcile(record, nowMs, request),
        status,
      ),
    markOnce: (key, request, callOptions) =>
      run(
        "markOnce",
        () => {
          requireToken(request.token);
          requireText(request.fingerprint, "fingerprint");
          requireInstantMs(request.retainUntilMs, "retainUntilMs");
          return `${keyPrefix}:{${sha256(requireText(key, "key"))}}:m`;
        },
        callOptions,
        (record, nowMs) => markOnce(record, nowMs, { ...request, fingerprint: sha256(request.fingerprint) }),
        status,
      ),
    peek: (key, callOptions) =>
      run(
        "peek",
        () => keyOf(key),
        callOptions,
        (record, nowMs) => ({ reply: look(record, nowMs) }),
        status,
      ),
    async *unresolved(callOptions) {
      if (port.scan === undefined) {
        throw new StoreError(
          "STORE_CONFIG",
          "This provider cannot list its records, so unresolved() is not available.",
        );
      }
      for await (const key of port.scan(`${keyPrefix}:{`, callOptions)) {
        const handle = /\{([\w-]{43})\}:c$/.exec(key)?.[1];
        if (handle === undefined) continue;
        const found = await run(
          "unresolved",
          () => key,
          callOptions,
          (record, nowMs) => {
            const body = readBody(record);
            return { reply: phaseOf(body, nowMs) === "unknown" ? body : null };
          },
          (reply) => (reply === null ? "resolved" : "unknown"),
        );
        if (found === null) continue;
        const { evidence, unknownAtMs, leaseUntilMs } = found;
        yield { handle, ...(evidence !== undefined && { evidence }), atMs: unknownAtMs ?? leaseUntilMs };
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
  return store;
}

const noCheck = () => undefined;

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

/** Text that comes back as it was: well-formed, and not larger than the limit. */
function requireStorable(text: unknown, name: string, maxBytes: number): void {
  if (!requireText(text, name).isWellFormed()) throw invalidArgument(`${name} must be well-formed Unicode.`);
  if (Buffer.byteLength(requireText(text, name)) > maxBytes) {
    throw new StoreError("STORE_VALUE_TOO_LARGE", `${name} is larger than ${maxBytes} bytes; nothing was changed.`);
  }
}
