// The one error of the stores. A failure is always thrown, never answered: null and "missing" mean absent and nothing
// else.

/** The kind of failure, for programs. */
export type StoreErrorCode =
  /** The backend did not answer (in time). `outcome` says whether the call may have taken effect. */
  | "STORE_UNAVAILABLE"
  /** A stored record cannot be read. Its bytes are kept. */
  | "STORE_CORRUPT"
  /** A value is larger than the limit. The value stored before stays. */
  | "STORE_VALUE_TOO_LARGE"
  /** A bounded store is full of live records. */
  | "STORE_CAPACITY"
  /** The call can never succeed as made. Thrown before anything is written. */
  | "STORE_INVALID_ARGUMENT"
  /** The store was closed. */
  | "STORE_CLOSED"
  /** Options or configuration are wrong. */
  | "STORE_CONFIG";

/** Whether a failed call took effect: certainly not, or it cannot be known. */
export type StoreErrorOutcome = "not-applied" | "unknown";

const marker = Symbol.for("tollbooth-stores.StoreError");

/**
 * Every failure of a store. `message` says what happened and which option mends it. `message`, `cause` and the stack
 * never hold a key's identifier, a value, a session id or a password.
 */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  /** "unknown" only where a call may have taken effect although it failed. */
  readonly outcome: StoreErrorOutcome;

  constructor(code: StoreErrorCode, message: string, options: { outcome?: StoreErrorOutcome; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: sanitizedCause(options.cause) });
    this.name = "StoreError";
    this.code = code;
    this.outcome = options.outcome ?? "not-applied";
    Object.defineProperty(this, marker, { value: true });
  }
}

/** True for any StoreError, of this or another installed copy of the package. `code` narrows it to that code. */
export function isStoreError(error: unknown, code?: StoreErrorCode): error is StoreError {
  if (typeof error !== "object" || error === null || !(marker in error)) return false;
  return code === undefined || ("code" in error && error.code === code);
}

/** Shorthand for the most common error: the call can never succeed as made. */
export function invalidArgument(message: string): StoreError {
  return new StoreError("STORE_INVALID_ARGUMENT", message);
}

/** The part of a foreign error that is safe to show: its class and a leading error word or code, never its message. */
export interface SanitizedCause {
  name: string;
  /** A system code such as ECONNREFUSED, or a server's error word such as WRONGPASS. */
  code?: string;
}

/** The form of Node's own `code`, e.g. ECONNREFUSED, ERR_TLS_CERT_ALTNAME_INVALID. */
const systemCode = /^[A-Z][A-Z0-9_]{2,40}$/;
/**
 * The first words of Redis errors, whatever class a client makes of them. Any other first word could be an identifier.
 */
const serverWords: ReadonlySet<string> = new Set(
  (
    "ASK BUSY CLUSTERDOWN CROSSSLOT ERR EXECABORT LOADING MASTERDOWN MISCONF MOVED NOAUTH NOPERM NOREPLICAS NOSCRIPT OOM " +
    "READONLY REPLICA TRYAGAIN UNKILLABLE WRONGPASS WRONGTYPE"
  ).split(" "),
);

/** A copy of `error` without its message, because a client's message can echo keys and values. */
export function sanitizedCause(error: unknown): SanitizedCause | StoreError {
  if (isStoreError(error)) return error;
  if (!(error instanceof Error)) return { name: typeof error };
  const name = /^[A-Za-z]{1,60}$/.test(error.name) ? error.name : "Error";
  if ("code" in error && typeof error.code === "string") {
    return systemCode.test(error.code) ? { name, code: error.code } : { name };
  }
  const word = error.message.split(" ", 1)[0];
  return word !== undefined && serverWords.has(word) ? { name, code: word } : { name };
}
