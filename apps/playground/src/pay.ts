// `npm run pay`: one buyer's whole tour of a running gateway, every step printed. Signs for real; only the ledger is simulated.

import { randomInt } from "node:crypto";
import { type Buyer, buyer, demoAccount, fundedAccounts, payerLabel } from "@tollbooth-stores/sandbox";
import { repeat503 } from "@tollbooth-stores/x402/buyer";
import { decodePaymentResponseHeader } from "@x402/core/http";
import { z } from "zod";
import { readCommand, UsageError } from "./command-line.ts";

const sessionSchema = z.object({
  session: z.string(),
  expiresAt: z.string(),
  quotas: z.object({ calls: z.string().optional() }),
});

let step = 0;
function say(title: string): void {
  step += 1;
  console.log(`\n${step}. ${title}`);
}
const detail = (name: string, value: unknown) => console.log(`   ${name.padEnd(14)} ${String(value)}`);

async function show(response: Response): Promise<string> {
  const body = await response.text();
  detail("answer", `${response.status} ${body.length > 160 ? `${body.slice(0, 157)}...` : body.trim()}`);
  const receipt = response.headers.get("payment-response");
  if (receipt !== null) detail("settled by", decodePaymentResponseHeader(receipt).transaction);
  return body;
}

/** A request that carries a payment: 503 asks for the same payment again, and gets it. */
const sendPaid = repeat503(fetch, {
  async onRepeat({ answer, waitMs }) {
    if (answer === undefined) detail("answer", "none came");
    else await show(answer);
    detail("not known yet", `the same payment again in ${waitMs / 1_000} s`);
  },
});

/** The tour stops where the gateway does not do what it should. */
function expectStatus(response: Response, status: number): void {
  if (response.status !== status) throw new Error(`Expected ${status}, got ${response.status}.`);
}

async function payPerRequest(url: string, client: Buyer): Promise<void> {
  say("Ask for a quote without paying");
  const required = await client.priceOf(url);
  const [price] = required.accepts;
  detail("answer", "402 Payment Required");
  detail("price", `${price?.amount} units of ${price?.asset} on ${price?.network}`);
  detail("pay to", price?.payTo);

  say("Sign an EIP-3009 authorization for exactly that");
  const payment = await client.sign(required);
  detail("payer", client.account.address);
  detail("payload", `${JSON.stringify(payment.payload).slice(0, 100)}...`);

  say("Ask again with the payment: verified, served, settled");
  const headers = client.headersOf(payment);
  const paid = await sendPaid(url, { headers });
  await show(paid);
  expectStatus(paid, 200);

  say("Send the same payment again: refused, nothing charged");
  const replay = await sendPaid(url, { headers });
  await show(replay);
  expectStatus(replay, 409);
}

async function buySession(
  client: Buyer,
  url: string,
  init: Pick<RequestInit, "method"> = {},
): Promise<Record<string, string>> {
  const payment = await client.sign(await client.priceOf(url, init));
  const response = await sendPaid(url, { ...init, headers: client.headersOf(payment) });
  const body = await show(response);
  expectStatus(response, 201);
  return { authorization: `Bearer ${sessionSchema.parse(JSON.parse(body)).session}` };
}

async function payForTime(url: string, client: Buyer): Promise<void> {
  say("Buy ten minutes of /stream");
  const headers = await buySession(client, url);
  say("Use it: no payment, only the session's token");
  const used = await fetch(url, { headers });
  await show(used);
  expectStatus(used, 200);
  say("Buy ten more minutes for the same session");
  // The price is asked for without the token: with it, the route is open.
  const payment = await client.sign(await client.priceOf(url));
  const prolonged = await sendPaid(url, { headers: { ...headers, ...client.headersOf(payment) } });
  await show(prolonged);
  expectStatus(prolonged, 201);

  say("Use it faster than its limit allows");
  for (let request = 1; request <= 10; request += 1) {
    const response = await fetch(url, { headers });
    detail(`request ${request}`, `${response.status}  RateLimit: ${response.headers.get("ratelimit") ?? "-"}`);
    await response.arrayBuffer();
    if (response.status !== 429) continue;
    detail("retry after", `${response.headers.get("retry-after")} s`);
    return;
  }
  throw new Error("Expected the limit to be reached.");
}

async function payForCalls(url: string, client: Buyer): Promise<void> {
  say("Buy three calls of /search");
  const headers = await buySession(client, url, { method: "POST" });
  say("Spend them, and one more");
  for (const status of [200, 200, 200, 402]) {
    const response = await fetch(url, { method: "POST", headers });
    detail("answer", `${response.status}  calls left: ${response.headers.get("x-calls-left") ?? "-"}`);
    await response.arrayBuffer();
    expectStatus(response, status);
  }
}

async function main(): Promise<void> {
  const { options, help } = readCommand(process.argv.slice(2), ["url", "payer"], []);
  if (help !== undefined) return console.log(help);
  const base = (options.url ?? "http://127.0.0.1:4021").replace(/\/+$/, "");
  if (!URL.canParse(base)) throw new UsageError("--url must be the gateway's address, e.g. http://127.0.0.1:4021.");
  if (options.payer !== undefined && !/^\d{1,2}$/.test(options.payer)) {
    throw new UsageError(`--payer must be the number of a funded payer, 0 to ${fundedAccounts - 1}.`);
  }
  // Another payer each time, so that a second run within the minute meets no limit of the first.
  const client = buyer(demoAccount(payerLabel(Number(options.payer ?? randomInt(fundedAccounts)))));
  await fetch(`${base}/healthz`).catch(() => {
    throw new UsageError(`No gateway answers at ${base}. Start one with npm start, or give its --url.`);
  });
  await payPerRequest(`${base}/quote`, client);
  await payForTime(`${base}/stream`, client);
  await payForCalls(`${base}/search`, client);
  console.log("\nDone: every step went as it should.");
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
