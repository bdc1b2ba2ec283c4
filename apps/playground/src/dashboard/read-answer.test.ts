// What the dashboard learns from answers as the gateway writes them, and what it never keeps.
import { rateLimitHeaders } from "@tollbooth-stores/core";
import { buyer, demoAccount, payTo, simulatedChain } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import type { Passed } from "../fleet/front.ts";
import { answerReader } from "./read-answer.ts";

const payer = demoAccount("read answer test");
const token = "t".repeat(43);
const expiresAt = "2026-01-01T00:10:00.000Z";
const now = Date.parse("2026-01-01T00:00:00.000Z");
const { network, token: asset } = simulatedChain;

async function signed(): Promise<Record<string, string>> {
  const extra = { name: asset.name, version: asset.version };
  const price = { scheme: "exact", network, asset: asset.address, amount: "1", payTo, maxTimeoutSeconds: 60, extra };
  const client = buyer(payer);
  return client.headersOf(await client.sign({ x402Version: 2, resource: { url: "http://test/" }, accepts: [price] }));
}

function passed(change: Partial<Passed> = {}): Passed {
  const base = {
    instance: "gateway-1",
    pid: 1,
    method: "GET",
    path: "/stream?of=tea",
    client: "127.0.0.1",
    status: 200,
  };
  return { ...base, ms: 1, requestHeaders: {}, answerHeaders: {}, bought: undefined, ...change };
}

/** As an HTTP answer has them. */
function limits(...names: string[]): Record<string, string> {
  const said = names.map((name, n) => ({ name, windowMs: 60_000, limit: 9, remaining: n, resetAfterMs: 1_500 }));
  const headers = rateLimitHeaders(said.map((one) => ({ ...one, allowed: true, retryAfterMs: 0, source: "store" })));
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const lower = (headers: Record<string, string>) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

test("an address is told by the connection, and by a proxy's word only where one is trusted", () => {
  const answer = passed({ requestHeaders: { "x-forwarded-for": "10.9.9.9" }, answerHeaders: limits("ip") });
  const told = { limiter: "ip", at: now, limit: 9, remaining: 0, resetsAtMs: now + 2_000, allowed: true };
  expect(answerReader(() => 0)(answer, now).decisions).toEqual([{ ...told, client: "127.0.0.1" }]);
  expect(answerReader(() => 1)(answer, now).decisions).toEqual([{ ...told, client: "10.9.9.9" }]);
});

test("a payer is told by the payment, then by the token that was bought with it; 429 is of the last limiter asked", async () => {
  const read = answerReader(() => 0);
  const both = limits("ip", "payer GET /stream");
  const bought = JSON.stringify({ session: token, expiresAt, quotas: {} });
  const paid = read(passed({ requestHeaders: lower(await signed()), answerHeaders: both, bought, status: 201 }), now);
  expect(paid.decisions.map(({ client }) => client)).toEqual(["127.0.0.1", payer.address.toLowerCase()]);
  const [{ id } = expect.fail("There is no session.")] = paid.sessions;
  expect(paid.sessions).toEqual([
    { id, at: now, route: "GET /stream", payer: payer.address, expiresAtMs: Date.parse(expiresAt) },
  ]);

  const requestHeaders = { authorization: `Bearer ${token}` };
  const used = read(
    passed({ requestHeaders, answerHeaders: { ...both, "x-session-expires": expiresAt, "x-calls-left": "2" } }),
    now,
  );
  expect(used.sessions).toMatchObject([{ id, payer: payer.address, callsLeft: 2 }]);
  const refused = read(passed({ requestHeaders, answerHeaders: both, status: 429 }), now);
  expect(refused.decisions.map(({ client, allowed }) => [client, allowed])).toEqual([
    ["127.0.0.1", true],
    [payer.address.toLowerCase(), false],
  ]);
  expect(read(passed({ requestHeaders, status: 402 }), now)).toEqual({
    decisions: [],
    sessions: [],
    sessionsOver: [{ id, at: now }],
  });
  expect(JSON.stringify([paid, used, refused])).not.toContain(token);
});

test("a token that is not known is shown as a session without a payer, and counts for no payer's limit", () => {
  const answerHeaders = { ...limits("ip", "payer GET /stream"), "x-session-expires": expiresAt };
  const read = answerReader(() => 0)(
    passed({ requestHeaders: { authorization: `Bearer ${token}` }, answerHeaders }),
    now,
  );
  expect(read.decisions.map(({ limiter }) => limiter)).toEqual(["ip"]);
  expect(read.sessions).toMatchObject([{ payer: "", expiresAtMs: Date.parse(expiresAt) }]);
});

test("a payment that was refused ends no session, and a price that was asked for is no session", async () => {
  const read = answerReader(() => 0);
  const requestHeaders = { authorization: `Bearer ${token}`, ...lower(await signed()) };
  expect(read(passed({ requestHeaders, status: 402 }), now).sessionsOver).toEqual([]);
  expect(read(passed({ status: 402 }), now).sessionsOver).toEqual([]);
});

test.each([
  ["no header", {}],
  ["no numbers", { ratelimit: '"ip"', "ratelimit-policy": '"ip"' }],
  ["a limiter without a policy", { ratelimit: '"ip";r=1;t=2', "ratelimit-policy": '"other";q=1' }],
])("an answer with %s tells of no limit", (_what, answerHeaders) => {
  expect(answerReader(() => 0)(passed({ answerHeaders }), now).decisions).toEqual([]);
});

test.each(["not base64 at all", "e30=", ""])("a payment header of %j names no payer", (header) => {
  const bought = JSON.stringify({ session: token, expiresAt, quotas: {} });
  const read = answerReader(() => 0)(passed({ requestHeaders: { "payment-signature": header }, bought }), now);
  expect(read.sessions).toEqual([]);
});
