// What rate limits mean, as the plainest program that could say it: every time is found by search, none by formula.
import type { RateLimitCheck, RateLimitDecision } from "@tollbooth-stores/core";

/** One identity's past, in whatever form makes its balance plain to see. */
interface Account {
  /** Fixed window. */
  endMs: number;
  count: number;
  /** Sliding window: what was taken in each window since 1970. */
  taken: Map<number, number>;
  /** Token bucket: when it is full again, and how far ahead that was allowed to be, in microseconds. */
  fullAtUs: bigint;
  aheadUs: bigint;
  blockedUntilMs: number;
}

/** The model's receipt: the amount, and what its window is known by. */
export interface ModelReceipt {
  amount: number;
  mark: number | bigint;
}

type ModelDecision = Omit<RateLimitDecision, "receipt" | "source"> & { receipt?: ModelReceipt };

/** The same operations as the store's, at an instant that the caller names. */
export interface RateLimitModel {
  consume(check: RateLimitCheck, nowMs: number): ModelDecision;
  peek(check: RateLimitCheck, nowMs: number): ModelDecision;
  charge(check: RateLimitCheck, nowMs: number): ModelDecision;
  refund(check: RateLimitCheck, receipt: ModelReceipt, nowMs: number): ModelDecision;
  consumeAll(checks: readonly RateLimitCheck[], nowMs: number): { allowed: boolean; decisions: ModelDecision[] };
  block(check: RateLimitCheck, durationMs: number, nowMs: number): void;
  reset(check: RateLimitCheck, nowMs: number): boolean;
}

interface Terms {
  limit: number;
  capacity: number;
  windowMs: number;
  cost: number;
  algorithm: RateLimitCheck["policy"]["algorithm"];
}

function termsOf({ policy, cost = 1 }: RateLimitCheck): Terms {
  const { limit, algorithm, windowMs = 0 } = policy;
  const capacity = policy.algorithm === "token-bucket" ? (policy.burst ?? limit) : limit;
  return { limit, capacity, windowMs, cost, algorithm };
}

const intervalUs = ({ windowMs, limit }: Terms): bigint =>
  (BigInt(windowMs) * 1_000n + BigInt(limit) - 1n) / BigInt(limit);

/**
 * The account as it counts from `nowMs` on. It differs from what was written only where it lies further ahead than any
 * call could have brought it: then the clock stepped back. What was taken still counts, but as taken now.
 */
function asOf(account: Account, { algorithm, windowMs, limit }: Terms, nowMs: number): Account {
  if (algorithm === "fixed-window") {
    return account.endMs > nowMs + 2 * windowMs ? { ...account, endMs: nowMs + windowMs } : account;
  }
  if (algorithm === "sliding-window") {
    const here = Math.floor(nowMs / windowMs);
    const latest = Math.max(here, ...account.taken.keys());
    if (latest === here) return account;
    const current = account.taken.get(latest) ?? 0;
    const previous = account.taken.get(latest - 1) ?? 0;
    const all = Math.min(current + previous, 2 * limit);
    return { ...account, taken: new Map([[here, Math.max(all, current, previous)]]) };
  }
  const furthestUs = BigInt(nowMs) * 1_000n + account.aheadUs;
  return account.fullAtUs > furthestUs ? { ...account, fullAtUs: furthestUs } : account;
}

/** What may still be taken at `atMs` if nothing else happens; negative in debt. Never falls as time passes. */
function balance(account: Account, terms: Terms, atMs: number): number {
  switch (terms.algorithm) {
    case "fixed-window":
      return terms.limit - (atMs < account.endMs ? account.count : 0);
    case "sliding-window": {
      const index = Math.floor(atMs / terms.windowMs);
      const insideMs = terms.windowMs - (atMs % terms.windowMs);
      const earlier = Math.ceil(((account.taken.get(index - 1) ?? 0) * insideMs) / terms.windowMs);
      return terms.limit - (account.taken.get(index) ?? 0) - earlier;
    }
    case "token-bucket": {
      const interval = intervalUs(terms);
      const owedUs = account.fullAtUs - BigInt(atMs) * 1_000n;
      const room = BigInt(terms.capacity) * interval - (owedUs > 0n ? owedUs : 0n);
      // BigInt division truncates towards zero; a debt must round down.
      return Number(room < 0n ? -((-room + interval - 1n) / interval) : room / interval);
    }
  }
}

