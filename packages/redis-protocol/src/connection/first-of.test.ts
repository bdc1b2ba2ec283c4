// The first answer of several addresses: the next is asked after a failure or a silence, and the others are told to stop.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { pass, quiet, standOf, useTestClock } from "./fake-link.test-support.ts";
import { firstOf } from "./first-of.ts";

beforeEach(useTestClock);
afterEach(() => vi.useRealTimers());

const PATIENCE_MS = 300;

/** Asks the candidates; the test settles each. */
function asking(candidates: readonly string[], signal: AbortSignal = new AbortController().signal) {
  const asked = new Map<string, { resolve(answer: string): void; reject(error: unknown): void; signal: AbortSignal }>();
  const answer = firstOf(
    candidates,
    (candidate, stop) =>
      new Promise<string>((resolve, reject) => asked.set(candidate, { resolve, reject, signal: stop })),
    signal,
    PATIENCE_MS,
  );
  return { asked, answer: quiet(answer), names: () => [...asked.keys()].join("") };
}

it("asks one alone while it may still answer", async () => {
  const { asked, answer, names } = asking(["a", "b"]);
  await pass(PATIENCE_MS - 1);
  expect(names()).toBe("a");
  asked.get("a")?.resolve("answer");
  expect(await answer).toBe("answer");
  await pass(10_000);
  expect([names(), vi.getTimerCount()]).toEqual(["a", 0]);
});

it("asks the next beside a silent one, takes whichever answers first, and tells the others to stop", async () => {
  const { asked, answer, names } = asking(["a", "b", "c"]);
  await pass(PATIENCE_MS * 2);
  expect(names()).toBe("abc");
  asked.get("b")?.resolve("of b");
  expect(await answer).toBe("of b");
  expect([asked.get("a")?.signal.aborted, asked.get("c")?.signal.aborted]).toEqual([true, true]);
});

it("takes the answer of one that was silent for long", async () => {
  const { asked, answer } = asking(["a", "b"]);
  await pass(PATIENCE_MS * 20);
  asked.get("a")?.resolve("of a");
  expect(await answer).toBe("of a");
});

it("asks the next at once after a failure, and rejects with the last error when all have failed", async () => {
  const { asked, answer, names } = asking(["a", "b"]);
  asked.get("a")?.reject(new Error("of a"));
  await pass();
  expect(names()).toBe("ab");
  asked.get("b")?.reject(new Error("of b"));
  expect(await standOf(answer)).toMatchObject({ message: "of b" });
  expect(vi.getTimerCount()).toBe(0);
});

it("waits for a silent one where all others have failed", async () => {
  const { asked, answer } = asking(["a", "b"]);
  await pass(PATIENCE_MS);
  asked.get("b")?.reject(new Error("of b"));
  await pass(PATIENCE_MS * 20);
  expect(await standOf(answer)).toBe("pending");
  asked.get("a")?.resolve("of a");
  expect(await answer).toBe("of a");
});

it("rejects when the caller gives up, and tells all to stop", async () => {
  const controller = new AbortController();
  const { asked, answer } = asking(["a", "b"], controller.signal);
  await pass(PATIENCE_MS);
  controller.abort(new Error("enough"));
  expect(await standOf(answer)).toMatchObject({ message: "enough" });
  expect([...asked.values()].map(({ signal }) => signal.aborted)).toEqual([true, true]);
  expect(vi.getTimerCount()).toBe(0);
});

it("asks none where the caller has given up before, or where there is none", async () => {
  const given = asking(["a"], AbortSignal.abort(new Error("enough")));
  expect([await standOf(given.answer), given.names()]).toEqual([expect.objectContaining({ message: "enough" }), ""]);
  const none = asking([]);
  expect(await standOf(none.answer)).toMatchObject({ message: "There is no address to ask." });
});
