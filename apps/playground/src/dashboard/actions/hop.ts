// Buys a session from one instance and uses it on the others.
import type { RouteConfig } from "@tollbooth-stores/example";
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { ask } from "./ask.ts";
import { curlOf } from "./curl.ts";
import { limitOf, purchase, sessionUse, whyNotBought } from "./purchase.ts";

export async function hop(context: ActionContext): Promise<Outcome> {
  const { config, url, instances } = context;
  const [best] = config.routes
    .filter(({ kind }) => kind !== "per-request")
    .map((route) => ({ route, uses: usesOf(route, context) }))
    .sort((a, b) => b.uses - a.uses);
  if (best === undefined || best.uses < 1) throw new NotNow("No route here is sold by session.");
  const { route } = best;
  const title = "Hop across instances";
  const bought = await purchase(context, route);
  const use = sessionUse(bought, route);
  if (use === undefined) {
    return { title, outcome: whyNotBought(bought), ok: false, answers: bought.answers, curl: bought.curl };
  }
  const wanted = Math.max(3, instances.list().length + 1);
  const hops = [];
  for (let hopped = 0; hopped < Math.min(best.uses, wanted); hopped += 1) hops.push((await ask(url, use)).summary);
  const served = hops.filter(({ status }) => status === 200);
  const on = new Set(served.flatMap(({ instance = [] }) => instance));
  const alone =
    instances.list().length > 1
      ? ""
      : "There is only one instance to hop to; start with --instances 3 --redis for more. ";
  const ok = served.length === hops.length;
  return {
    title,
    outcome: ok
      ? `${alone}Bought on ${bought.last.summary.instance}, and good on ${[...on].sort().join(", ")}: ${served.length} of ${hops.length} uses served.`
      : `Bought on ${bought.last.summary.instance}, but ${hops.length - served.length} of ${hops.length} uses were not served.`,
    ok,
    answers: [...bought.answers, ...hops],
    curl: [...bought.curl, curlOf(url, use)],
  };
}

/** How often one purchase may be used at once. The purchase counts against the limit, too. */
function usesOf(route: RouteConfig, { config }: ActionContext): number {
  const allowed = limitOf(config, route).limit - 1;
  return route.kind === "calls" ? Math.min(route.calls, allowed) : allowed;
}
