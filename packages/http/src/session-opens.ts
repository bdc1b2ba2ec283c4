// Which of a store's sessions a route takes: a store may hold those of several plans, and those of logins that cost nothing.
import { type SessionRecord, type SessionStore, StoreError } from "@tollbooth-stores/core";

export interface OpensOption<T> {
  /**
   * Which sessions count here, by what they remember: `({ data }) => data.plan === "pass"`. Any other one is none, and is answered as one
   * that is over. Default: every live session of the store. So give it wherever the store has sessions of several kinds: the holder of one
   * can send its id to any route. Where it throws, or returns no boolean (a promise is none), the request fails, and no handler
   * runs: its error, or STORE_CONFIG.
   */
  opens?: ((record: SessionRecord<T>) => boolean) | undefined;
}

/** Throws as `opens` does, and STORE_CONFIG for an answer that is no boolean. */
export function isOpened<T>({ opens }: OpensOption<T>, record: SessionRecord<T>): boolean {
  return opens === undefined || requireBoolean("opens", opens(record));
}

/** The answer of a function among the options. A promise would count as true, whatever it resolves to. */
export function requireBoolean(option: string, answer: unknown): boolean {
  if (typeof answer === "boolean") return answer;
  throw new StoreError("STORE_CONFIG", `${option} must return true or false, and no promise. Nothing was changed.`);
}

/** What `opens` and its like must be. */
export const OF_A_RECORD = "a function of a session's record";

/** Throws STORE_CONFIG where the store is missing, lacks one of the methods, or was given in the place of the options. */
export function requireSessionStore(options: unknown, ...methods: (keyof SessionStore)[]): void {
  const sessions = Object(Object(options).sessions);
  if (methods.every((method) => typeof sessions[method] === "function")) return;
  throw new StoreError(
    "STORE_CONFIG",
    "sessions must be a SessionStore: `{ sessions: stores.sessions }` of a provider.",
  );
}
