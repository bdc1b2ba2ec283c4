// A whole payment by payOnce, with steps that cost nothing: what remains is the stores' work.
import { type Payment, payOnce, type VerificationStore } from "@tollbooth-stores/core";
import type { Contender } from "../measuring/subject.ts";
import type { OpenStores } from "./our-stores.ts";

const steps = {
  verify: async () => ({ ok: true as const }),
  serve: async () => "the result",
  settle: async () => ({ ok: true as const, receipt: "0xreceipt" }),
  findSettlement: async () => "unknown" as const,
};

export function newPayment(name: string): Payment {
  return {
    key: `payment-${name}`,
    payloadHash: `payload-${name}`,
    fingerprint: "what is bought",
    validUntilMs: Date.now() + 600_000,
  };
}

/** True where this caller's payment was taken, served and delivered. */
export async function payFresh(store: VerificationStore, payment: Payment): Promise<boolean> {
  const paid = await payOnce(store, payment, steps);
  return paid.status === "paid" && paid.fresh;
}

export function ourPayments(open: OpenStores): Contender {
  return {
    async check(server) {
      const stores = await open(server);
      try {
        const payment = newPayment(`check-${process.pid}`);
        const fresh = await Promise.all(Array.from({ length: 5 }, () => payFresh(stores.verifications, payment)));
        const times = fresh.filter((taken) => taken).length;
        if (times !== 1) throw new Error(`One payment was delivered fresh ${times} times.`);
      } finally {
        await stores.close();
      }
    },
    async open(server) {
      const stores = await open(server);
      return {
        operation: (turn) => payFresh(stores.verifications, newPayment(`${process.pid}-${turn}`)),
        close: () => stores.close(),
      };
    },
  };
}
