// One broken store for each property of payOnce, and for what verify may answer: the façades over it go wrong.
import { createVerificationStore, type Lease } from "@tollbooth-stores/core";
import { mapPort } from "@tollbooth-stores/core/testing";
import {
  claiming,
  keeping,
  type Name,
  payments,
  port,
  type Settled,
  type Store,
  store,
} from "./broken-verifications.ts";
import { brokenHarness, type Mutant, withoutAtomicity } from "./mutant.ts";
import { completeVerifications } from "./verification-mutant-kit.ts";

const ok = { status: "ok" } as const;

/** Verifications 11: what verify may answer. */
const answers: readonly Mutant<Store>[] = [
  store("11h", "keeps no value of an acceptance", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, value: "" }),
  })),
  claiming("11i", "takes a payload for any payment's", () => ({ fingerprint: "anything" })),
  store("11j", "keeps of a reason what can be printed", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, value: printable(result.value) }),
  })),
  store("11k", "keeps a rejection for what was given back", ({ right }) => ({
    release: (key, lease) => right.complete(key, lease, { outcome: "rejected", value: "later", retainUntilMs: 0 }),
  })),
  store("11l", "keeps an acceptance for what was given back", ({ right }) => ({
    release: (key, lease) => right.complete(key, lease, { outcome: "accepted", value: "", retainUntilMs: 0 }),
  })),
];

function printable(text: string): string {
  return [...text].filter((character) => character >= " ").join("");
}

/** Verifications 12a-12m: one result, delivered. */
const deliveries: readonly Mutant<Store>[] = [
  port("12a", "lets two settle", withoutAtomicity),
  brokenHarness(completeVerifications, "verifications/12b", "keeps each instance's payments apart", (_, { clock }) => ({
    create: (keyPrefix) => createVerificationStore(mapPort(clock), { keyPrefix }),
  })),
  store("12c", "gives the lease of what is owed to all who ask", ({ right }) => {
    const owed = new Map<Name, Awaited<ReturnType<Store["claim"]>>>();
    return {
      async claim(key, request) {
        const claim = await right.claim(key, request);
        if (claim.status === "settled") owed.set(key, claim);
        return claim.status === "in-progress" ? (owed.get(key) ?? claim) : claim;
      },
    };
  }),
  store("12d", "says ok to every renewal", () => ({ renew: async () => ok })),
  payments("12e", "takes over from one that died while settling", (body) => ({
    body: { ...body, onLeaseExpiry: "retry" },
  })),
  keeping("12f", "keeps nothing of what was made", () => undefined),
  store("12ah", "records a receipt only with its delivery", ({ right }) => ({
    settle: async (key, request) =>
      request.deliver === undefined ? { status: "settled", receipt: request.receipt } : right.settle(key, request),
  })),
  store("12g", "does not know a delivery's token again", ({ right }) => {
    const heard = new Set<string>();
    const again = (reply: Settled, token: string | undefined): Settled => {
      if (reply.status !== "delivered" || token === undefined) return reply;
      const before = heard.has(token);
      heard.add(token);
      return before ? { ...reply, byYou: false } : reply;
    };
    return {
      settle: async (key, request) => again(await right.settle(key, request), request.deliver?.token),
      deliver: async (key, delivery) => again(await right.deliver(key, delivery), delivery.token),
    };
  }),
  store("12h", "takes what is in doubt for ended", () => ({
    reconcile: async () => ({ status: "expired", reason: "the lease was over" }),
  })),
  store("12i", "takes no delivery back", () => ({ undeliver: async () => ok })),
  store("12ai", "finds no delivery that could be taken back", () => ({
    undeliver: async () => ({ status: "lost", current: "delivered" }),
  })),
  store("12j", "drops a receipt that comes late", ({ right }) => ({
    async settle(key, request) {
      const { status } = await right.peek(key);
      if (status === "unknown") return { status: "settled", receipt: request.receipt };
      return right.settle(key, request);
    },
  })),
  store("12k", "takes a receipt for undelivered, whatever came before", ({ right }) => {
    const tokens = new Map<Name, string>();
    return {
      async settle(key, request) {
        if (request.deliver !== undefined) tokens.set(key, request.deliver.token);
        const reply = await right.settle(key, request);
        const token = tokens.get(key);
        if (request.deliver === undefined && reply.status === "delivered" && token !== undefined) {
          await right.undeliver(key, token);
        }
        return reply;
      },
      deliver(key, delivery) {
        tokens.set(key, delivery.token);
        return right.deliver(key, delivery);
      },
    };
  }),
  keeping("12l", "cuts what is too large", (text) => text.slice(0, 65_536)),
  store("12m", "takes what is settled for delivered", ({ right }) => ({
    async claim(key, request) {
      const claim = await right.claim(key, request);
      return claim.status === "settled" ? { status: "delivered", receipt: claim.receipt } : claim;
    },
  })),
];

