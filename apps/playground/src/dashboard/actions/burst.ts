// Asks faster than is allowed, until a limit says so, and counts what was let through.
import type { Limit, RouteConfig } from "@tollbooth-stores/example";
import type { AnswerSummary } from "../state.ts";
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { ask } from "./ask.ts";
import { type AskedFor, curlOf } from "./curl.ts";
import { limitOf, purchase, sessionUse, whyNotBought } from "./purchase.ts";

/** Never more than these in all, so many at a time. */
const mostRequests = 50;
const atOnce = 5;

const title = "Burst until 429";

/** On the session with the narrowest limit; where none is sold, on the price of the first route. */
export async function burst(context: ActionContext): Promise<Outcome> {
  const { config } = context;
  const [narrowest] = config.routes
    .filter(({ kind }) => kind === "time-window")
    .sort((a, b) => limitOf(config, a).limit - limitOf(config, b).limit);
  return narrowest === undefined ? burstOnPrice(context) : burstOnSession(context, narrowest);
}

async function burstOnSession(context: ActionContext, route: RouteConfig): Promise<Outcome> {
  const { config, url } = context;
  const bought = await purchase(context, route);
  const { answers, curl } = bought;
  const use = sessionUse(bought, route);
  if (use === undefined) return { title, outcome: whyNotBought(bought), ok: false, answers, curl };
  const uses = await untilLimited(url, use);
  const all = { title, answers: [...answers, ...uses], curl: [...curl, curlOf(url, use)] };
  const admitted = countOf(uses, 200);
  const unknown = countOf(uses, 402);
  if (unknown > 0) {
    const outcome = `${unknown} of ${uses.length} uses met an instance that did not know the session; ${admitted} admitted.`;
    return { ...all, outcome, ok: false };
  }
  return { ...all, ...judged(limitOf(config, route), `${admitted} admitted`, admitted, uses) };
}

async function burstOnPrice({ config, url }: ActionContext): Promise<Outcome> {
  const [route] = config.routes;
  if (route === undefined) throw new NotNow("Nothing is sold here.");
  const asked: AskedFor = { method: route.method, path: route.path };
  const answers = await untilLimited(url, asked);
  const admitted = countOf(answers, 402);
  const verdict = judged(config.limits.perIp, `${admitted} admitted`, admitted, answers);
  return { title, answers, curl: [curlOf(url, asked)], ...verdict };
}

async function untilLimited(url: string, asked: AskedFor): Promise<AnswerSummary[]> {
  const answers: AnswerSummary[] = [];
  while (answers.length < mostRequests && countOf(answers, 429) === 0) {
    const more = Math.min(atOnce, mostRequests - answers.length);
    const wave = await Promise.all(Array.from({ length: more }, () => ask(url, asked)));
    answers.push(...wave.map(({ summary }) => summary));
  }
  return answers;
}

function judged(
  { limit, window }: Limit,
  counted: string,
  admitted: number,
  answers: readonly AnswerSummary[],
): Pick<Outcome, "outcome" | "ok"> {
  const rule = `${limit} in ${window / 1_000} s are allowed`;
  const refused = countOf(answers, 429);
  if (admitted > limit) return { outcome: `${counted}, where ${rule}.`, ok: false };
  if (refused === 0) return { outcome: `No limit was met in ${answers.length} requests: ${rule}.`, ok: false };
  return { outcome: `${counted}, ${refused} refused with 429: ${rule}.`, ok: true };
}

function countOf(answers: readonly AnswerSummary[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}
