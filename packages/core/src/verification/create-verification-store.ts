// The verification store over an AtomicPort: checks arguments, names keys, runs the transitions.
import type { AtomicPort, StoredRecord } from "../atomic-port.ts";
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs, requireInstantMs } from "../durations.ts";
import { invalidArgument, isStoreError } from "../errors.ts";
import { sha256 } from "../hashing.ts";
import { localHints } from "../local-hints.ts";
import { publishPayment } from "../payment-telemetry.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { type PortUse, storeRuntime } from "../store-runtime.ts";
import type { VerificationCatalog } from "./catalog.ts";
import { claim, reconcile } from "./claim.ts";
import { complete, markUnknown, release } from "./end.ts";
import { note, renew } from "./hold.ts";
import { markOnce } from "./mark-once.ts";
import { boundPayload } from "./payment-records.ts";
import { look, type UnresolvedRecord, unresolvedRecord } from "./peek.ts";
import { recordWatch } from "./record-watch.ts";
import { deliver, expire, settle, undeliver } from "./settle.ts";
import {
  requireClaim,
  requireCompletion,
  requireDelivery,
  requireHandle,
  requireLease,
  requireLeaseMs,
  requireReceipt,
  requireStorable,
  requireText,
  requireToken,
} from "./verification-arguments.ts";
import type { Transition } from "./verification-record.ts";
import type { PaymentClaim, RecordName, Unresolved, VerificationStore } from "./verification-store.ts";
import { waitForChange } from "./wait-for-change.ts";

const DEFAULT_WAIT_MS = 250;
/** How many records unresolved() reads in one round trip. */
const PAGE = 100;

/** This store's transitions, by the names of their methods. */
type Operation = keyof VerificationCatalog extends infer Name
  ? Name extends `verification.${infer Method}`
    ? Method
    : never
  : never;
type Arguments<Name extends Operation> = VerificationCatalog[`verification.${Name}`]["arguments"];
type Reply<Name extends Operation> = VerificationCatalog[`verification.${Name}`]["reply"];

/** How one operation runs: its request, its pure step, and whether it wakes this process's waiting callers. */
interface Run<Name extends Operation> {
  prepare(): Arguments<Name>;
  /** `kept`: the record of the kept result, where `withKept` asks for it. */
  step(
    record: StoredRecord | null,
    nowMs: number,
    request: Arguments<Name>,
    kept: StoredRecord | null,
  ): Transition<Reply<Name>>;
  withKept?: boolean;
  hints?: boolean;
}

/**
 * The verification store of a backend. `keyPrefix` is used as written, default "tollbooth:verify".
 * Throws STORE_CONFIG for wrong options.
 */
