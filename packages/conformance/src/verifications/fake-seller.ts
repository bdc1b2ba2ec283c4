// A seller for the properties of payOnce: it counts its steps, and its ledger moves money as often as it is asked to.
import {
  type FoundSettlement,
  type Keep,
  type Paid,
  type Payment,
  type PaymentSteps,
  type PayOnceOptions,
  payOnce,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { type Desk, desk, hour, type VerificationBench } from "./checks.ts";

export type Options = PayOnceOptions<string>;
export type Order = NonNullable<Options["order"]>;
type Steps = PaymentSteps<string>;

export const orders: readonly Order[] = ["serve-then-settle", "settle-then-serve"];

/** Text is kept as it is. */
export const plainly: Keep<string> = { write: (result) => result, read: (text) => text };

/** The answer to the caller that is served, and to a duplicate where the result was kept. */
export const fresh = { status: "paid", fresh: true, receipt: "tx 1", result: "the goods" } as const;
export const duplicate = { status: "paid", fresh: false, receipt: "tx 1", kept: "the goods" } as const;
export const conflict = { status: "conflict" } as const;

export interface FakeSeller {
  /** The steps that ran, in their order. */
  readonly log: readonly string[];
  count(step: keyof Steps): number;
  readonly payment: Payment;
  /** The payment's record in the store. */
  readonly record: string;
  /** How often the money moved. */
  transfers(): number;
  /** Moves the money, a second time too; answers the receipt. */
  move(): string;
  /** A findSettlement that looks the payment up, and moves the money where it has not moved. */
  findOrSettle(): Promise<FoundSettlement>;
  /** Pays as a payer does whose result is kept; single steps, the payment's fields and options can be replaced. */
  pay(
    store: VerificationStore,
    steps?: Partial<Steps>,
    payment?: Partial<Payment>,
    options?: Options,
  ): Promise<Paid<string>>;
}

/** A seller with a payment of its own. Its findSettlement looks the payment up, and cannot tell where nothing moved. */
export function sellerAt(at: Desk, order: Order, name: string = order): FakeSeller {
  const log: string[] = [];
  const payment: Payment = {
    key: `payment ${name}`,
    payloadHash: `payload ${name}`,
    fingerprint: "purchase 1",
    validUntilMs: at.nowMs() + hour,
    reference: `reference ${name}`,
  };
  let transfers = 0;
  const move = () => {
    transfers += 1;
    return `tx ${transfers}`;
  };
  const logged = <A extends unknown[], R>(step: string, run: (...given: A) => Promise<R>) => {
    return (...given: A) => {
      log.push(step);
      return run(...given);
    };
  };
  return {
    log,
    payment,
    record: `p:${payment.key}`,
    count: (step) => log.filter((name) => name === step).length,
    transfers: () => transfers,
    move,
    findOrSettle: async () => ({ receipt: transfers === 0 ? move() : "tx 1" }),
    pay(store, steps = {}, other = {}, options = {}) {
      const all: Steps = {
        verify: async () => ({ ok: true }),
        serve: async () => "the goods",
        settle: async () => ({ ok: true, receipt: move() }),
        findSettlement: async () => (transfers === 0 ? "unknown" : { receipt: "tx 1" }),
        ...steps,
      };
      return payOnce(
        store,
        { ...payment, ...other },
        {
          verify: logged("verify", all.verify),
          serve: logged("serve", all.serve),
          settle: logged("settle", all.settle),
          findSettlement: logged("findSettlement", all.findSettlement),
        },
        { order, keep: plainly, ...options },
      );
    },
  };
}

/** The same in both orders, each with a seller of its own. */
export async function inBothOrders(
  bench: VerificationBench,
  run: (at: Desk, seller: FakeSeller, order: Order) => Promise<void>,
): Promise<void> {
  const at = await desk(bench);
  for (const order of orders) await run(at, sellerAt(at, order), order);
}

/** The answer to the only caller that heard "fresh", if any. */
export function freshAmong(answers: readonly (Paid<string> | undefined)[]): Paid<string>[] {
  return answers.filter((answer) => answer !== undefined).filter((answer) => answer.status === "paid" && answer.fresh);
}
