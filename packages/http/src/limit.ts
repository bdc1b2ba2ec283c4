// One limit of a route: what the client is told, and whether the request goes on.
import {
  type LimiterDecision,
  type RateLimiter,
  rateLimiter,
  rateLimitHeaders,
  StoreError,
} from "@tollbooth-stores/core";
import { checkArguments, type OptionNames, requireKnownOptions } from "@tollbooth-stores/core/native";
import { type Answer, problem } from "./answer.ts";
import type { KnownPayments, RequestContext } from "./paid-gate.ts";
import { storeFailure } from "./store-failure.ts";

export interface LimitOptions {
  /**
   * The gate that a limit stands in front of, or all of them. A payment that one of them knows passes, and uses nothing up: its payer
   * was charged, or may have been, and asks again for the answer. Where none can tell, what the limit denies is 503, not 429. Put the
   * limit directly before the gate: what else answers such a request, a session say, is under no limit.
   */
  unlessKnownTo?: KnownPayments | readonly KnownPayments[] | undefined;
}

const optionNames: OptionNames<LimitOptions> = { unlessKnownTo: true };

export interface LimitTaken {
  /** For every answer to this request: tells all its limits together. By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The answer, where the request does not go on. It has the headers. */
  readonly refused?: Answer | undefined;
}

const longestKey = 1_024;
/** What the limits of a request decided, in their order. */
const decided = new WeakMap<object, readonly LimiterDecision[]>();

/**
 * The gates of a limit. Throws STORE_CONFIG where a middleware was given no rule, nothing that names its clients, or an option that
 * cannot be meant.
 */
export function limitGates(rule: unknown, keyOf: unknown, options: LimitOptions = {}): readonly KnownPayments[] {
  return checkArguments("limit", () => {
    requireRule(rule);
    if (typeof keyOf !== "function") {
      throw wrong("keyOf must be a function that names a request's client, such as clientIp({ trustedProxies: 0 }).");
    }
    if (typeof Object(options).knows === "function")
      throw wrong("give the gate as an option: { unlessKnownTo: gate }.");
    requireKnownOptions(options, optionNames);
    const { unlessKnownTo = [] } = options;
    const gates = [unlessKnownTo].flat();
    if (gates.every(isGate)) return gates;
    throw wrong("unlessKnownTo must be a gate, such as paidRoutes(...), or a list of gates.");
  });
}

const wrong = (message: string) => new StoreError("STORE_CONFIG", message);
const isGate = (gate: unknown) => typeof Object(gate).knows === "function";

function requireRule(rule: unknown): void {
  if (typeof rule === "function" && rule !== rateLimiter) return;
  throw wrong("rule must be a limiter: what rateLimiter(stores.rateLimits, { name, limit, window }) returns.");
}

/**
 * "pass": a gate knows the payment that the request brings. "take": the limit decides. An answer: no gate can tell. It takes the place
 * of a 429, which would have a payer that was charged sign anew; a request that the limit allows may go on to the gate, or get it as well.
 * Rejects as the gates do, but for failures of a store.
 */
export async function beforeLimit(
  gates: readonly KnownPayments[],
  contextOf: () => RequestContext,
): Promise<"pass" | "take" | Answer> {
  checkArguments("beforeLimit", () => {
    if (!Array.isArray(gates) || !gates.every(isGate)) throw wrong("gates must be a list of gates: [gate].");
    if (typeof contextOf !== "function") throw wrong("contextOf must be a function: () => contextOf(request).");
  });
  if (gates.length === 0) return "take";
  const context = contextOf();
  let failure: { error: unknown } | undefined;
  for (const gate of gates) {
    try {
      if ((await gate.knows(context)) === true) return "pass";
    } catch (error) {
      failure ??= { error };
    }
  }
  if (failure === undefined) return "take";
  context.signal?.throwIfAborted();
  if (storeFailure(failure.error) === undefined) throw failure.error;
  const message =
    "Whether this payment was taken before cannot be asked now. Send the same payment again; do not sign a new one.";
  return problem(503, "store_unavailable", message, { "retry-after": "1" });
}

/**
 * Takes one unit from the client's allowance. `request` is the framework's object that all limits of one request share; a
 * request that an earlier limit let through has used that one up. `key` names the client: without one (or with more than
 * 1,024 characters) the answer is 400, because a shared key would let one client use up the allowance of all.
 *
 * Denied: 429 with Retry-After. A store that cannot answer: 503 with Retry-After; only core's `failOpen` admits then. Rejects
 * with any other error of the limiter, and with STORE_CONFIG for arguments of other types.
 */
export async function takeFromLimit(
  rule: RateLimiter,
  request: object,
  key: string | undefined,
  signal?: AbortSignal | undefined,
): Promise<LimitTaken> {
  checkArguments("takeFromLimit", () => {
    requireRule(rule);
    if (Object(request) !== request) throw wrong("request must be the request's own object: (rule, request, key).");
    if (!["string", "undefined"].includes(typeof (key ?? undefined))) {
      throw wrong("key must be text that names the client, or undefined where it has no name. What does keyOf return?");
    }
  });
  const before = decided.get(request) ?? [];
  // Null, too, in plain JavaScript.
  if (!key || key.length > longestKey) {
    const message =
      "The request does not say who sends it, in at most 1,024 characters. So no limit can be kept for it.";
    return refusedWith(problem(400, "client_unknown", message), limitHeaders(before));
  }
  try {
    const decision = await rule(key, { signal });
    const all = [...before, decision];
    decided.set(request, all);
    const headers = limitHeaders(all);
    if (decision.allowed) return { headers };
    return refusedWith(
      problem(429, "too_many_requests", "Too many requests. Retry-After says when to come back."),
      headers,
    );
  } catch (error) {
    const answer = storeFailure(error);
    if (answer === undefined) throw error;
    return refusedWith(answer, limitHeaders(before));
  }
}

/** The headers that tell all limits of this request so far; none where it has none. By lower-case names. */
export function limitHeadersOf(request: object): Readonly<Record<string, string>> {
  return limitHeaders(decided.get(request) ?? []);
}

/** `headers` never has Retry-After of its own where `answer` is another refusal: a limit before it would have refused. */
function refusedWith(answer: Answer, headers: Readonly<Record<string, string>>): LimitTaken {
  return { headers, refused: { ...answer, headers: { ...answer.headers, ...headers } } };
}

/**
 * Each decision comes with its own headers, which alone know its name and window. Two of them are lists, and are joined; the
 * others tell the tightest decision, which core picks.
 */
function limitHeaders(decisions: readonly LimiterDecision[]): Record<string, string> {
  const together = Object.entries(rateLimitHeaders(decisions)).map(([name, value]) => {
    const isList = name === "RateLimit" || name === "RateLimit-Policy";
    return [name.toLowerCase(), isList ? decisions.map(({ headers }) => headers[name]).join(", ") : value];
  });
  return Object.fromEntries(together);
}
