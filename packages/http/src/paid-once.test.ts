// paid() twice in one request.
import { expect, test } from "vitest";
import { contextOf } from "./fetch-messages.ts";
import type { PaidGate } from "./paid-gate.ts";
import { isSoldAlready } from "./paid-once.ts";

const handle: PaidGate["handle"] = async () => undefined;
const context = contextOf(new Request("https://api.example/quote"));
const selling: PaidGate = { handle, sells: () => true };

test("a request is sold already by the same gate, and by no gate before the first one", () => {
  expect(isSoldAlready(selling, context, undefined)).toBe(false);
  expect(isSoldAlready(selling, context, selling)).toBe(true);
});

test("another gate that sells the request too is refused, and one that does not is asked as ever", () => {
  expect(() => isSoldAlready(selling, context, { handle })).toThrow(TypeError);
  expect(isSoldAlready({ handle, sells: () => false }, context, selling)).toBe(false);
  expect(isSoldAlready({ handle }, context, selling)).toBe(false);
});
