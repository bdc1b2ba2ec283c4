// Assertions that several areas share. node:assert, so that a property runs under any test runner.
import assert from "node:assert/strict";
import { isStoreError, type StoreErrorCode } from "@tollbooth-stores/core";
import type { RawEntry } from "./harness.ts";

/** The call must reject with a StoreError of that code; `what` names the input, never its value. */
export async function rejectsWith(code: StoreErrorCode, what: string, call: () => Promise<unknown>): Promise<void> {
  const error = await failureOf(what, call);
  assert.ok(isStoreError(error, code), `${what}: expected ${code}, got ${describeError(error)}`);
}

/** What the call rejects (or throws) with; fails where it answers. */
export async function failureOf(what: string, call: () => Promise<unknown>): Promise<unknown> {
  let reply: unknown;
  try {
    reply = await call();
  } catch (error) {
    return error;
  }
  assert.fail(`${what}: expected a rejection, got an answer of type ${reply === null ? "null" : typeof reply}`);
}

/** The call's answer. A call that rejects is the store's failure. */
export async function answerOf<R>(what: string, call: () => Promise<R>): Promise<R> {
  try {
    return await call();
  } catch (error) {
    assert.fail(`${what}: expected an answer, got ${describeError(error)}`);
  }
}

function describeError(error: unknown): string {
  if (isStoreError(error)) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
}

/** Keys and values without the passing of time: what "byte-identical" compares. */
export function bytesOf(entries: readonly RawEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ key, value }) => [key, value]).sort());
}

/** Everything an error shows: message, stack, fields, and the same of its causes. */
export function everythingIn(error: unknown, depth = 0): string {
  if (typeof error !== "object" || error === null || depth > 5) return String(error);
  const names = Object.getOwnPropertyNames(error);
  return names.map((name) => `${name}=${everythingIn(Reflect.get(error, name), depth + 1)}`).join("\n");
}

/** `times` calls started in one tick. */
export function atOnce<R>(times: number, call: (index: number) => Promise<R>): Promise<R[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => call(index)));
}
