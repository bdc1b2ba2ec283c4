// A purchase as a buyer makes it: ask, read the price, sign, and ask again with the payment.

import { randomInt } from "node:crypto";
import type { GatewayConfig, Limit, RouteConfig } from "@tollbooth-stores/example";
import { buyer, demoAccount, fundedAccounts, payerLabel } from "@tollbooth-stores/sandbox";
import { z } from "zod";
import type { AnswerSummary } from "../state.ts";
import type { ActionContext } from "./action.ts";
import { type Asked, ask, storesAwayNote } from "./ask.ts";
import { type AskedFor, curlOf } from "./curl.ts";

export interface Purchase {
  /** The answer to the payment, or to the request without one where no price came. */
  last: Asked;
  answers: AnswerSummary[];
  curl: string[];
}

let turn = randomInt(fundedAccounts);

/** Another payer each time, so that no action meets the limits of the one before. */
function nextPayer() {
  turn = (turn + 1) % fundedAccounts;
  return buyer(demoAccount(payerLabel(turn)));
}

/** Buys `route` once with a new payment. Throws where the gateway's price cannot be paid. */
export async function purchase(context: ActionContext, { method, path }: RouteConfig): Promise<Purchase> {
  const { url } = context;
  const unpaid: AskedFor = { method, path };
  const offered = await ask(url, unpaid);
  const before = { answers: [offered.summary], curl: [curlOf(url, unpaid)] };
  if (offered.summary.status !== 402) return { last: offered, ...before };
  const client = nextPayer();
  const { status, headers } = offered.response;
  const price = await client.readPrice(new Response(offered.body, { status, headers }));
  const paying: AskedFor = { method, path, headers: client.headersOf(await client.sign(price)) };
  // Remembered before it is sent: where the answer is lost, this is the payment to send again.
  const remembered = { asked: paying, settled: false };
  context.lastPayment = remembered;
  const last = await ask(url, paying);
  remembered.settled = last.response.headers.has("payment-response");
  return { last, answers: [...before.answers, last.summary], curl: [...before.curl, curlOf(url, paying)] };
}

/** What became of a purchase that was not answered with what was bought, as a sentence or two. */
export function whyNotBought({ last, answers }: Purchase): string {
  const { status } = last.summary;
  const answered = last.summary.note === storesAwayNote ? `${status}: ${storesAwayNote}` : status;
  const said = status === 0 ? "no answer came" : `the gateway answered ${answered}`;
  if (status === 429) return "Not paid: a limit is used up. Nothing was charged.";
  if (answers.length === 1) return `Not paid: asked for the price, ${said}. No payment was sent.`;
  if (status === 503 || status === 0)
    return "Not known yet whether it was paid. Replaying sends the same payment again; it cannot be charged twice.";
  return `Not paid: ${said}. Nothing was charged.`;
}

const sold = z.object({ session: z.string() });

/** The request that uses a session that was bought; undefined where none was. */
export function sessionUse({ last }: Purchase, { method, path }: RouteConfig): AskedFor | undefined {
  if (last.summary.status !== 201) return undefined;
  const { session } = sold.parse(JSON.parse(last.body));
  return { method, path, headers: { authorization: `Bearer ${session}` } };
}

/** What a payer may do on a route. */
export function limitOf(config: GatewayConfig, route: RouteConfig): Limit {
  return route.perPayer ?? config.limits.perPayer;
}
