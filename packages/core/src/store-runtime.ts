// What the three stores share at run time: open or closed, aborts, telemetry, and errors of a port made safe.
import { setMaxListeners } from "node:events";
import type { AtomicPort, NamedRecord, Step, StoredRecord } from "./atomic-port.ts";
import type { CallOptions } from "./call-options.ts";
import { isStoreError, StoreError } from "./errors.ts";
import { allowListeners } from "./many-listeners.ts";
import { type Catalog, nativeTransitionsOf } from "./native-transitions.ts";
import { isObserved, type OperationMessage, type Outcome, observed } from "./telemetry.ts";

/** One store's access to its port; `C` is the store's catalog of transitions. */
export interface StoreRuntime<C extends Catalog<keyof C>> {
  /** Aborts when the store closes: for loops that wait. Its reason is the STORE_CLOSED error. */
  readonly closing: AbortSignal;
  /**
   * Runs one public operation: refused when closed or aborted, reported to telemetry. What `run` throws at once is a
   * rejection too.
   */
  operation<R>(
    name: string,
    options: CallOptions | undefined,
    run: () => Promise<R>,
    outcomeOf: (reply: R) => Outcome,
  ): Promise<R>;
  /** `operation` for a call with one argument: `run` gets it, so that the call needs no function of its own. */
  operationOn<A, R>(
    name: string,
    argument: A,
    options: CallOptions | undefined,
    run: (argument: A, options: CallOptions | undefined) => Promise<R>,
    outcomeOf: (reply: R) => Outcome,
  ): Promise<R>;
  /** `port.transact`. A port's error that is no StoreError becomes STORE_UNAVAILABLE, outcome unknown. */
  transact<R>(
    keys: readonly string[],
    step: (records: readonly (StoredRecord | null)[], nowMs: number) => Step<R>,
    options: CallOptions | undefined,
  ): Promise<R>;
  /** Runs one transition: natively where the port can, else `step` over `transact`. */
  apply<Name extends keyof C>(
    name: Name,
    keys: readonly string[],
    transitionArguments: C[Name]["arguments"],
    step: (
      records: readonly (StoredRecord | null)[],
      nowMs: number,
      transitionArguments: C[Name]["arguments"],
    ) => Step<C[Name]["reply"]>,
    options: CallOptions | undefined,
  ): Promise<C[Name]["reply"]>;
  /** `apply` of a transition on one record, without a promise to wait for where the port can decide at once. */
  applyToOne<Name extends keyof C>(
    name: Name,
    record: NamedRecord,
    transitionArguments: C[Name]["arguments"],
    step: (
      record: StoredRecord | null,
      nowMs: number,
      transitionArguments: C[Name]["arguments"],
    ) => Step<C[Name]["reply"]>,
    options: CallOptions | undefined,
  ): Promise<C[Name]["reply"]>;
  /** Keys under a prefix. Throws STORE_CONFIG where the port cannot list, and otherwise as `transact` does. */
  scan(prefix: string, options: CallOptions | undefined): AsyncIterable<string>;
  close(): Promise<void>;
}

/** What a store does with the port that it was given. */
export interface PortUse {
  /** Whether closing the store closes the port. Default true. */
  closePort?: boolean | undefined;
}

export function storeRuntime<C extends Catalog<keyof C> = Catalog<never>>(
  port: AtomicPort,
  about: Pick<OperationMessage, "store" | "provider">,
  { closePort = true }: PortUse,
): StoreRuntime<C> {
  requirePort(port);
  const closing = new AbortController();
  // One listener per waiting caller, each removed in time. Node would take more than ten for a leak and warn.
  setMaxListeners(0, closing.signal);
  const closed = () =>
    new StoreError(
      "STORE_CLOSED",
      "This store was closed; create the stores once and close them when the process ends.",
    );
  const native = nativeTransitionsOf<C>(port);
  let isClosed = false;
  const runtime: StoreRuntime<C> = {
    closing: closing.signal,
    operation: (name, options, run, outcomeOf) => runtime.operationOn(name, run, options, (call) => call(), outcomeOf),
    operationOn(name, argument, options, run, outcomeOf) {
      if (isClosed || options?.signal !== undefined || isObserved()) {
        const start = async () => {
          if (isClosed) throw closed();
          options?.signal?.throwIfAborted();
          return abortable(run(argument, options), options?.signal);
        };
        return isObserved() ? observed({ ...about, operation: name }, start, outcomeOf) : start();
      }
      try {
        return run(argument, options);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async transact(keys, step, options) {
      // A step's throw is ours and deliberate; only the port's own failures are translated.
      let thrown: { error: unknown } | undefined;
      const guarded: typeof step = (records, nowMs) => {
        thrown = undefined;
        try {
          return step(records, nowMs);
        } catch (error) {
          thrown = { error };
          throw error;
        }
      };
      try {
        return await port.transact(keys, guarded, options);
      } catch (error) {
        throw thrown === undefined ? translatedError(error, options) : thrown.error;
      }
    },
    apply(name, keys, transitionArguments, step, options) {
      const run = native[name];
      // A native transition rejects with errors that are safe already.
      if (run !== undefined) return run(keys, transitionArguments, options);
      return runtime.transact(keys, (records, nowMs) => step(records, nowMs, transitionArguments), options);
    },
    applyToOne(name, record, transitionArguments, step, options) {
      const run = native[name];
      if (run !== undefined) return run([record.key], transitionArguments, options);
      if (port.decide === undefined || options?.signal !== undefined) {
        const stepOfMany = ([found = null]: readonly (StoredRecord | null)[], nowMs: number) =>
          step(found, nowMs, transitionArguments);
        return runtime.transact([record.key], stepOfMany, options);
      }
      try {
        return Promise.resolve(port.decide(record, step, transitionArguments));
      } catch (error) {
        return Promise.reject(error);
      }
    },
    async *scan(prefix, options) {
      if (port.scan === undefined) {
        throw new StoreError(
          "STORE_CONFIG",
          "This provider cannot list its records, so unresolved() is not available.",
        );
      }
      try {
        yield* port.scan(prefix, options);
      } catch (error) {
        throw translatedError(error, options);
      }
    },
    async close() {
      isClosed = true;
      if (!closing.signal.aborted) closing.abort(closed());
      // close() never rejects: a caller could do nothing about it.
      if (closePort) await port.close().catch(() => undefined);
    },
  };
  return runtime;
}

/** Throws STORE_CONFIG unless it is a port. Else a client, given by mistake, would fail at the first call only. */
function requirePort(port: unknown): void {
  const isPort =
    typeof port === "object" && port !== null && "transact" in port && "close" in port && "capabilities" in port;
  if (isPort && typeof port.transact === "function" && typeof port.close === "function" && port.capabilities) return;
  throw new StoreError("STORE_CONFIG", "The port must have `capabilities` and the functions `transact` and `close`.");
}

/** Makes a port's own error safe. A StoreError stays as it is, and so does the reason of the caller's abort. */
export function translatedError(error: unknown, options: CallOptions | undefined): unknown {
  if (isStoreError(error) || options?.signal?.aborted) return error;
  return new StoreError("STORE_UNAVAILABLE", "The store's backend failed; the call may have taken effect.", {
    outcome: "unknown",
    cause: error,
  });
}

/** Rejects with `signal.reason` as soon as it aborts. The work goes on, and its late failure is ignored. */
export function abortable<R>(work: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    allowListeners(signal);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
