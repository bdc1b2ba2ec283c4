// Plays a plan of payments against sellers in processes of their own on one Redis, and counts what must not be.
import { setTimeout as sleep } from "node:timers/promises";
import { type FaultProxy, type RunningRedis, startFaultProxy, startRedis } from "@tollbooth-stores/redis-testkit";
import { type Ledger, openLedger } from "./ledger.ts";
import type { StoreSettings, Told } from "./messages.ts";
import { type Fault, type PlannedPayment, planOf, randomNumbers } from "./plan.ts";
import { type Answering, type Sellers, startSellers } from "./sellers.ts";

export interface ChaosOptions {
  client: StoreSettings["client"];
  payments: number;
  seed: number;
  /** Default 5. */
  sellers?: number;
  /** Payers at a time. Default 24. */
  payers?: number;
  /** A payer who has no word by then gives up. Milliseconds, default 45,000. */
  patienceMs?: number;
}

/** What became of a payment. */
export interface Fate {
  payment: PlannedPayment;
  transfers: number;
  /** How often a seller was told fresh, whether or not it lived to pass it on. */
  fresh: number;
  /** What its payer ended with. */
  ended: Told["status"] | "gave up";
  content: boolean;
}

export interface ChaosReport extends ChaosOptions {
  fates: readonly Fate[];
  /** How many faults of each kind struck. */
  struck: ReadonlyMap<Fault, number>;
  seconds: number;
}

const LEASE_MS = 700;
/** From its first request on. What is in doubt and never moved ends then. */
const VALID_FOR_MS = 12_000;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const startedAt = performance.now();
  const redis = await startRedis({ appendFsync: "always" });
  const proxy = await startFaultProxy(redis);
  const random = randomNumbers(options.seed + 1);
  const ledger = openLedger();
  const book = openBook(ledger, redis, proxy);
  const { client, sellers: count = 5, payers = 24, patienceMs = 45_000 } = options;
  const sellers = await startSellers(count, { client, port: proxy.port }, book.answer, random);
  try {
    const plan = planOf(options.seed, options.payments);
    const fates: Fate[] = [];
    const next = plan.values();
    await Promise.all(
      Array.from({ length: payers }, async () => {
        for (const payment of next) fates.push(await payUntilKnown(payment, sellers, book, ledger, patienceMs));
      }),
    );
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    return { ...options, fates: fates.sort((a, b) => a.payment.id - b.payment.id), struck: book.struck, seconds };
  } finally {
    await sellers.close();
    await proxy.close();
    await redis.stop();
  }
}

/** What is known of the requests under way, and what the plan does to them. */
interface Book {
  open(request: number, payment: PlannedPayment, validBeforeMs: number): void;
  answer: Answering;
  fresh(id: number): number;
  readonly struck: ReadonlyMap<Fault, number>;
}

function openBook(ledger: Ledger, redis: RunningRedis, proxy: FaultProxy): Book {
  const requests = new Map<number, { payment: PlannedPayment; validBeforeMs: number }>();
  const over = new Set<PlannedPayment["strikes"][number]>();
  const struck = new Map<Fault, number>();
  const fresh = new Map<number, number>();
  const freshOf = new Set<number>();
  const toldFresh = (request: number, id: number) => {
    if (freshOf.has(request)) return;
    freshOf.add(request);
    fresh.set(id, (fresh.get(id) ?? 0) + 1);
  };
  const strike = (payment: PlannedPayment, wanted: (fault: Fault) => boolean, at: string) => {
    const found = payment.strikes.find((one) => one.at === at && !over.has(one) && wanted(one.fault));
    if (found === undefined) return undefined;
    over.add(found);
    struck.set(found.fault, (struck.get(found.fault) ?? 0) + 1);
    return found.fault;
  };
  const ofLedger = (fault: Fault) => fault === "lose transfer" || fault === "slow transfer";
  return {
    struck,
    fresh: (id) => fresh.get(id) ?? 0,
    open: (request, payment, validBeforeMs) => void requests.set(request, { payment, validBeforeMs }),
    async answer(message, seller) {
      const known = requests.get(message.request);
      const { ask } = message;
      if (known === undefined) return { kind: "reply", ask, error: "unknown" };
      const { payment, validBeforeMs } = known;
      if (message.kind === "find") return { kind: "reply", ask, value: ledger.find(payment.id, validBeforeMs) };
      if (message.kind === "transfer") {
        const fault = strike(payment, ofLedger, "settle");
        const delayMs = fault === "slow transfer" ? 3 * LEASE_MS + 300 : 0;
        try {
          const value = await ledger.transfer(payment.id, validBeforeMs, delayMs);
          return fault === "lose transfer" ? { kind: "reply", ask, error: "lost" } : { kind: "reply", ask, value };
        } catch {
          return { kind: "reply", ask, error: "refused" };
        }
      }
      if (message.kind !== "at") return { kind: "reply", ask, error: "unknown" };
      if (message.told?.status === "fresh") toldFresh(message.request, payment.id);
      const fault = strike(payment, (one) => !ofLedger(one), message.point);
      switch (fault) {
        case "kill":
          seller.kill();
          return "nothing";
        case "stop":
          await seller.stop(1.6 * LEASE_MS);
          break;
        case "cut":
          proxy.cut();
          break;
        case "lose reply":
          proxy.loseReplyOnce();
          break;
        case "restart redis":
          await redis.restart();
          break;
      }
      return { kind: "go", ask, abort: fault === "abort" };
    },
  };
}

let requests = 0;

/** A payer: asks again after every answer that is none, as it is told, and never signs anew. */
async function payUntilKnown(
  payment: PlannedPayment,
  sellers: Sellers,
  book: Book,
  ledger: Ledger,
  patienceMs: number,
): Promise<Fate> {
  const startedAt = performance.now();
  const validBeforeMs = Date.now() + VALID_FOR_MS;
  let heardFresh = 0;
  const fate = (ended: Fate["ended"], content: boolean): Fate => ({
    payment,
    transfers: ledger.transfers.get(payment.id) ?? 0,
    fresh: Math.max(book.fresh(payment.id), heardFresh),
    ended,
    content,
  });
  while (performance.now() - startedAt < patienceMs) {
    requests += 1;
    book.open(requests, payment, validBeforeMs);
    const told = await sellers.pay({ request: requests, payment, validBeforeMs, leaseMs: LEASE_MS });
    if (told === "lost" || told.status === "error") {
      await sleep(30);
      continue;
    }
    if (told.status === "pending") {
      await sleep(Math.min(told.retryAfterMs, 400));
      continue;
    }
    if (told.status === "fresh") heardFresh += 1;
    const content = told.status === "fresh" || told.status === "kept";
    return fate(told.status, content && told.content === `content of payment ${payment.id}`);
  }
  return fate("gave up", false);
}
