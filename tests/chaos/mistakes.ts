// In a seller's process: stores and steps that do one thing wrong, to prove that the run would see it.
import type { PaymentSteps, VerificationStore } from "@tollbooth-stores/core";
import type { Mistake } from "./plan.ts";

export function mistakenStore(store: VerificationStore, mistake: Mistake | undefined): VerificationStore {
  switch (mistake) {
    case "renewals are not recorded":
      return { ...store, renew: async () => ({ status: "ok" }) };
    case "deliveries are not recorded":
      return {
        ...store,
        async settle(name, request, options) {
          const settled = await store.settle(name, { ...request, deliver: undefined }, options);
          if (request.deliver === undefined || settled.status !== "settled") return settled;
          return { ...settled, status: "delivered", byYou: true };
        },
        async deliver(name) {
          const found = await store.peek(name);
          if (found.status !== "settled") return { status: "lost", current: found.status };
          return { status: "delivered", byYou: true, receipt: found.receipt };
        },
      };
    case "what was kept is lost":
      return {
        ...store,
        async claim(...args) {
          const claim = await store.claim(...args);
          if (claim.status !== "delivered") return claim;
          return { status: claim.status, receipt: claim.receipt };
        },
      };
    case "no claim is let through":
      return {
        ...store,
        claim: async (name, ...args) =>
          typeof name === "string" && name.startsWith("p:")
            ? { status: "in-progress", retryAfterMs: 50 }
            : store.claim(name, ...args),
      };
    default:
      return store;
  }
}

export function mistakenSteps(steps: PaymentSteps<string>, mistake: Mistake | undefined): PaymentSteps<string> {
  switch (mistake) {
    case "doubt is taken for an end":
      return { ...steps, findSettlement: async () => ({ none: "void" }) };
    case "receipts are made up":
      return { ...steps, settle: async () => ({ ok: true, receipt: "made up" }) };
    default:
      return steps;
  }
}