/** Verifications 12n-12y: what is told, and what is doubt. */
const words: readonly Mutant<Store>[] = [
  claiming("12n", "binds no collector", ({ payment }) => ({
    payment: payment && { ...payment, collector: undefined },
  })),
  store("12o", "keeps what was made for as long as the payment", ({ right }) => {
    const forEver = <D extends { keptForMs?: number | undefined }>(delivery: D): D => ({
      ...delivery,
      keptForMs: undefined,
    });
    return {
      settle: (key, { deliver, ...rest }) => right.settle(key, { ...rest, deliver: deliver && forEver(deliver) }),
      deliver: (key, delivery) => right.deliver(key, forEver(delivery)),
    };
  }),
  store("12p", "does not tell which payload a payment is bound to", ({ right }) => ({
    async peek(key) {
      const { payload: _, ...look } = await right.peek(key);
      return look;
    },
  })),
  claiming("12q", "takes every payload for the accepted one", ({ payment }) => ({
    payment: payment && { ...payment, payload: "any" },
  })),
  claiming("12r", "does not look at what was bought", () => ({ fingerprint: "anything" })),
  store("12s", "keeps one verification for all payloads", ({ right }) => {
    const shared = (key: Name) => (typeof key === "string" && key.startsWith("v:") ? "v:" : key);
    return {
      claim: (key, request) => right.claim(shared(key), request),
      renew: (key, lease, leaseMs, options) => right.renew(shared(key), lease, leaseMs, options),
      complete: (key, lease, result) => right.complete(shared(key), lease, result),
      release: (key, lease, options) => right.release(shared(key), lease, options),
    };
  }),
  store("12t", "keeps of a reason what can be printed", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, value: printable(result.value) }),
  })),
  claiming("12ak", "takes a payment without a payload", ({ payment }) => ({
    payment: payment && { ...payment, payload: payment.payload || "none" },
  })),
  store("12u", "frees a payment whose end is unknown", ({ right }) => ({
    markUnknown: (key, lease) => right.release(key, lease),
  })),
  store("12aj", "says ok to every release", ({ right }) => ({
    async release(key, lease, options) {
      await right.release(key, lease, options);
      return ok;
    },
  })),
  store("12v", "lets the lease of a refused payment run out", ({ right }) => ({
    release: (key, lease) => right.renew(key, lease, 1),
  })),
  store("12v", "counts no refusals", ({ right }) => ({ release: (key, lease) => right.release(key, lease) })),
  store("12w", "keeps no reference", ({ right }) => ({
    renew: (key, lease, leaseMs, options) => right.renew(key, lease, leaseMs, { ...options, reference: undefined }),
  })),
  store("12x", "frees what will never be settled", ({ right }) => ({
    expire: async (key, { lease }) => (lease === undefined ? ok : right.release(key, lease)),
  })),
  store("12y", "takes a note from one who lost the lease", ({ right }) => ({
    async note(key, lease, evidence) {
      await right.note(key, lease, evidence);
      return ok;
    },
  })),
  store("12al", "keeps the first note alone", ({ right }) => {
    const noted = new Set<string>();
    return {
      async note(key, lease, evidence) {
        if (noted.has(lease.token)) return ok;
        noted.add(lease.token);
        return right.note(key, lease, evidence);
      },
      markUnknown: (key, lease) => right.markUnknown(key, lease),
    };
  }),
];

/** Verifications 12z-12ag: how long, and for operators. */
const afterwards: readonly Mutant<Store>[] = [
  store("12z", "takes a receipt only for what was claimed", ({ right }) => ({
    async settle(key, request) {
      const { status } = await right.peek(key);
      return status === "absent" ? { status: "lost", current: status } : right.settle(key, request);
    },
  })),
  payments("12aa", "forgets what is owed when its payment ends", ({ state, retainUntilMs }) =>
    state === "settled" && typeof retainUntilMs === "number" ? { endsAtMs: retainUntilMs } : null,
  ),
  payments("12ab", "forgets a payment ten minutes after its validity", ({ state }, endsAtMs) =>
    state === "delivered" ? { endsAtMs: endsAtMs - 86_400_000 + 600_000 } : null,
  ),
  claiming("12ac", "counts retention by the instance's clock", ({ retainUntilMs }, clock) => ({
    retainUntilMs: Math.max(0, clock.now() + retainUntilMs - Date.now()),
  })),
  store("12ad", "lists what is in doubt, and nothing that is owed", ({ right }) => ({
    async *unresolved() {
      for await (const item of right.unresolved()) if (item.kind === "in-doubt") yield item;
    },
  })),
  store("12ad", "tells the evidence of others", ({ right }) => ({
    async *unresolved() {
      let evidence = "none";
      for await (const item of right.unresolved()) {
        yield { ...item, evidence };
        evidence = item.evidence ?? evidence;
      }
    },
  })),
  store("12ae", "ends nothing by its handle", ({ right }) => ({
    settle: async (key, request) =>
      typeof key === "string" ? right.settle(key, request) : { status: "lost", current: "absent" },
  })),
  store("12af", "ends a payment whose attempt is alive", ({ right }) => {
    const leases = new Map<Name, Lease>();
    return {
      async claim(key, request) {
        const claim = await right.claim(key, request);
        if (claim.status === "claimed") leases.set(key, claim.lease);
        return claim;
      },
      expire: (key, { reason, lease = leases.get(key) }) => right.expire(key, { reason, lease }),
    };
  }),
  store("12ag", "takes evidence and does not keep it", () => ({ note: async () => ok })),
  store("12ag", "reconciles without the reference", ({ right }) => ({
    async reconcile(key, request) {
      const claim = await right.reconcile(key, request);
      if (claim.status !== "claimed") return claim;
      const { reference: _, ...rest } = claim;
      return rest;
    },
  })),
];

export const payOnceMutants: readonly Mutant<Store>[] = [...answers, ...deliveries, ...words, ...afterwards];
