// One call of a session's quota for one request.
import { StoreError } from "@tollbooth-stores/core";
import { type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
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
   * shows at the first call of a payer: 403.
   */
  grant?: { readonly quotas?: Readonly<Record<string, bigint>> | undefined } | undefined;
}

const optionNames: OptionNames<SpendOptions> = { status: true, header: true, grant: true };

/** Throws STORE_CONFIG for options that would fail once a call is spent, and for a quota that no sold session has. */
export function requireSpendable(quota: string, options: SpendOptions = {}): void {
  requireKnownOptions(options, optionNames);
  const { status = 402, header = "x", grant } = options;
  if (typeof quota !== "string" || quota.length < 1 || quota.length > 128 || !quota.isWellFormed()) {
    throw new StoreError("STORE_CONFIG", "spend needs the name of a quota, of 1 to 128 characters.");
  }
  if (status !== 402 && status !== 403) throw new StoreError("STORE_CONFIG", "status must be 402 or 403.");
  if (typeof header !== "string" || !/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(header)) {
    throw new StoreError("STORE_CONFIG", "header must be the name of a header, of 1 to 100 characters.");
  }
  const sold = Object.keys(Object(Object(grant).quotas));
  if (grant !== undefined && !sold.includes(quota)) {
    const names = sold.map((name) => JSON.stringify(name)).join(", ") || "none";
    throw new StoreError(
      "STORE_CONFIG",
      `spend(${JSON.stringify(quota)}): the grant has no such quota. It has: ${names}.`,
    );
  }
}

/**
 * Takes one call. Where none is left: 402 (or `status`); where the session never had such a quota: 403, because paying for it again may
 * give none either; where the session is over: 401; where the store is away: 503 with Retry-After, and the call may be spent.
 */
export async function spendCall(
  session: Pick<RequestSession<unknown>, "spend"> & Partial<Pick<RequestSession<unknown>, "record">>,
  quota: string,
  { status = 402 }: SpendOptions = {},
): Promise<{ spent: Extract<Spent, { status: "ok" }>; refused?: undefined } | { spent?: undefined; refused: Answer }> {
  try {
    const spent = await session.spend(quota);
    if (spent.status === "ok") return { spent };
    if (spent.status === "missing") return { refused: problem(401, "session_over", "The session is over.") };
    const { record } = session;
    if (record !== undefined && !Object.hasOwn(record.quotas ?? {}, quota)) {
      const message = `This session was given no quota ${JSON.stringify(quota)}. No call of it was spent.`;
      return { refused: problem(403, "no_such_quota", message) };
    }
    return { refused: problem(status, "no_calls_left", "This session has no call left.") };
  } catch (error) {
    const refused = storeFailure(error);
    if (refused === undefined) throw error;
    return { refused };
  }
}
