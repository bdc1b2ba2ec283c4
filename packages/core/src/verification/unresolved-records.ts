// Lists payments in doubt or owed: by pages, so that a large store is neither read at once nor held in memory.
import type { CallOptions } from "../call-options.ts";
import { isStoreError } from "../errors.ts";
import type { StoreRuntime } from "../store-runtime.ts";
import type { VerificationCatalog } from "./catalog.ts";
import { type UnresolvedRecord, unresolvedRecord } from "./peek.ts";
import type { Unresolved } from "./verification-store.ts";

/** How many records one round trip reads. */
const PAGE = 100;

export interface RecordsOfAStore {
  readonly runtime: StoreRuntime<VerificationCatalog>;
  readonly keyPrefix: string;
  recordKey(handle: string): string;
  /** Told of a record that cannot be read: it must not hide the others. */
  unreadable(handle: string): void;
}

export async function* unresolvedRecords(
  records: RecordsOfAStore,
  callOptions: CallOptions | undefined,
): AsyncGenerator<Unresolved> {
  const { runtime, keyPrefix } = records;
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
      yield* await unresolvedAmong(records, page, callOptions);
      page = [];
    }
  } catch (error) {
    failure = { error };
  }
  // What was listed before a failure is given, too.
  if (page.length > 0) yield* await unresolvedAmong(records, page, callOptions);
  if (failure !== undefined) throw failure.error;
}

async function unresolvedAmong(
  { runtime, recordKey, unreadable }: RecordsOfAStore,
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
      unreadable(handle);
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
