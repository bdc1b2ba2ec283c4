// What the run knows of payments and their requests, and where it strikes.
import { createHash } from "node:crypto";
import type { FaultProxy, RunningRedis } from "@tollbooth-stores/redis-testkit";
import type { Ledger } from "./ledger.ts";
import type { Notice, Question, ToWorker } from "./messages.ts";
import type { PlannedPayment } from "./plan.ts";
import type { Fault, Point, Strike } from "./points.ts";
import type { Seller } from "./sellers.ts";

export interface KnownRequest {
  id: number;
  seller?: Seller;
  /** payOnce answered `fresh: true`, whatever became of the answer. */
  fresh: boolean;
  /** A delivery was sent to the store, and was not taken back since. */
  delivering: boolean;
  /** Its payer has had its answer, and was not told to ask again. */
  heard: boolean;
}

export interface Book {
  validBeforeMs(id: number): number;
  open(id: number): { request: number; known: KnownRequest };
  requestsOf(id: number): KnownRequest[];
  answer(question: Question, seller: Seller): Promise<ToWorker | "nothing">;
  notice(notice: Notice): void;
  /** Every strike that was reached. */
  readonly struck: readonly Strike[];
}

interface Surroundings {
  plan: readonly PlannedPayment[];
  ledger: Ledger;
  redis: RunningRedis;
  proxy: FaultProxy;
  leaseMs: number;
  /** From a payment's first request on. What is in doubt and never moved ends then. */
  validForMs: number;
}

export function openBook({ plan, ledger, redis, proxy, leaseMs, validForMs }: Surroundings): Book {
  const requests: KnownRequest[] = [];
  const payments = new Map(plan.map((payment) => [payment.id, payment]));
  const handles = new Map(plan.map((payment) => [handleOf(payment), payment]));
  const validBefore = new Map<number, number>();
  const struck: Strike[] = [];
  /** Of each payment, the places in its list. */
  const over = new Map<PlannedPayment, Set<number>>(plan.map((payment) => [payment, new Set()]));
  let restarting = Promise.resolve();

  const validBeforeMs = (id: number) => {
    const instant = validBefore.get(id) ?? Date.now() + validForMs;
    validBefore.set(id, instant);
    return instant;
  };
  const strike = (payment: PlannedPayment, at: Point, wanted: (fault: Fault) => boolean): Fault | undefined => {
    const overOfThis = over.get(payment);
    const place = payment.strikes.findIndex(
      (one, index) => one.at === at && overOfThis?.has(index) === false && wanted(one.fault),
    );
    const found = payment.strikes[place];
    if (found === undefined) return undefined;
    overOfThis?.add(place);
    struck.push(found);
    return found.fault;
  };
  const transfer = async (payment: PlannedPayment, ask: number): Promise<ToWorker> => {
    const fault = strike(payment, "settle", isOnTheWay);
    const delayMs = fault === "slow transfer" ? 3 * leaseMs + 300 : 0;
    const value = await ledger.transfer(payment, validBeforeMs(payment.id), delayMs);
    return fault === "lose transfer" ? { kind: "reply", ask, error: "lost" } : { kind: "reply", ask, value };
  };

  return {
    struck,
    validBeforeMs,
    open(id) {
      const known: KnownRequest = { id, fresh: false, delivering: false, heard: false };
      return { request: requests.push(known) - 1, known };
    },
    requestsOf: (id) => requests.filter((request) => request.id === id),
    notice({ kind, request }) {
      const known = requests[request];
      if (known === undefined) return;
      if (kind === "fresh") known.fresh = true;
      else known.delivering = kind === "delivering";
    },
    async answer(question, seller) {
      const { ask } = question;
      const of = question.kind === "at" ? question.of : question.id;
      const payment = typeof of === "number" ? payments.get(of) : handles.get(of.handle);
      if (payment === undefined) return { kind: "reply", ask, error: "unknown" };
      if (question.kind === "transfer") return transfer(payment, ask);
      if (question.kind === "find") {
        return { kind: "reply", ask, value: ledger.find(payment.id, validBeforeMs(payment.id)) };
      }
      const fault = strike(payment, question.point, (one) => !isOnTheWay(one));
      switch (fault) {
        case "kill":
          seller.kill();
          return "nothing";
        case "stop":
          await seller.stop(1.6 * leaseMs);
          break;
        case "cut":
          proxy.cut();
          break;
        case "lose reply":
          proxy.loseReplyOnce();
          break;
        case "restart redis":
          restarting = restarting.then(() => redis.restart());
          await restarting;
          break;
      }
      return { kind: "go", ask, ...(fault !== undefined && { fault }) };
    },
  };
}

const isOnTheWay = (fault: Fault) => fault === "lose transfer" || fault === "slow transfer";

/** As the store names a payment's record for operators. */
function handleOf({ id }: PlannedPayment): string {
  return createHash("sha256").update(`p:payment ${id}`).digest("hex");
}
