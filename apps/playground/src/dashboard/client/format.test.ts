// Numbers and instants as the page writes them.
import { expect, test } from "vitest";
import { formatCount, formatLeft, formatMs, plural, shortened } from "./format.ts";

test("durations have as many digits as say something", () => {
  expect([0.0842, 4.21, 42.4, 999.4, 1_234].map(formatMs)).toEqual(["0.08 ms", "4.2 ms", "42 ms", "999 ms", "1.2 s"]);
});

test("what is left is minutes and seconds, or hours and minutes, never less than nothing", () => {
  expect([-5, 1, 59_000, 598_000, 3_600_000, 86_340_000].map(formatLeft)).toEqual([
    "0:00",
    "0:01",
    "0:59",
    "9:58",
    "1 h 00 min",
    "23 h 59 min",
  ]);
});

test("thousands are set apart, and one of a thing is one", () => {
  expect([1, 999, 1_000, 1_234_567].map(formatCount)).toEqual(["1", "999", "1\u2009000", "1\u2009234\u2009567"]);
  expect([plural(1, "request"), plural(0, "request"), plural(2, "copy", "copies")]).toEqual([
    "1 request",
    "0 requests",
    "2 copies",
  ]);
});

test("payments and tokens are shortened, addresses and words are not", () => {
  const payment = `eyJ${"a".repeat(500)}Zz9=`;
  expect(shortened(`curl -i http://127.0.0.1:4021/quote -H 'PAYMENT-SIGNATURE: ${payment}'`)).toBe(
    "curl -i http://127.0.0.1:4021/quote -H 'PAYMENT-SIGNATURE: eyJaaaaaaaaaaa…aaZz9='",
  );
});
