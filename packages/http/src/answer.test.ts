// Answers that are no success, and what is taken of those that handlers make.
import { expect, it } from "vitest";
import { problem, wholeAnswer } from "./answer.ts";

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

it("takes nothing of the connection's from a handler's answer, because it is sent on another", () => {
  const headers = {
    ...{ connection: "keep-alive", "keep-alive": "timeout=5", "proxy-connection": "close", te: "trailers" },
    ...{ trailer: "x-checksum", "transfer-encoding": "chunked", "content-length": "1" },
    ...{ "content-type": "text/plain", "x-own": "1" },
  };
  expect(wholeAnswer({ status: 200, headers, body: new Uint8Array(1) }, "GET").headers).toEqual({
    "content-type": "text/plain",
    "x-own": "1",
  });
});