function isUnused(account: Account, terms: Terms, atMs: number): boolean {
  if (terms.algorithm === "fixed-window") return account.count === 0 || atMs >= account.endMs;
  if (terms.algorithm === "token-bucket") return account.fullAtUs <= BigInt(atMs) * 1_000n;
  const index = Math.floor(atMs / terms.windowMs);
  return !account.taken.get(index) && !account.taken.get(index - 1);
}

/** The least number of milliseconds after which `holds`, which once true stays true. */
function firstMs(holds: (afterMs: number) => boolean): number {
  if (holds(0)) return 0;
  let low = 0;
  let high = 1;
  while (!holds(high)) {
    low = high;
    high *= 2;
  }
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function look(account: Account, terms: Terms, nowMs: number): ModelDecision {
  const { limit, capacity, cost } = terms;
  if (capacity === 0 || limit === 0)
    return { allowed: false, limit, remaining: 0, retryAfterMs: null, resetAfterMs: 0 };
  const open = (afterMs: number) => nowMs + afterMs >= account.blockedUntilMs;
  const fits = (afterMs: number) => open(afterMs) && balance(account, terms, nowMs + afterMs) >= cost;
  const retryAfterMs = cost > capacity ? null : firstMs(fits);
  const resetAfterMs = firstMs((afterMs) => open(afterMs) && isUnused(account, terms, nowMs + afterMs));
  const remaining = open(0) ? Math.max(0, balance(account, terms, nowMs)) : 0;
  return { allowed: retryAfterMs === 0, limit, remaining, retryAfterMs, resetAfterMs };
}

/** Takes `amount`, fitting or not, and says how to give it back. */
function take(account: Account, terms: Terms, amount: number, nowMs: number): ModelReceipt {
  if (terms.algorithm === "fixed-window") {
    if (isUnused(account, terms, nowMs)) Object.assign(account, { count: 0, endMs: nowMs + terms.windowMs });
    account.count += amount;
    return { amount, mark: account.endMs };
  }
  if (terms.algorithm === "sliding-window") {
    const index = Math.floor(nowMs / terms.windowMs);
    account.taken.set(index, (account.taken.get(index) ?? 0) + amount);
    return { amount, mark: index };
  }
  const nowUs = BigInt(nowMs) * 1_000n;
  const from = account.fullAtUs > nowUs ? account.fullAtUs : nowUs;
  account.fullAtUs = from + intervalUs(terms) * BigInt(amount);
  const bucketUs = intervalUs(terms) * BigInt(terms.capacity);
  account.aheadUs = account.fullAtUs - nowUs > bucketUs ? account.fullAtUs - nowUs : bucketUs;
  return { amount: Number(intervalUs(terms)) * amount, mark: account.fullAtUs };
}

/** The account after a refund; the same one where nothing is given back. */
function givenBack(account: Account, terms: Terms, { amount, mark }: ModelReceipt, nowMs: number): Account {
  if (terms.algorithm === "fixed-window") {
    if (nowMs >= account.endMs || account.endMs !== mark || account.count === 0) return account;
    return { ...account, count: Math.max(0, account.count - amount) };
  }
  if (terms.algorithm === "sliding-window") {
    const index = Math.floor(nowMs / terms.windowMs);
    const taken = account.taken.get(index) ?? 0;
    if (index !== mark || taken === 0) return account;
    return { ...account, taken: new Map([...account.taken, [index, Math.max(0, taken - amount)]]) };
  }
  const nowUs = BigInt(nowMs) * 1_000n;
  const bounds = [BigInt(amount), BigInt(mark) - nowUs, account.fullAtUs - nowUs];
  const given = bounds.reduce((least, bound) => (bound < least ? bound : least));
  if (given <= 0n) return account;
  const fullAtUs = account.fullAtUs - given;
  // Full again is as never used, and stays so where the clock then steps back.
  return { ...account, fullAtUs: fullAtUs > nowUs ? fullAtUs : 0n };
}

/** A model without a client. */
export function rateLimitModel(): RateLimitModel {
  const accounts = new Map<string, Account>();
  const identity = ({ route, client, policy }: RateLimitCheck) =>
    JSON.stringify([route, client, policy.algorithm, policy.windowMs]);
  const unused: Account = { endMs: 0, count: 0, taken: new Map(), fullAtUs: 0n, aheadUs: 0n, blockedUntilMs: 0 };
  const find = (check: RateLimitCheck, nowMs: number): Account => {
    const { taken, ...account } = accounts.get(identity(check)) ?? unused;
    return asOf({ ...account, taken: new Map(taken) }, termsOf(check), nowMs);
  };
  /** As `find`, and from now on it is as found. */
  const open = (check: RateLimitCheck, nowMs: number) => {
    const account = find(check, nowMs);
    accounts.set(identity(check), account);
    return account;
  };
  const model: RateLimitModel = {
    peek: (check, nowMs) => look(find(check, nowMs), termsOf(check), nowMs),
    consume(check, nowMs) {
      const terms = termsOf(check);
      const before = model.peek(check, nowMs);
      if (terms.cost === 0) return before;
      const account = open(check, nowMs);
      if (!before.allowed) return before;
      const receipt = take(account, terms, terms.cost, nowMs);
      return { ...model.peek(check, nowMs), allowed: true, retryAfterMs: 0, receipt };
    },
    charge(check, nowMs) {
      const terms = termsOf(check);
      const before = model.peek(check, nowMs);
      if (terms.cost === 0) return before;
      const account = open(check, nowMs);
      const amount = Math.min(terms.cost, balance(account, terms, nowMs) + terms.capacity);
      if (amount <= 0) return before;
      const receipt = take(account, terms, amount, nowMs);
      const after = model.peek(check, nowMs);
      return before.allowed
        ? { ...after, allowed: true, retryAfterMs: 0, receipt }
        : { ...after, allowed: false, receipt };
    },
    refund(check, receipt, nowMs) {
      const before = find(check, nowMs);
      const after = givenBack(before, termsOf(check), receipt, nowMs);
      if (after !== before) accounts.set(identity(check), after);
      return model.peek(check, nowMs);
    },
    consumeAll(checks, nowMs) {
      const copy = new Map([...accounts].map(([key, account]) => [key, { ...account, taken: new Map(account.taken) }]));
      const restore = () => {
        accounts.clear();
        for (const [key, account] of copy) accounts.set(key, { ...account, taken: new Map(account.taken) });
      };
      const alone = checks.map((check) => {
        const decision = model.consume(check, nowMs);
        restore();
        return decision;
      });
      const together = checks.map((check) => model.consume(check, nowMs));
      if (together.every(({ allowed }) => allowed)) {
        return {
          allowed: true,
          decisions: alone.map((decision, index) => withReceipt(decision, together[index]?.receipt)),
        };
      }
      restore();
      for (const check of checks) if (check.cost !== 0) open(check, nowMs);
      return { allowed: false, decisions: alone.map((decision) => withReceipt(decision, undefined)) };
    },
    block(check, durationMs, nowMs) {
      if (find(check, nowMs).blockedUntilMs >= nowMs + durationMs) return;
      open(check, nowMs).blockedUntilMs = nowMs + durationMs;
    },
    reset(check, nowMs) {
      const account = find(check, nowMs);
      accounts.delete(identity(check));
      return nowMs < account.blockedUntilMs || !isUnused(account, termsOf(check), nowMs);
    },
  };
  return model;
}

function withReceipt({ receipt: _, ...decision }: ModelDecision, receipt: ModelReceipt | undefined): ModelDecision {
  return receipt === undefined ? decision : { ...decision, receipt };
}
