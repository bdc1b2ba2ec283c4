// A seller for the properties of payOnce, who keeps count of every step.
import assert from "node:assert/strict";
import { type Paid, type Payment, type PaymentSteps, payOnce, type VerificationStore } from "@tollbooth-stores/core";
import { type Desk, desk, hour, type VerificationBench } from "./checks.ts";

type Options = NonNullable<Parameters<typeof payOnce<string>>[3]>;
type Order = NonNullable<Options["order"]>;

export const orders: readonly Order[] = ["serve-then-settle", "settle-then-serve"];

/** A seller who keeps count of what it does; single steps can be replaced. */
interface Shop {
  log: string[];
  count(step: string): number;
  payment: Payment;
  pay(
    store: VerificationStore,
    steps?: Partial<PaymentSteps<string>>,
    payment?: Partial<Payment>,
    options?: Options,
  ): Promise<Paid<string>>;
}

/** A shop with a payment of its own. */
export function shopAt(at: Desk, order: Order): Shop {
  const log: string[] = [];
  const payment = {
    key: `payment by ${order}`,
    payloadHash: `payload by ${order}`,
    fingerprint: "purchase 1",
    validUntilMs: at.nowMs() + hour,
  };
  const logged = <A extends unknown[], R>(name: string, step: (...given: A) => Promise<R>) => {
    return (...given: A) => {
      log.push(name);
      return step(...given);
    };
  };
  return {
    log,
    payment,
    count: (step) => log.filter((name) => name === step).length,
    pay(store, steps = {}, other = {}, options = {}) {
      const all: PaymentSteps<string> = {
        verify: async () => ({ ok: true }),
        serve: async () => "the goods",
        settle: async () => ({ ok: true, receipt: "tx 1" }),
        findSettlement: async () => assert.fail("nothing is unknown"),
        ...steps,
      };
      return payOnce(
        store,
        { ...payment, ...other },
        {
          verify: logged("verify", all.verify),
          serve: logged("serve", all.serve),
          settle: logged("settle", all.settle),
          findSettlement: logged("find", all.findSettlement),
        },
        { order, ...options },
      );
    },
  };
}

/** The same in both orders, each with a shop of its own. */
export async function inBothOrders(
  bench: VerificationBench,
  run: (at: Desk, shop: Shop, order: Order) => Promise<void>,
): Promise<void> {
  const at = await desk(bench);
  for (const order of orders) await run(at, shopAt(at, order), order);
}
