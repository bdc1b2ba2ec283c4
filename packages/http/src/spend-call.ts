// One call of a session's quota for one request.
import { StoreError } from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type Answer, problem } from "./answer.ts";
import type { RequestSession, Spent } from "./request-session.ts";
import { storeFailure } from "./store-failure.ts";

export interface SpendOptions {
  /** The status where no call is left. Default 402. */
  status?: 402 | 403 | undefined;
  /** A header of the answer, such as "x-calls-left": how many calls are left. Not on an answer that gives its call back. */
  header?: string | undefined;
  /**
   * The `grant` of the sessions that are sold for this route: STORE_CONFIG at once where it has no such quota. Without it a misspelt quota
   * shows at the first call of a payer, as one that is used up.
   */
  grant?: { readonly quotas?: Readonly<Record<string, bigint>> | undefined } | undefined;
}

const optionNames: OptionNames<SpendOptions> = { status: true, header: true, grant: true };

/**
 * The arguments of a framework's spend(). Throws STORE_CONFIG where it is made, for what would show at a request only, and for a quota that
 * no session of its `grant` has.
 */
export function requireSpend(quota: string, options: SpendOptions = {}): void {
  checkArguments("spend", () => {
    if (typeof quota !== "string" || quota === "") throw wrong('quota must be the name of one, such as "calls".');
    requireKnownOptions(options, optionNames);
    const { status = 402, header = "x" } = options;
    if (status !== 402 && status !== 403) throw wrong("status must be 402 or 403, a number.");
    if (typeof header !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(header)) {
      throw wrong('header must be the name of one, such as "x-calls-left".');
    }
    if (options.grant !== undefined) requireGranted(quota, options.grant);
  });
}

function requireGranted(quota: string, grant: NonNullable<SpendOptions["grant"]>): void {
  if (typeof grant !== "object" || grant === null) throw wrong("grant must be that of sellSession, an object.");
  const { quotas = {} } = grant;
  if (Object.hasOwn(quotas, quota)) return;
  const names = Object.keys(quotas).map((name) => JSON.stringify(name));
  throw wrong(`The grant has no quota ${JSON.stringify(quota)}. It has: ${names.join(", ") || "none"}.`);
}

const wrong = (message: string) => new StoreError("STORE_CONFIG", message);

/**
 * Takes one call. Where none is left: 402 (or `status`); where the session is over: 401; where the store is away: 503 with
 * Retry-After, and the call may be spent.
 */
export async function spendCall(
  session: Pick<RequestSession<unknown>, "spend">,
  quota: string,
  options: SpendOptions = {},
): Promise<{ spent: Extract<Spent, { status: "ok" }>; refused?: undefined } | { spent?: undefined; refused: Answer }> {
  checkArguments("spendCall", () => {
    if (typeof Object(session).spend !== "function") throw wrong("session must be one of a sessionReader.");
    requireSpend(quota, options);
  });
  const { status = 402 } = options;
  try {
    const spent = await session.spend(quota);
    if (spent.status === "ok") return { spent };
    if (spent.status === "missing") return { refused: problem(401, "session_over", "The session is over.") };
    return { refused: problem(status, "no_calls_left", "This session has no call left.") };
  } catch (error) {
    const refused = storeFailure(error);
    if (refused === undefined) throw error;
    return { refused };
  }
}
