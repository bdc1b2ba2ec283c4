// In a seller's process: a store with a stop before and after each call that a payment makes.
import type { RecordName, VerificationStore } from "@tollbooth-stores/core";
import { during } from "./channel.ts";
import type { Point, StoreCall } from "./points.ts";

export interface Watch {
  /** The plan may strike here. */
  at(point: Point, name: RecordName): Promise<void>;
  /** Right before a delivery is sent, and when one was taken back. */
  delivering?(): void;
  undelivered?(): void;
}

export function struckStore(store: VerificationStore, { at, delivering, undelivered }: Watch): VerificationStore {
  const around = <R>(call: StoreCall, name: RecordName, run: () => Promise<R>): Promise<R> =>
    during(async () => {
      await at(`before ${call}`, name);
      const reply = await run();
      await at(`after ${call}`, name);
      return reply;
    });
  const isVerification = (name: RecordName) => typeof name === "string" && name.startsWith("v:");
  const ofVerification = (call: "claim" | "release", name: RecordName) =>
    isVerification(name) ? (`verification ${call}` as const) : call;
  return {
    ...store,
    claim: (name, ...args) => around(ofVerification("claim", name), name, () => store.claim(name, ...args)),
    release: (name, ...args) => around(ofVerification("release", name), name, () => store.release(name, ...args)),
    complete: (name, ...args) => around("verification complete", name, () => store.complete(name, ...args)),
    renew(name, lease, leaseMs, options) {
      const call = options?.onLeaseExpiry === "unknown" ? "switch" : "renew";
      return around(call, name, () => store.renew(name, lease, leaseMs, options));
    },
    note: (name, ...args) => around("note", name, () => store.note(name, ...args)),
    markUnknown: (name, ...args) => around("markUnknown", name, () => store.markUnknown(name, ...args)),
    reconcile: (name, ...args) => around("reconcile", name, () => store.reconcile(name, ...args)),
    expire: (name, ...args) => around("expire", name, () => store.expire(name, ...args)),
    peek: (name, ...args) => around("peek", name, () => store.peek(name, ...args)),
    settle: (name, request, options) =>
      around("settle", name, () => {
        if (request.deliver !== undefined) delivering?.();
        return store.settle(name, request, options);
      }),
    deliver: (name, ...args) =>
      around("deliver", name, () => {
        delivering?.();
        return store.deliver(name, ...args);
      }),
    undeliver: (name, ...args) =>
      around("undeliver", name, async () => {
        const reply = await store.undeliver(name, ...args);
        if (reply.status === "ok") undelivered?.();
        return reply;
      }),
  };
}
