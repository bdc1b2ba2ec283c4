// Ages in words, at the edges between units.
import { expect, it } from "vitest";
import { ageOf } from "./age.ts";

const MINUTE_MS = 60_000;

it.each([
  [-MINUTE_MS, "0 minutes"],
  [MINUTE_MS, "1 minute"],
  [119 * MINUTE_MS, "119 minutes"],
  [120 * MINUTE_MS, "2 hours"],
  [47 * 60 * MINUTE_MS, "47 hours"],
  [48 * 60 * MINUTE_MS, "2 days"],
])("%i ms are %s", (ms, words) => {
  expect(ageOf(ms)).toBe(words);
});
