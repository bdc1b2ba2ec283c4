// Paying for time and for calls, and using what was bought.
import { makePayment, paymentHeader } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { testSystem } from "./testing/test-system.ts";

const system = testSystem();

const boughtSchema = z.object({ session: z.string(), expiresAt: z.string(), quotas: z.record(z.string(), z.string()) });
const bearer = (session: string) => ({ authorization: `Bearer ${session}` });

async function buy(path: string, headers: Record<string, string> = {}) {
  const payer = await system.payer();
  const { payload } = await makePayment(payer);
  const paying = { ...headers, ...paymentHeader(payload) };
  const response = await fetch(system.url(path), { headers: paying });
  expect(response.status).toBe(201);
  expect(response.headers.get("payment-response")).not.toBeNull();
  return { ...boughtSchema.parse(await response.json()), payer, paying };
}
const use = (path: string, session: string) => fetch(system.url(path), { headers: bearer(session) });

describe("a route paid for by time", () => {
  test("opens to the token that was issued, for as long as was bought, without another payment", async () => {
    const { session, expiresAt, payer } = await buy("/stream");
    const left = Date.parse(expiresAt) - Date.now();
    expect(left).toBeGreaterThan(590_000);
    expect(left).toBeLessThanOrEqual(600_000);
    for (let request = 0; request < 3; request += 1) {
      const response = await use("/stream", session);
      expect(response.status).toBe(200);
      expect(response.headers.get("x-session-expires")).toBe(expiresAt);
    }
    expect(system.logged("ledger", "transfer").filter(({ from }) => from === payer.address)).toHaveLength(1);
  });

  test("adds the time of two payments made at once", async () => {
    const { session, expiresAt } = await buy("/stream");
    const [one, other] = await Promise.all([buy("/stream", bearer(session)), buy("/stream", bearer(session))]);
    expect([one.session, other.session]).toEqual([session, session]);
    const last = Math.max(Date.parse(one.expiresAt), Date.parse(other.expiresAt));
    expect(last).toBe(Date.parse(expiresAt) + 1_200_000);
  });

  test("does not open without a token, with a made-up one, or with the payer's address", async () => {
    const { session, payer } = await buy("/stream");
    const madeUp = `${session.slice(0, -2)}${session.endsWith("AA") ? "BB" : "AA"}`;
    for (const token of [madeUp, "x".repeat(43), payer.address, "", "../../etc", "a b"]) {
      const response = await fetch(system.url("/stream"), { headers: { ...bearer(token), "x-payer": payer.address } });
      expect(response.status).toBe(402);
    }
  });

  test("does not open another route", async () => {
    const { session } = await buy("/stream");
    expect((await use("/search", session)).status).toBe(402);
  });

  test("does not tell the token again to a client that repeats the payment", async () => {
    const { paying } = await buy("/stream");
    const replay = await fetch(system.url("/stream"), { headers: paying });
    expect(replay.status).toBe(409);
    expect(await replay.text()).not.toContain("session");
  });

  test("gives one session for one payment sent 10 times at once", async () => {
    const payer = await system.payer();
    const { payload } = await makePayment(payer);
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => fetch(system.url("/search"), { headers: paymentHeader(payload) })),
    );
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array<number>(9).fill(409)]);
    expect(system.logged("ledger", "transfer").filter(({ from }) => from === payer.address)).toHaveLength(1);
  });

  test("binds a payment to the session it was sent to prolong", async () => {
    const { session } = await buy("/stream");
    const victim = await system.payer();
    const { payload } = await makePayment(victim);
    const headers = { ...bearer(session), ...paymentHeader(payload) };
    expect((await fetch(system.url("/stream"), { headers })).status).toBe(201);
    const diverted = { ...bearer("y".repeat(43)), ...paymentHeader(payload) };
    expect((await fetch(system.url("/stream"), { headers: diverted })).status).toBe(409);
  });
});

describe("a route paid for by calls", () => {
  test("serves as many calls as were bought, and no more", async () => {
    const { session, quotas } = await buy("/search");
    expect(quotas).toEqual({ calls: "3" });
    const { runs } = system.counts();
    const answers = await Promise.all(Array.from({ length: 8 }, () => use("/search", session)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 402, 402, 402, 402, 402]);
    const left = answers.flatMap((answer) => answer.headers.get("x-calls-left") ?? []);
    expect(left.sort()).toEqual(["0", "1", "2"]);
    expect(system.counts().runs).toBe(runs + 3);
  });

  test("is bought as a session of its own where that of another route is presented", async () => {
    const { session: ofTime } = await buy("/stream");
    const { session, quotas } = await buy("/search", bearer(ofTime));
    expect(session).not.toBe(ofTime);
    expect(quotas).toEqual({ calls: "3" });
    expect((await use("/search", session)).status).toBe(200);
    expect((await use("/stream", ofTime)).status).toBe(200);
  });

  test("adds calls to a session that pays again", async () => {
    const { session } = await buy("/search");
    expect((await use("/search", session)).status).toBe(200);
    const more = await buy("/search", bearer(session));
    expect(more).toMatchObject({ session, quotas: { calls: "5" } });
  });

  test("gives a call back that the upstream did not serve", async () => {
    const { session } = await buy("/search");
    await system.upstream({ fail: true });
    for (let request = 0; request < 5; request += 1) expect((await use("/search", session)).status).toBe(502);
    await system.upstream({ fail: false });
    const response = await use("/search", session);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-calls-left")).toBe("2");
  });
});
