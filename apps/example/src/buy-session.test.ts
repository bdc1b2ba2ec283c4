// What a purchase must survive: a lost reply of the store, and time that passes.

import { type SessionStore, StoreError } from "@tollbooth-stores/core";
import { makePayment, paymentHeader, payTo } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import type { SessionData } from "./app.ts";
import { type Ask, inProcessGateway } from "./testing/in-process-gateway.ts";

const running = inProcessGateway();
const payment = async () => paymentHeader((await makePayment(running().payer)).payload);

/** Credits, and then fails to say so, as often as told. */
function losingReplies(sessions: SessionStore<SessionData>, times: number): SessionStore<SessionData> {
  let left = times;
  return {
    ...sessions,
    async credit(...call) {
      const reply = await sessions.credit(...call);
      // A credit of the mark, which says what a payment is for. It buys nothing.
      if (/^(begin|lost|done)/.test(call[1].opId)) return reply;
      left -= 1;
      if (left < 0) return reply;
      throw new StoreError("STORE_UNAVAILABLE", "The reply was lost.", { outcome: "unknown" });
    },
  };
}

describe("buying a session, the store's replies lost", () => {
  test("credits once, transfers once, and tells the token at the attempt that succeeds", async () => {
    const { stores, ledger, gateway } = running();
    const ask = await gateway({ ...stores, sessions: losingReplies(stores.sessions, 2) });
    const headers = await payment();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await ask("/search", headers)).status).toBe(503);
      expect(ledger.balanceOf(payTo)).toBe(10_000n);
    }
    const bought = await ask("/search", headers);
    expect(bought.status).toBe(201);
    expect(await bought.json()).toMatchObject({ quotas: { calls: "3" } });
    expect(ledger.balanceOf(payTo)).toBe(10_000n);
    expect((await ask("/search", headers)).status).toBe(409);
  });
});

describe("a session's time", () => {
  async function buy(ask: Ask, path: string, headers: Record<string, string> = {}) {
    const response = await ask(path, { ...headers, ...(await payment()) });
    expect(response.status).toBe(201);
    const { session, expiresAt } = Object(await response.json());
    return { headers: { authorization: `Bearer ${session}` }, expiresAtMs: Date.parse(expiresAt) };
  }

  test("lasts to the millisecond before its end, then it is over and must be paid for", async () => {
    const { clock, gateway } = running();
    const ask = await gateway();
    const { headers, expiresAtMs } = await buy(ask, "/stream");
    expect(expiresAtMs).toBe(clock.now() + 600_000);
    clock.advance(599_999);
    expect((await ask("/stream", headers)).status).toBe(200);
    clock.advance(1);
    const over = await ask("/stream", headers);
    expect(over.status).toBe(402);
    expect(over.headers.get("payment-required")).not.toBeNull();
  });

  test("is not prolonged by being used", async () => {
    const { clock, gateway } = running();
    const ask = await gateway();
    const { headers } = await buy(ask, "/stream");
    for (let minute = 0; minute < 9; minute += 1) {
      clock.advance(60_000);
      expect((await ask("/stream", headers)).status).toBe(200);
    }
    clock.advance(60_000);
    expect((await ask("/stream", headers)).status).toBe(402);
  });

  test("paying for one that is over opens a new one, with a token of its own", async () => {
    const { clock, gateway } = running();
    const ask = await gateway();
    const old = await buy(ask, "/stream");
    clock.advance(600_000);
    const next = await buy(ask, "/stream", old.headers);
    expect(next.headers).not.toEqual(old.headers);
    expect(next.expiresAtMs).toBe(clock.now() + 600_000);
    expect((await ask("/stream", old.headers)).status).toBe(402);
    expect((await ask("/stream", next.headers)).status).toBe(200);
  });

  test("of bought calls ends after validFor, whatever is left of them", async () => {
    const { clock, gateway } = running();
    const ask = await gateway();
    const { headers } = await buy(ask, "/search");
    clock.advance(86_399_999);
    expect((await ask("/search", headers)).status).toBe(200);
    clock.advance(1);
    expect((await ask("/search", headers)).status).toBe(402);
  });
});
