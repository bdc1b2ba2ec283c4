// Wrong arguments are refused by the name of the function that was given them.
import { isStoreError, StoreError } from "./errors.ts";

/** What a refusal says without a function's name. */
const unnamed = new WeakMap<StoreError, string>();

/**
 * Runs the checks of a function's arguments. A STORE_CONFIG of theirs begins with the function's name, `paid(): ` say. Where such
 * functions call each other it is the outermost's, because that one was called by the user.
 */
export function checkArguments<T>(of: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isStoreError(error, "STORE_CONFIG")) throw error;
    const message = unnamed.get(error) ?? error.message;
    const named = new StoreError("STORE_CONFIG", `${of}(): ${message}`);
    unnamed.set(named, message);
    throw named;
  }
}
