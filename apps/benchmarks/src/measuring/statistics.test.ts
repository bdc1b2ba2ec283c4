// Percentiles, medians and ratios.
import { expect, test } from "vitest";
import { median, percentile, ratios, spread } from "./statistics.ts";

test("a percentile is the smallest value that so many do not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, at) => at + 1);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.99)).toBe(99);
  expect(percentile(hundred, 1)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
});

test("a median needs no order, and lies between the two middle values of an even number", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
});

test("a spread holds the lowest and the highest round", () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, low: 1, high: 3 });
});

test("nothing measured is an error, and no figure", () => {
  expect(() => median([])).toThrow("No value");
  expect(() => percentile([], 0.5)).toThrow("No value");
});

test("rounds are compared one by one, so that a busy round of the machine changes no ratio", () => {
  expect(ratios([200, 20, 200], [100, 10, 100])).toEqual({ median: 2, low: 2, high: 2 });
  // The ratio of the medians would be 1.
  expect(ratios([100, 30, 20], [50, 10, 30]).median).toBe(2);
  expect(() => ratios([1, 2], [1])).toThrow("as many");
});
