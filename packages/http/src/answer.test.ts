// Answers that are no success.
import { expect, it } from "vitest";
import { problem } from "./answer.ts";

it("says the code and the words as JSON, and is not cached", () => {
  const { status, headers, body } = problem(409, "payment_used", "The payment was used before.", {
    "retry-after": "1",
  });
  expect([status, headers]).toEqual([
    409,
    { "cache-control": "no-store", "content-type": "application/json", "retry-after": "1" },
  ]);
  expect(JSON.parse(new TextDecoder().decode(body))).toEqual({
    error: "payment_used",
    message: "The payment was used before.",
  });
});