export function createVerificationStore(
  port: AtomicPort,
  options: StoreOptions = {},
  use: PortUse = {},
): VerificationStore {
  const { keyPrefix, provider, defaults, maxValueBytes } = resolveStoreOptions(options, "verifications");
  const runtime = storeRuntime<VerificationCatalog>(port, { store: "verifications", provider }, use);
  const handleOf = (name: RecordName) =>
    typeof name === "object" && name !== null ? requireHandle(name.handle) : sha256(requireText(name, "key"));
  const recordKey = (handle: string) => `${keyPrefix}:{${handle}}:c`;
  const keptKey = (handle: string) => `${keyPrefix}:{${handle}}:k`;
  const hint = port.hint ?? localHints();
  const watch = recordWatch(hint, (key, signal) =>
    runtime.apply("verification.peek", [key], undefined, ([record = null], nowMs) => ({ reply: look(record, nowMs) }), {
      signal,
    }),
  );

  /** One transition on one record, and on the record of its kept result. */
  const run = <Name extends Operation>(
    operation: Name,
    name: RecordName,
    callOptions: CallOptions | undefined,
    { prepare, step, withKept = false, hints = false }: Run<Name>,
  ): Promise<Reply<Name>> =>
    runtime.operation(
      operation,
      callOptions,
      async () => {
        const handle = handleOf(name);
        const key = recordKey(handle);
        const reply = await runtime.apply(
          `verification.${operation}`,
          withKept ? [key, keptKey(handle)] : [key],
          prepare(),
          ([record = null, kept = null], nowMs, given) => {
            const { write, writeKept, reply } = step(record, nowMs, given, kept);
            return { writes: withKept ? [write, writeKept] : [write], reply };
          },
          callOptions,
        );
        if (hints) hint.publish(key);
        return reply;
      },
      statusOf,
    );
  const hashed = (payment: PaymentClaim | undefined) => payment && hashedPayment(payment);

  return {
    capabilities: port.capabilities,
    claim: (key, request, callOptions) =>
      run("claim", key, callOptions, {
        prepare() {
          requireClaim(request);
          const { fingerprint, payment } = request;
          return { ...request, fingerprint: sha256(fingerprint), payment: hashed(payment) };
        },
        step: claim,
        withKept: request?.payment !== undefined,
      }),
    renew: (key, lease, leaseMs, callOptions) => {
      const { onLeaseExpiry, reference, kept } = callOptions ?? {};
      return run("renew", key, callOptions, {
        prepare() {
          requireLease(lease);
          requireLeaseMs(leaseMs);
          if (onLeaseExpiry !== undefined && onLeaseExpiry !== "unknown") {
            throw invalidArgument('onLeaseExpiry can only be switched to "unknown".');
          }
          if (reference !== undefined) requireStorable(reference, "reference", maxValueBytes);
          if (kept !== undefined) requireStorable(kept, "kept", maxValueBytes);
          return { lease, leaseMs, toUnknown: onLeaseExpiry === "unknown", reference, kept };
        },
        step: renew,
        withKept: kept !== undefined,
      });
    },
    note: (key, lease, evidence, callOptions) =>
      run("note", key, callOptions, {
        prepare() {
          requireLease(lease);
          requireStorable(evidence, "evidence", maxValueBytes);
          return { lease, evidence };
        },
        step: note,
      }),
    complete: (key, lease, result, callOptions) =>
      run("complete", key, callOptions, {
        prepare() {
          requireLease(lease);
          requireCompletion(result, maxValueBytes);
          return { ...result, lease, valueTtlMs: result.valueTtlMs ?? defaults.valueTtlMs };
        },
        step: complete,
        withKept: true,
        hints: true,
      }),
    release: (key, lease, callOptions) =>
      run("release", key, callOptions, {
        prepare() {
          requireLease(lease);
          return { lease, refused: callOptions?.refused === true, forget: callOptions?.forget === true };
        },
        step: release,
        withKept: true,
        hints: true,
      }),
    markUnknown: (key, lease, evidence, callOptions) =>
      run("markUnknown", key, callOptions, {
        prepare() {
          requireLease(lease);
          if (evidence !== undefined) requireStorable(evidence, "evidence", maxValueBytes);
          return { lease, evidence };
        },
        step: markUnknown,
        hints: true,
      }),
    reconcile: (key, request, callOptions) =>
      run("reconcile", key, callOptions, {
        prepare() {
          requireToken(request.token);
          requireLeaseMs(request.leaseMs);
          return request;
        },
        step: reconcile,
      }),
    settle: (key, receipt, callOptions) =>
      run("settle", key, callOptions, {
        prepare() {
          requireReceipt(receipt, maxValueBytes);
          const { fingerprint, payment } = receipt;
          const named = fingerprint === undefined ? undefined : sha256(fingerprint);
          return { ...receipt, fingerprint: named, payment: hashed(payment) };
        },
        step: settle,
        withKept: true,
        hints: true,
      }),
    deliver: (key, delivery, callOptions) =>
      run("deliver", key, callOptions, {
        prepare() {
          requireDelivery(delivery, maxValueBytes);
          return delivery;
        },
        step: deliver,
        withKept: true,
        hints: true,
      }),
    undeliver: (key, token, callOptions) =>
      run("undeliver", key, callOptions, {
        prepare: () => ({ token: requireToken(token) }),
        step: (record, nowMs, request, kept) => undeliver(record, nowMs, request.token, kept),
        withKept: true,
        hints: true,
      }),
    expire: (key, ending, callOptions) =>
      run("expire", key, callOptions, {
        prepare() {
          requireStorable(ending.reason, "reason", maxValueBytes);
          if (ending.lease !== undefined) requireLease(ending.lease);
          return ending;
        },
        step: expire,
        withKept: true,
        hints: true,
      }),
    markOnce: (key, request, callOptions) =>
      runtime.operation(
        "markOnce",
        callOptions,
        async () => {
          requireToken(request.token);
          requireText(request.fingerprint, "fingerprint");
          requireInstantMs(request.retainUntilMs, "retainUntilMs");
          const marker = `${keyPrefix}:{${sha256(requireText(key, "key"))}}:m`;
          const asked = { ...request, fingerprint: sha256(request.fingerprint) };
          return runtime.apply(
            "verification.markOnce",
            [marker],
            asked,
            ([record = null], nowMs, given) => {
              const { write, reply } = markOnce(record, nowMs, given);
              return { writes: [write], reply };
            },
            callOptions,
          );
        },
        statusOf,
      ),
    peek: (key, callOptions) =>
      run("peek", key, callOptions, {
        prepare: () => undefined,
        step: (record, nowMs) => ({ reply: look(record, nowMs) }),
      }),
    async *unresolved(callOptions) {
      runtime.closing.throwIfAborted();
      callOptions?.signal?.throwIfAborted();
      let page: string[] = [];
      let failure: { error: unknown } | undefined;
      try {
        for await (const key of runtime.scan(`${keyPrefix}:{`, callOptions)) {
          const handle = /\{([\w-]{43})\}:c$/.exec(key)?.[1];
          if (handle === undefined) continue;
          page.push(handle);
          if (page.length < PAGE) continue;
          yield* await unresolvedAmong(page, callOptions);
          page = [];
        }
      } catch (error) {
        failure = { error };
      }
      // What was listed before a failure is given, too.
      if (page.length > 0) yield* await unresolvedAmong(page, callOptions);
      if (failure !== undefined) throw failure.error;
    },
    wait: (key, callOptions) =>
      runtime.operation(
        "wait",
        callOptions,
        async () => {
          const timeoutMs = requireDurationMs(callOptions?.timeoutMs ?? DEFAULT_WAIT_MS, "timeoutMs");
          await waitForChange(watch, recordKey(handleOf(key)), timeoutMs, callOptions?.signal, runtime.closing);
        },
        () => "ok",
      ),
    close: () => runtime.close(),
    [Symbol.asyncDispose]: () => runtime.close(),
  };

  /** One page of unresolved(); its records are read together. */
  async function unresolvedAmong(
    handles: readonly string[],
    callOptions: CallOptions | undefined,
  ): Promise<Unresolved[]> {
    const lookUp = async (handle: string): Promise<UnresolvedRecord | null> => {
      try {
        return await runtime.apply(
          "verification.unresolved",
          [recordKey(handle)],
          undefined,
          ([record = null], nowMs) => ({ reply: unresolvedRecord(record, nowMs) }),
          callOptions,
        );
      } catch (error) {
        if (!isStoreError(error, "STORE_CORRUPT")) throw error;
        // A record that cannot be read must not hide the others.
        publishPayment({ event: "unreadable", handle, attempt: 0 });
        return null;
      }
    };
    const found = await runtime.operation(
      "unresolved",
      callOptions,
      () => Promise.all(handles.map(async (handle) => ({ handle, record: await lookUp(handle) }))),
      () => "ok",
    );
    return found.flatMap(({ handle, record }) => (record === null ? [] : [{ handle, ...record }]));
  }
}

function statusOf(reply: { status: string } | object | null): string {
  return reply !== null && "status" in reply ? String(reply.status) : "ok";
}

function hashedPayment({ payload, collector }: PaymentClaim): PaymentClaim {
  return { payload: boundPayload(payload), ...(collector !== undefined && { collector: sha256(collector) }) };
}
