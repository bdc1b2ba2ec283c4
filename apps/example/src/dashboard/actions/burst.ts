// Asks faster than is allowed, until a limit says so, and counts what was let through.
import type { Limit, RouteConfig } from "../../gateway/gateway-config.ts";
import type { AnswerSummary } from "../state.ts";
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { ask } from "./ask.ts";
import { type AskedFor, curlOf } from "./curl.ts";
import { limitOf, type Purchase, purchase, sessionUse } from "./purchase.ts";

/** Never more than these in all, so many at a time. */
const mostRequests = 50;
const atOnce = 5;

export async function burst(context: ActionContext): Promise<Outcome> {
  const { config, url } = context;
  const [narrowest] = config.routes
    .filter(({ kind }) => kind === "time-window")
    .sort((a, b) => limitOf(config, a).limit - limitOf(config, b).limit);
  const route = narrowest ?? config.routes[0];
  if (route === undefined) throw new NotNow("Nothing is sold here.");
  const title = "Burst until 429";
  const bought = narrowest && (await purchase(context, narrowest));
  const use = bought ? sessionUse(bought, route) : { method: route.method, path: route.path };
  if (use === undefined) {
    const { answers = [], curl = [] } = bought ?? {};
    const limited = answers.some(({ status }) => status === 429);
    return { title, outcome: "The limit is used up already; no session was sold.", ok: limited, answers, curl };
  }
  const uses = await untilLimited(url, use);
  return { title, ...judged(context, route, bought, uses), curl: [...(bought?.curl ?? []), curlOf(url, use)] };
}

async function untilLimited(url: string, use: AskedFor): Promise<AnswerSummary[]> {
  const uses: AnswerSummary[] = [];
  while (uses.length < mostRequests && !uses.some(({ status }) => status === 429)) {
    const more = Math.min(atOnce, mostRequests - uses.length);
    const wave = await Promise.all(Array.from({ length: more }, () => ask(url, use)));
    uses.push(...wave.map(({ summary }) => summary));
  }
  return uses;
}

function judged(
  { config }: ActionContext,
  route: RouteConfig,
  bought: Purchase | undefined,
  uses: readonly AnswerSummary[],
): Pick<Outcome, "outcome" | "ok" | "answers"> {
  const limit: Limit = bought ? limitOf(config, route) : config.limits.perIp;
  const answers = [...(bought?.answers ?? []), ...uses];
  const denied = uses.filter(({ status }) => status === 429).length;
  const unpaid = uses.filter(({ status }) => status === 402).length;
  const served = uses.filter(({ status }) => status === 200).length;
  // The purchase was the first request of this payer.
  const admitted = bought ? served + 1 : unpaid;
  const rule = `${limit.limit} in ${limit.windowMs / 1_000} s are allowed`;
  const counted = bought ? `${admitted} admitted, the purchase included` : `${admitted} admitted`;
  if (bought && unpaid > 0) {
    const outcome = `${unpaid} of ${uses.length} uses met an instance that did not know the session; ${counted}.`;
    return { outcome, ok: false, answers };
  }
  if (admitted > limit.limit) return { outcome: `${counted}, where ${rule}.`, ok: false, answers };
  if (denied === 0) return { outcome: `No limit was met in ${uses.length} requests: ${rule}.`, ok: false, answers };
  return { outcome: `${counted}, ${denied} refused with 429: ${rule}.`, ok: true, answers };
}
