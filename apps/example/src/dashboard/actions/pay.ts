// Pays once: the price, a signature for exactly that, and the answer with its receipt.
import type { ActionContext, Outcome } from "./action.ts";
import { NotNow } from "./action.ts";
import { purchase } from "./purchase.ts";

export async function pay(context: ActionContext): Promise<Outcome> {
  const { routes } = context.config;
  const route = routes.find(({ kind }) => kind === "per-request") ?? routes[0];
  if (route === undefined) throw new NotNow("Nothing is sold here.");
  const { last, answers, curl } = await purchase(context, route);
  const { status } = last.summary;
  return {
    title: "Pay once",
    outcome: outcomeOf(status, route.price, last.response.headers.has("payment-response")),
    ok: status === 200 || status === 201,
    answers,
    curl,
  };
}

function outcomeOf(status: number, price: string, settled: boolean): string {
  if (settled) return `Paid ${price}: verified, served and settled once.`;
  if (status === 429) return "Not paid: a limit is used up. Nothing was charged.";
  if (status === 503 || status === 0)
    return "Not known yet whether it was paid. Replaying sends the same payment again; it cannot be charged twice.";
  return `Not paid: the gateway answered ${status}. Nothing was charged.`;
}
