// The verification store over an AtomicPort: checks arguments, names keys, runs the transitions.
import type { AtomicPort, StoredRecord } from "../atomic-port.ts";
import type { CallOptions } from "../call-options.ts";
import { requireDurationMs } from "../durations.ts";
import { sha256 } from "../hashing.ts";
import { localHints } from "../local-hints.ts";
import { publishPayment } from "../payment-telemetry.ts";
import { resolveStoreOptions, type StoreOptions } from "../store-options.ts";
import { type PortUse, storeRuntime } from "../store-runtime.ts";
import { splitPricedBy } from "./binding.ts";
import type { VerificationCatalog } from "./catalog.ts";
import { claim, reconcile } from "./claim.ts";
import { complete, markUnknown, release } from "./end.ts";
import { note, renew } from "./hold.ts";
import { markOnce } from "./mark-once.ts";
import { look } from "./peek.ts";
import { recordWatch } from "./record-watch.ts";
import { deliver, expire, settle, undeliver } from "./settle.ts";
import { type RecordsOfAStore, unresolvedRecords } from "./unresolved-records.ts";
import { requireDelivery, requireHandle, requireLease, requireText, requireToken } from "./verification-arguments.ts";
import type { Transition } from "./verification-record.ts";
import {
  claimRequest,
  completeRequest,
  expireRequest,
  markOnceRequest,
  markUnknownRequest,
  noteRequest,
  reconcileRequest,
  renewRequest,
  settleRequest,
} from "./verification-requests.ts";
import type { RecordName, VerificationStore } from "./verification-store.ts";
import { waitForChange } from "./wait-for-change.ts";

const DEFAULT_WAIT_MS = 250;

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
  const records: RecordsOfAStore = {
    ...{ runtime, keyPrefix, recordKey },
    unreadable: (handle) => publishPayment({ event: "unreadable", handle, attempt: 0 }),
  };

  return {
    capabilities: port.capabilities,
    claim: (key, request, callOptions) =>
      run("claim", key, callOptions, {
        prepare: () => claimRequest(request),
        step: claim,
        withKept: request?.payment !== undefined,
      }),
    renew: (key, lease, leaseMs, callOptions) =>
      run("renew", key, callOptions, {
        prepare: () => renewRequest({ lease, leaseMs, ...callOptions }, maxValueBytes),
        step: renew,
        withKept: callOptions?.kept !== undefined,
      }),
    note: (key, lease, evidence, callOptions) =>
      run("note", key, callOptions, {
        prepare: () => noteRequest(lease, evidence, maxValueBytes),
        step: note,
      }),
    complete: (key, lease, result, callOptions) =>
      run("complete", key, callOptions, {
        prepare: () => completeRequest(lease, result, { maxValueBytes, defaultTtlMs: defaults.valueTtlMs }),
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
        prepare: () => markUnknownRequest(lease, evidence, maxValueBytes),
        step: markUnknown,
        hints: true,
      }),
    reconcile: (key, request, callOptions) =>
      run("reconcile", key, callOptions, {
        prepare: () => reconcileRequest(request),
        step: reconcile,
      }),
    settle: (key, receipt, callOptions) =>
      run("settle", key, callOptions, {
        prepare: () => settleRequest(receipt, maxValueBytes),
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
        prepare: () => expireRequest(ending, maxValueBytes),
        step: expire,
        withKept: true,
        hints: true,
      }),
    markOnce: (key, request, callOptions) =>
      runtime.operation(
        "markOnce",
        callOptions,
        async () => {
          const asked = markOnceRequest(request);
          const marker = `${keyPrefix}:{${sha256(requireText(key, "key"))}}:m`;
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
    async peek(key, callOptions) {
      const found = await run("peek", key, callOptions, {
        prepare: () => undefined,
        step: (record, nowMs) => ({ reply: look(record, nowMs) }),
      });
      return found.payload === undefined ? found : { ...found, ...splitPricedBy(found.payload) };
    },
    unresolved: (callOptions) => unresolvedRecords(records, callOptions),
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
}

function statusOf(reply: { status: string } | object | null): string {
  return reply !== null && "status" in reply ? String(reply.status) : "ok";
}
