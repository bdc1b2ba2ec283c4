// One call of a session's quota for one request.
import { StoreError } from "@tollbooth-stores/core";
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

/** Throws STORE_CONFIG, where the route is made, for a quota that no session of its `grant` has. */
export function requireSpend(quota: string, { grant }: SpendOptions = {}): void {
  const sold = Object.keys(grant?.quotas ?? {});
  if (grant === undefined || sold.includes(quota)) return;
  const names = sold.map((name) => JSON.stringify(name)).join(", ") || "none";
  throw new StoreError(
    "STORE_CONFIG",
    `spend(${JSON.stringify(quota)}): the grant has no such quota. It has: ${names}.`,
  );
}

/**
 * Takes one call. Where none is left: 402 (or `status`); where the session is over: 401; where the store is away: 503 with
 * Retry-After, and the call may be spent.
 */
export async function spendCall(
  session: Pick<RequestSession<unknown>, "spend">,
  quota: string,
  { status = 402 }: SpendOptions = {},
): Promise<{ spent: Extract<Spent, { status: "ok" }>; refused?: undefined } | { spent?: undefined; refused: Answer }> {
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
