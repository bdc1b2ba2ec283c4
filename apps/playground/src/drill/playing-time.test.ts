// How long it takes, as people say it.
import { expect, test } from "vitest";
import { playingTime } from "./playing-time.ts";

test.each([
  [0, "0 s"],
  [1, "1 s"],
  [59_000, "59 s"],
  [59_001, "1 min 0 s"],
  [200_000, "3 min 20 s"],
  [3_599_000, "59 min 59 s"],
  [3_600_000, "1 h 0 min"],
  [7_200_000, "2 h 0 min"],
  [7_200_001, "2 h 1 min"],
  [31 * 86_400_000, "744 h 0 min"],
])("%i ms are %s", (ms, words) => {
  expect(playingTime(ms)).toBe(words);
});
