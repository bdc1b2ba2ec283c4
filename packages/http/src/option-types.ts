// Checks the types of options for plain JavaScript. Each throws STORE_CONFIG with the option's name.
import { StoreError } from "@tollbooth-stores/core";

export function requireBytes(name: string, bytes: unknown): void {
  if (Number.isSafeInteger(bytes) && Number(bytes) > 0) return;
  throw new StoreError("STORE_CONFIG", `${name} must be a positive integer, in bytes.`);
}

/** May be left out. */
export function requireFlag(name: string, flag: unknown): void {
  if (flag === undefined || typeof flag === "boolean") return;
  throw new StoreError("STORE_CONFIG", `${name} must be true or false.`);
}

/** May be left out. `what`: "a function of a session's record", say. */
export function requireFunction(name: string, given: unknown, what: string): void {
  if (given === undefined || typeof given === "function") return;
  throw new StoreError("STORE_CONFIG", `${name} must be ${what}.`);
}
