// Pays once: the price, a signature for exactly that, and the answer with its receipt.
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { purchase, whyNotBought } from "./purchase.ts";

export async function pay(context: ActionContext): Promise<Outcome> {
  const { routes } = context.config;
  const route = routes.find(({ kind }) => kind === "per-request") ?? routes[0];
  if (route === undefined) throw new NotNow("Nothing is sold here.");
  const bought = await purchase(context, route);
  const { last, answers, curl } = bought;
  const paid = last.response.headers.has("payment-response");
  return {
    title: "Pay once",
    outcome: paid ? `Paid ${route.price}: verified, served and settled once.` : whyNotBought(bought),
    ok: paid,
    answers,
    curl,
  };
}
