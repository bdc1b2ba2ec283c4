// What a buyer does with 503: the same request again, when it is told to, and not for ever.
import { createServer } from "node:http";
import { afterEach, expect, test } from "vitest";
import { urlOf } from "../testing/serve.ts";
import { sendUntilKnown } from "./send-until-known.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Answers each request with the next of `answers`, and with the last one from then on. */
async function answering(...answers: { status: number; retryAfter?: string }[]) {
  const payments: unknown[] = [];
  const server = createServer((request, response) => {
    const { status, retryAfter } = answers[Math.min(payments.length, answers.length - 1)] ?? { status: 500 };
    payments.push(request.headers["payment-signature"]);
    response.writeHead(status, retryAfter === undefined ? {} : { "retry-after": retryAfter }).end("said");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close());
  return { url: urlOf(server), payments };
}

/** Waits no time at all, and remembers for how long it should have. */
function noWait() {
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  return { waits, wait };
}

const paid = { headers: { "payment-signature": "the payment" } };

test("503 is followed by the same payment after Retry-After, until there is another answer", async () => {
  const { url, payments } = await answering({ status: 503, retryAfter: "3" }, { status: 503 }, { status: 200 });
  const { waits, wait } = noWait();
  const told: [string, number][] = [];
  const onRepeat = async (answer: Response, waitMs: number) => void told.push([await answer.text(), waitMs]);
  const answer = await sendUntilKnown(url, paid, { wait, onRepeat });
  expect(answer.status).toBe(200);
  expect(payments).toEqual(["the payment", "the payment", "the payment"]);
  expect(waits).toEqual([3_000, 1_000]);
  expect(told).toEqual([
    ["said", 3_000],
    ["said", 1_000],
  ]);
});

test("nothing else is repeated, whatever Retry-After says", async () => {
  const { url, payments } = await answering({ status: 429, retryAfter: "1" });
  const { waits, wait } = noWait();
  expect((await sendUntilKnown(url, paid, { wait })).status).toBe(429);
  expect([payments.length, waits]).toEqual([1, []]);
});

test("its patience ends: the last 503 is the answer, its body unread", async () => {
  const { url, payments } = await answering({ status: 503, retryAfter: "4" });
  const { waits, wait } = noWait();
  const answer = await sendUntilKnown(url, paid, { wait, patienceMs: 10_000 });
  expect([answer.status, await answer.text()]).toEqual([503, "said"]);
  expect([payments.length, waits]).toEqual([3, [4_000, 4_000]]);
});

test.each(["0", "soon", "-5"])("a Retry-After of %j is a second", async (retryAfter) => {
  const { url } = await answering({ status: 503, retryAfter }, { status: 200 });
  const { waits, wait } = noWait();
  await sendUntilKnown(url, paid, { wait });
  expect(waits).toEqual([1_000]);
});
