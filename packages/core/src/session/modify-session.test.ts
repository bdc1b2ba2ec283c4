// The loop behind modify: how often it tries, and what ends it.
import { expect, it, vi } from "vitest";
import { type Attempt, attempts, pauseMs } from "./modify-session.ts";

const noPause = async () => {};
const again: Attempt<string> = { again: true };

it("tries once and then as often as retries says, pausing before each repetition", async () => {
  const attempt = vi.fn(async () => again);
  const pause = vi.fn(noPause);
  expect(await attempts(attempt, () => {}, 3, pause)).toBeNull();
  expect(attempt).toHaveBeenCalledTimes(4);
  expect(pause.mock.calls).toEqual([[1], [2], [3]]);
});

it("repeats 100 times unless told otherwise, and not at all for 0", async () => {
  const attempt = vi.fn(async () => again);
  await attempts(attempt, () => {}, undefined, noPause);
  expect(attempt).toHaveBeenCalledTimes(101);
  attempt.mockClear();
  expect(await attempts(attempt, () => {}, 0, noPause)).toBeNull();
  expect(attempt).toHaveBeenCalledTimes(1);
});

it("answers with the first reply that stands", async () => {
  const replies: Attempt<string>[] = [again, { again: false, reply: "done" }, again];
  const attempt = vi.fn(async () => replies.shift() ?? again);
  expect(await attempts(attempt, () => {}, 5, noPause)).toBe("done");
  expect(attempt).toHaveBeenCalledTimes(2);
});

it("stops before a try when it may not proceed", async () => {
  const attempt = vi.fn(async () => again);
  let checks = 0;
  const proceed = () => {
    checks += 1;
    if (checks > 2) throw new Error("stopped");
  };
  await expect(attempts(attempt, proceed, 5, noPause)).rejects.toThrow("stopped");
  expect(attempt).toHaveBeenCalledTimes(2);
});

it("refuses retries that are no number of times, before trying", async () => {
  const attempt = vi.fn(async () => again);
  for (const retries of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    await expect(attempts(attempt, () => {}, retries, noPause)).rejects.toMatchObject({
      code: "STORE_INVALID_ARGUMENT",
    });
  }
  expect(attempt).not.toHaveBeenCalled();
});

it("pauses for a random part of a bound that doubles up to 50 ms", () => {
  expect([1, 2, 5, 6, 99].map((repetition) => pauseMs(repetition, () => 0.5))).toEqual([1, 2, 16, 25, 25]);
  expect(pauseMs(3, () => 0)).toBe(0);
  expect(new Set(Array.from({ length: 100 }, () => pauseMs(6))).size).toBeGreaterThan(1);
});
