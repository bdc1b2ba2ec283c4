// Makes a Keyv adapter honest: its failures reject, even those that it only reports by an event and then answers as
// absent. It works beneath Keyv itself, whose get() hides failures the same way.
import { StoreError, type StoreErrorOutcome } from "@tollbooth-stores/core";
import { detectKeyvStorage, Keyv, type KeyvStorageAdapter } from "keyv";

/** The type of the option `keyv`: a Keyv, a storage adapter of Keyv 5 or 6, or a Map. */
export interface KeyvLike {
  get(key: string): unknown;
  set(key: string, value: string, lifetime?: number): unknown;
  delete(key: string): unknown;
}

export interface CheckedAdapter {
  /** The same object for all users in this process of the same backend through the same adapter or Map. */
  readonly identity: object;
  /** The stored value; undefined or null where there is none. Rejects with STORE_UNAVAILABLE, outcome "not-applied". */
  read(key: string): Promise<unknown>;
  /**
   * Rejects with STORE_UNAVAILABLE, outcome "unknown". `expiresAtMs`: when the adapter may drop the value, by `Date`.
   */
  write(key: string, value: string, expiresAtMs: number): Promise<void>;
  /** Rejects as `write` does. Removing an absent key is no failure. */
  remove(key: string): Promise<void>;
  /** All keys with their values. Undefined where the adapter cannot be iterated. */
  readonly entries: (() => AsyncIterator<readonly unknown[]>) | undefined;
  /** Stops listening. The adapter stays open: it belongs to its owner. */
  close(): void;
}

/**
 * Throws STORE_CONFIG for a value that is no Keyv, adapter or Map; and for a Keyv with encryption, which would be
 * bypassed.
 */
export function checkedAdapter(given: KeyvLike): CheckedAdapter {
  const adapter = storageOf(given);
  const identity = innermost(adapter);
  const namespace = namespaceOf(identity) ?? adapter.namespace;
  const iterate = iterable(adapter, identity) ? adapter.iterator?.bind(adapter) : undefined;
  let reports = 0;
  let report: unknown;
  let listening = false;
  const hear = (error: unknown) => {
    reports += 1;
    report = error;
  };

  /** Runs one call. `tells`: the answer proves success. Any other answer counts only where no error was reported. */
  const ask = async <R>(outcome: StoreErrorOutcome, call: () => Promise<R>, tells: (answer: R) => boolean) => {
    if ((namespaceOf(identity) ?? adapter.namespace) !== namespace) {
      throw configError("Another Keyv changed this adapter's namespace; give each namespace an adapter of its own.");
    }
    if (!listening && typeof adapter.on === "function") {
      listening = true;
      adapter.on("error", hear);
    }
    const before = reports;
    let answer: R;
    try {
      answer = await call();
    } catch (error) {
      throw failed(outcome, error);
    }
    if (reports !== before && !tells(answer)) throw failed(outcome, report);
    return answer;
  };

  return {
    identity,
    read: (key) =>
      ask<unknown>(
        "not-applied",
        () => adapter.get(key),
        (stored) => stored !== undefined && stored !== null,
      ),
    async write(key, value, expiresAtMs) {
      const stored = await ask<unknown>(
        "unknown",
        () => adapter.set(key, value, expiresAtMs),
        () => false,
      );
      if (stored === false) throw failed("unknown", undefined);
    },
    async remove(key) {
      await ask(
        "unknown",
        () => adapter.delete(key),
        (removed) => removed === true,
      );
    },
    entries: iterate && (() => iterate<unknown>()),
    close() {
      if (listening) adapter.off("error", hear);
      listening = false;
    },
  };
}

function storageOf(given: unknown): KeyvStorageAdapter {
  let storage = given;
  if (isObject(given) && "getRaw" in given && "store" in given) {
    if ("encryption" in given && given.encryption !== undefined) {
      throw configError(
        "This Keyv has encryption, which the stores do not use: they write to its adapter. Pass a Keyv without it, and give the sessions an encryptedCodec.",
      );
    }
    storage = given.store;
  }
  if (!detectKeyvStorage(storage).compatible) {
    throw configError("The option keyv must be a Keyv, a storage adapter for Keyv or a Map.");
  }
  // As Keyv itself does: brings a Map or an adapter of Keyv 5 into the form of Keyv 6.
  return new Keyv().resolveStore(storage);
}

/** The adapter beneath the wrappers that every Keyv makes anew. */
function innermost(adapter: object): object {
  const inner = "store" in adapter ? adapter.store : undefined;
  return isObject(inner) && detectKeyvStorage(inner).compatible ? innermost(inner) : adapter;
}

function namespaceOf(storage: object): unknown {
  return "namespace" in storage ? storage.namespace : undefined;
}

/** Keyv's wrappers always have an iterator. It yields nothing where the wrapped adapter has none. */
function iterable(adapter: KeyvStorageAdapter, identity: object): boolean {
  return adapter === identity || "iterator" in identity || "entries" in identity;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function configError(message: string): StoreError {
  return new StoreError("STORE_CONFIG", message);
}

function failed(outcome: StoreErrorOutcome, cause: unknown): StoreError {
  const effect = outcome === "unknown" ? "the write may have taken effect" : "nothing was written";
  return new StoreError(
    "STORE_UNAVAILABLE",
    `The Keyv adapter failed; ${effect}. See cause, and its own error event.`,
    {
      outcome,
      cause,
    },
  );
}
