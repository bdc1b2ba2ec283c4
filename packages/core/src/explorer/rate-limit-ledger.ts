// The balance of an allowance by the plainest account: every cost that was taken, kept one by one.
import type { Limit } from "../rate-limit/policy.ts";

/** A cost that still counts. Amounts are units, in a token bucket microseconds. */
interface Taken {
  readonly receipt: string;
  readonly atMs: number;
  readonly amount: number;
}

export interface Ledger {
  /** In the order of taking. */
  readonly taken: readonly Taken[];
  /** Fixed window: its end. Token bucket: until when it has been drained. Sliding window: unused. */
  readonly markMs: number;
}

export const emptyLedger: Ledger = { taken: [], markMs: 0 };

/** One algorithm in its users' terms. `settled` runs first: it forgets costs that no longer count. */
interface Account {
  settled(ledger: Ledger, limit: Limit, nowMs: number): Ledger;
  /** In units; below 0 in debt. */
  balance(ledger: Ledger, limit: Limit, nowMs: number): number;
  amountOf(units: number, limit: Limit): number;
  /** Whether a cost taken then can still be given back. */
  returnable(taken: Taken, limit: Limit, nowMs: number): boolean;
}

const sum = (taken: readonly Taken[]) => taken.reduce((total, { amount }) => total + amount, 0);
const windowOf = (atMs: number, { windowMs }: Limit) => Math.floor(atMs / windowMs);

const accounts: Record<Limit["algorithm"], Account> = {
  // One window long from the first cost on; then all is back.
  "fixed-window": {
    settled: (ledger, limit, nowMs) =>
      nowMs >= ledger.markMs || ledger.taken.length === 0 ? { taken: [], markMs: nowMs + limit.windowMs } : ledger,
    balance: ({ taken }, limit) => limit.limit - sum(taken),
    amountOf: (units) => units,
    returnable: () => true,
  },
  // This window's costs, and the previous window's by the share of it that is not yet a window old.
  "sliding-window": {
    settled: ({ taken, markMs }, limit, nowMs) => ({
      taken: taken.filter(({ atMs }) => windowOf(atMs, limit) >= windowOf(nowMs, limit) - 1),
      markMs,
    }),
    balance({ taken }, limit, nowMs) {
      const isCurrent = ({ atMs }: Taken) => windowOf(atMs, limit) === windowOf(nowMs, limit);
      const share = (limit.windowMs - (nowMs % limit.windowMs)) / limit.windowMs;
      const before = sum(taken.filter((each) => !isCurrent(each)));
      return limit.limit - sum(taken.filter(isCurrent)) - Math.ceil(before * share);
    },
    amountOf: (units) => units,
    returnable: ({ atMs }, limit, nowMs) => windowOf(atMs, limit) === windowOf(nowMs, limit),
  },
  // A queue that drains from the front at one unit an interval.
  "token-bucket": {
    settled(ledger, _limit, nowMs) {
      let drained = (nowMs - ledger.markMs) * 1_000;
      const taken: Taken[] = [];
      for (const each of ledger.taken) {
        const gone = Math.min(drained, each.amount);
        drained -= gone;
        if (gone < each.amount) taken.push({ ...each, amount: each.amount - gone });
      }
      return { taken, markMs: nowMs };
    },
    balance: ({ taken }, limit) => Math.floor((limit.toleranceUs - sum(taken)) / limit.intervalUs),
    amountOf: (units, limit) => units * limit.intervalUs,
    returnable: () => true,
  },
};

/** The units that are left; below 0 in debt. */
export function balanceOf(ledger: Ledger, limit: Limit, nowMs: number): number {
  const account = accounts[limit.algorithm];
  return account.balance(account.settled(ledger, limit, nowMs), limit, nowMs);
}

/** The ledger after `units` were taken. */
export function taking(ledger: Ledger, limit: Limit, units: number, receipt: string, nowMs: number): Ledger {
  const account = accounts[limit.algorithm];
  const settled = account.settled(ledger, limit, nowMs);
  return { ...settled, taken: [...settled.taken, { receipt, atMs: nowMs, amount: account.amountOf(units, limit) }] };
}

/** The ledger without the rest of a receipt's cost. */
export function givingBack(ledger: Ledger, limit: Limit, receipt: string, nowMs: number): Ledger {
  const account = accounts[limit.algorithm];
  const settled = account.settled(ledger, limit, nowMs);
  const at = settled.taken.findIndex((each) => each.receipt === receipt && account.returnable(each, limit, nowMs));
  return at === -1 ? settled : { ...settled, taken: settled.taken.toSpliced(at, 1) };
}
