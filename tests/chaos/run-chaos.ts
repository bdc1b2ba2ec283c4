// Plays a plan of payments against sellers in processes of their own on one Redis, and counts what must not be.
import { type RunningRedis, startFaultProxy, startRedis } from "@tollbooth-stores/redis-testkit";
import { type Book, openBook } from "./book.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import type { Client } from "./messages.ts";
import { openStore } from "./open-store.ts";
import { type Ending, payUntilKnown } from "./payer.ts";
import { type PlannedPayment, planOf, randomNumbers } from "./plan.ts";
import type { Strike } from "./points.ts";
import { startSellers } from "./sellers.ts";

export interface ChaosOptions {
  client: Client;
  seed: number;
  /** How many payments of the seed's plan. */
  payments?: number;
  /** Played instead of the seed's plan. */
  plan?: readonly PlannedPayment[];
  /** Default 5. */
  sellers?: number;
  /** Payments at a time. Default 24. */
  payers?: number;
  /** A payer who has no word by then gives up. Milliseconds, default 45,000. */
  patienceMs?: number;
}

/** What became of a payment, when everything has come to rest. */
export interface Fate {
  payment: PlannedPayment;
  /** How often the ledger moved it. */
  transfers: number;
  /** How often payOnce answered `fresh: true`, whether or not a payer heard of it. */
  fresh: number;
  /** What each of its payers ended with. */
  endings: readonly Ending[];
  /** What its payer ended with who had a receipt and nothing else, and asked once more when all had come to rest. */
  atRest?: Ending;
  /** It is on record as delivered. */
  delivered: boolean;
  /**
   * A delivery had no hearer: its process was killed after it had sent it to the store, and before its payer had heard or
   * it was taken back; or payOnce answered `fresh: true` and the payer was gone.
   */
  unheard: boolean;
}

export interface ChaosReport {
  client: Client;
  fates: readonly Fate[];
  /** Every strike that was reached. */
  struck: readonly Strike[];
  /** Whether the sellers came to rest before the fates were read. */
  rested: boolean;
  seconds: number;
}

const LEASE_MS = 700;
const VALID_FOR_MS = 8_000;
/** How long the sellers have to come to rest. */
const DRAIN_MS = 30 * LEASE_MS;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAt = performance.now();
  const { client, seed, payments = 0, sellers: count = 5, payers = 24, patienceMs = 45_000 } = options;
  const { plan = planOf(seed, payments) } = options;
  const redis = await startRedis({ appendFsync: "always" });
  const proxy = await startFaultProxy(redis);
  const ledger = openLedger();
  const timing = { leaseMs: LEASE_MS, validForMs: VALID_FOR_MS };
  const book = openBook({ plan, ledger, redis, proxy, ...timing });
  const surroundings = { answer: book.answer, notice: book.notice, random: randomNumbers(seed + 1) };
  const sellers = await startSellers(count, { client, port: proxy.port, leaseMs: LEASE_MS }, surroundings);
  try {
    const ended = new Map<PlannedPayment, Ending[]>();
    const next = plan.values();
    await Promise.all(
      Array.from({ length: payers }, async () => {
        for (const payment of next) {
          const presented = Array.from({ length: payment.payers }, () =>
            payUntilKnown(payment, sellers, book, patienceMs),
          );
          ended.set(payment, await Promise.all(presented));
        }
      }),
    );
    const rested = await sellers.drain(DRAIN_MS);
    await ledger.idle();
    const atRest = new Map<PlannedPayment, Ending>();
    for (const [payment, endings] of ended) {
      if (!endings.every(({ status }) => status === "empty")) continue;
      atRest.set(payment, await payUntilKnown({ ...payment, strikes: [] }, sellers, book, patienceMs));
    }
    const delivered = await deliveredIn(plan, client, redis);
    const fates = plan.map((payment): Fate => {
      const endings = ended.get(payment) ?? [];
      const last = atRest.get(payment);
      const fate = { ...fateOf(payment, book, ledger), endings, delivered: delivered.has(payment.id) };
      return last === undefined ? fate : { ...fate, atRest: last };
    });
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    return { client, fates, struck: book.struck, rested, seconds };
  } finally {
    await sellers.close().finally(() => proxy.close().finally(() => redis.stop()));
  }
}

function fateOf(payment: PlannedPayment, book: Book, ledger: Ledger) {
  const requests = book.requestsOf(payment.id);
  return {
    payment,
    transfers: ledger.transfers.get(payment.id) ?? 0,
    fresh: requests.filter(({ fresh }) => fresh).length,
    unheard: requests.some(
      ({ fresh, delivering, heard, seller }) => !heard && (fresh || (delivering && seller?.killed === true)),
    ),
  };
}

/** The payments that are on record as delivered. */
async function deliveredIn(plan: readonly PlannedPayment[], client: Client, redis: RunningRedis): Promise<Set<number>> {
  const found = new Set<number>();
  if (client === "memory") return found;
  await using store = await openStore(client, redis.port, 10_000);
  for (const { id } of plan) {
    const { status } = await store.peek(`p:payment ${id}`);
    if (status === "delivered") found.add(id);
  }
  return found;
}
