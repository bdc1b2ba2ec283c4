// A payment that is presented again: its payer gets the goods once more, no other client gets anything.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { describe, expect, test } from "vitest";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem();
const key = (name: string) => ({ "idempotency-key": name });

async function paid(path: string, collector: Record<string, string>) {
  const headers = paymentHeader((await makePayment(await system.payer())).payload);
  const ask = (more: Record<string, string> = {}) => fetch(system.url(path), { headers: { ...headers, ...more } });
  const first = await ask(collector);
  expect(first.status).toBe(path === "/quote" ? 200 : 201);
  return { ask, first, before: system.counts() };
}

describe("a payment sent with an Idempotency-Key", () => {
  test("and again with the same one, gets the same answer: no second run, no second transfer", async () => {
    const { ask, first, before } = await paid("/quote", key("mine"));
    const receiptOf = ({ headers }: Response) =>
      decodePaymentResponseHeader(headers.get("payment-response") ?? "").transaction;
    const [body, receipt] = [await first.text(), receiptOf(first)];
    for (let time = 0; time < 2; time += 1) {
      const again = await ask(key("mine"));
      expect(again.status).toBe(200);
      expect([await again.text(), receiptOf(again)]).toEqual([body, receipt]);
      expect(again.headers.get("content-type")).toBe(first.headers.get("content-type"));
    }
    expect(system.counts()).toEqual(before);
  });

  test("and again with another one, or with none: 409", async () => {
    const { ask, before } = await paid("/quote", key("mine"));
    for (const other of [key("yours"), {}, key("")]) expect((await ask(other)).status).toBe(409);
    expect(system.counts()).toEqual(before);
  });

  test("20 times at once: one run, one transfer, and every one of them has the answer", async () => {
    const headers = { ...paymentHeader((await makePayment(await system.payer())).payload), ...key("mine") };
    const { runs, transfers } = system.counts();
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(system.url("/quote"), { headers })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).toBe(1);
    expect(system.counts()).toMatchObject({ runs: runs + 1, transfers: transfers + 1 });
  });

  test("and again, with an answer that was too large to be kept: 409, not a second run", async () => {
    await system.upstream({ padding: 100_000 });
    const { ask, before } = await paid("/quote", key("mine"));
    expect((await ask(key("mine"))).status).toBe(409);
    expect(system.counts()).toEqual(before);
  });

  test("of a session: its token again, and the calls are credited once", async () => {
    const { ask, first } = await paid("/search", key("mine"));
    const bought: unknown = await first.json();
    const again = await ask(key("mine"));
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(bought);
    const { session } = Object(bought);
    const use = await fetch(system.url("/search"), { headers: { authorization: `Bearer ${session}` } });
    expect(use.headers.get("x-calls-left")).toBe("2");
  });
});

describe("a payment sent without anything that only its payer knows", () => {
  test("is handed out to no client again: every reader of the chain can make up a key", async () => {
    const { ask, before } = await paid("/quote", {});
    expect((await ask(key("made up"))).status).toBe(409);
    expect((await ask({ authorization: `Bearer ${"a".repeat(43)}` })).status).toBe(409);
    expect((await ask()).status).toBe(409);
    expect(system.counts()).toEqual(before);
  });
});

test("a payment that prolongs a session is answered again to who shows the session's token", async () => {
  const { first } = await paid("/stream", {});
  const { session } = Object(await first.json());
  const bearer = { authorization: `Bearer ${session}` };
  const { ask, first: prolonged } = await paid("/stream", bearer);
  const bought: unknown = await prolonged.json();
  const again = await ask(bearer);
  expect([again.status, await again.json()]).toEqual([200, bought]);
  expect((await ask()).status).toBe(409);
});
