// Which store calls of a payment wait for one another.
import { expect, test } from "vitest";
import { longestChain } from "./trace-payment.ts";

test("calls one after the other are as long a chain as there are calls", () => {
  expect(
    longestChain([
      { from: 0, to: 1 },
      { from: 1, to: 2 },
      { from: 5, to: 6 },
    ]),
  ).toBe(3);
});

test("calls at the same time count once", () => {
  expect(
    longestChain([
      { from: 0, to: 2 },
      { from: 1, to: 3 },
      { from: 3, to: 4 },
    ]),
  ).toBe(2);
  // One long call beside three short ones.
  expect(
    longestChain([
      { from: 0, to: 9 },
      { from: 0, to: 1 },
      { from: 2, to: 3 },
      { from: 4, to: 5 },
    ]),
  ).toBe(3);
});

test("no call is no chain", () => {
  expect(longestChain([])).toBe(0);
});
