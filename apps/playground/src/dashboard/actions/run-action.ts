// Runs the dashboard's actions: each with its own small body, one of a kind at a time, the latest ones remembered.
import { z } from "zod";
import { keyHeader } from "../operator-key.ts";
import type { ActionName, ActionResult, ActionSummary, DashboardState } from "../state.ts";
import { type ActionContext, NotNow, type Outcome } from "./action.ts";
import { burst } from "./burst.ts";
import { curlOf } from "./curl.ts";
import { hop } from "./hop.ts";
import { pay } from "./pay.ts";
import { kill, restart } from "./processes.ts";
import { replay } from "./replay.ts";

/** The body is not what the action takes. */
export class BadBody extends Error {
  override readonly name = "BadBody";
}

/** Starts or stops the comparison. */
export type CompareOrder = "start" | "stop";

export interface Actions {
  /** Throws BadBody, or NotNow where it cannot be done just now, also while the same action is running. */
  run(name: ActionName, body: unknown): Promise<ActionResult>;
  state(): DashboardState["actions"];
}

export interface ActionsOptions {
  context: ActionContext;
  /** The operator's. */
  key: string;
  compare(order: CompareOrder): Promise<Outcome>;
  /** Told whenever `state` is another. */
  onChange(): void;
}

const mostRemembered = 12;
const nothing = z.strictObject({});
const instance = z.strictObject({ instance: z.string().regex(/^gateway-\d{1,4}$/) });
const order = z.strictObject({ order: z.enum(["start", "stop"]) });

/** What there is, by name. */
export function isActionName(name: string): name is ActionName {
  return ["pay", "burst", "replay", "hop", "kill", "restart", "compare"].includes(name);
}

export function actions({ context, key, compare, onChange }: ActionsOptions): Actions {
  const running = new Set<ActionName>();
  let latest: ActionSummary[] = [];
  let lastId = 0;

  const act: Record<ActionName, (body: unknown) => Promise<Outcome>> = {
    pay: withBody(nothing, () => pay(context)),
    burst: withBody(nothing, () => burst(context)),
    replay: withBody(nothing, () => replay(context)),
    hop: withBody(nothing, () => hop(context)),
    kill: withBody(instance, (body) => kill(context, body.instance)),
    restart: withBody(instance, (body) => restart(context, body.instance)),
    compare: withBody(order, (body) => compare(body.order)),
  };
  /** Where an action is no request to the gateway, the request to us is what can be repeated. */
  const ownCurl = (name: ActionName, body: unknown) =>
    curlOf(context.url, {
      method: "POST",
      path: `/dashboard/actions/${name}`,
      headers: { "content-type": "application/json", [keyHeader]: key },
      body: JSON.stringify(body),
    });

  return {
    async run(name, body) {
      if (running.has(name)) throw new NotNow("This is being done already; wait until it is over.");
      running.add(name);
      onChange();
      try {
        const { curl, ...outcome } = await act[name](body);
        lastId += 1;
        const summary: ActionSummary = { id: lastId, at: Date.now(), name, ...outcome };
        latest = [summary, ...latest].slice(0, mostRemembered);
        return { ...summary, curl: curl.length > 0 ? curl : [ownCurl(name, body)] };
      } finally {
        running.delete(name);
        onChange();
      }
    },
    state: () => ({ latest, running: [...running], canReplay: context.lastPayment !== undefined }),
  };
}

function withBody<B>(schema: z.ZodType<B>, run: (body: B) => Promise<Outcome>): (body: unknown) => Promise<Outcome> {
  return async (body) => {
    const parsed = schema.safeParse(body);
    // Which fields, never what was in them.
    if (!parsed.success) throw new BadBody("The body is not what this action takes.");
    return run(parsed.data);
  };
}
