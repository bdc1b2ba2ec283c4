// Waiting in the properties of the façades: for an event, never for a time.
import assert from "node:assert/strict";
import type { Look, VerificationStore } from "@tollbooth-stores/core";

/** Far above any timer that the properties set, and above a hundred slow round trips. */
const MOST_MS = 5_000;

/** A promise and what settles it. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Resolves once `work` has come so far; fails where it is over before. */
export async function reached(opened: Promise<void>, work: Promise<unknown>): Promise<void> {
  const tooEarly = () => assert.fail("it was over before it came to this");
  await Promise.race([opened, work.then(tooEarly, tooEarly)]);
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Resolves when `work` is over, however it ends. */
export async function over(work: Promise<unknown>): Promise<void> {
  await work.then(
    () => undefined,
    () => undefined,
  );
}

/** Fails where `work` is not done within `mostMs` of real time. */
export async function soon<R>(work: Promise<R>, mostMs: number = MOST_MS): Promise<R> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `still waiting after ${mostMs} ms` })),
      mostMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Waits until a record is as `wanted` says; fails where it does not become so. */
export async function untilRecord(
  store: VerificationStore,
  key: string,
  wanted: (status: Look["status"]) => boolean,
): Promise<void> {
  const giveUpAtMs = performance.now() + MOST_MS;
  for (;;) {
    const { status } = await store.peek(key);
    if (wanted(status)) return;
    assert.ok(performance.now() < giveUpAtMs, `the record stayed ${status}`);
    await store.wait(key, { timeoutMs: 25 });
  }
}
