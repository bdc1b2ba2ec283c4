// One broken verification store for each numbered property; those of payments' properties are in a file of their own.
import {
  createVerificationStore,
  isEvictableVerification,
  isStoreError,
  type VerificationStore,
} from "@tollbooth-stores/core";
import { mapPort } from "@tollbooth-stores/core/testing";
import { boundedPort, refusingWhenFull } from "./fakes.ts";
import { type Mutant, withoutAtomicity } from "./mutant.ts";
import { paymentMutants } from "./payment-mutants.ts";
import { bounded, harness, isRejection, port, records, store } from "./verification-mutant-kit.ts";

const ok = { status: "ok" } as const;

export const verificationMutants: readonly Mutant<VerificationStore>[] = [
  port("verifications/1a", "reads, decides and writes in three turns", withoutAtomicity),
  harness("verifications/1b", "keeps the claims of each instance apart", (_, { clock }) => ({
    create: (keyPrefix) => createVerificationStore(mapPort(clock), { keyPrefix }),
  })),
  harness("verifications/1c", "keeps the claims of each process apart", (complete, { clock }) => ({
    probes: { ...complete.probes, spawn: async (keyPrefix) => createVerificationStore(mapPort(clock), { keyPrefix }) },
  })),
  store("verifications/2a", "answers from a result before it looks at the fingerprint", ({ right }) => ({
    async claim(key, request) {
      const claim = await right.claim(key, request);
      const seen = claim.status === "mismatch" ? await right.peek(key) : undefined;
      return seen?.status === "done" ? seen : claim;
    },
  })),
  records("verifications/3", "forgets the last fence at a release", (body) => (body.state === "released" ? null : {})),
  records("verifications/4a", "counts each attempt as the first", (body) => ({ body: { ...body, attempt: 1 } })),
  records("verifications/4b", "takes every expired lease for one to take over", (body) => ({
    body: { ...body, onLeaseExpiry: "retry" },
  })),
  store("verifications/5a", "tells a past holder that its result was kept", ({ right }) => ({
    async complete(key, lease, result) {
      await right.complete(key, lease, result);
      return ok;
    },
  })),
  store("verifications/5b", "refuses a late result although none was reconciled", ({ right }) => ({
    async complete(key, lease, result) {
      const { status } = await right.peek(key);
      return status === "unknown" ? { status: "lost", current: status } : right.complete(key, lease, result);
    },
  })),
  store("verifications/5c", "renews an expired lease that no caller took over", ({ right }) => ({
    async renew(key, lease, leaseMs) {
      const ended = await right.renew(key, lease, leaseMs);
      const seen = await right.peek(key);
      return seen.status === "in-progress" && seen.retryAfterMs === 0 ? ok : ended;
    },
  })),
  store("verifications/6a", "says ok to a second, other result", ({ right }) => ({
    async complete(key, lease, result) {
      const ended = await right.complete(key, lease, result);
      return ended.status === "lost" && ended.current === "done" ? ok : ended;
    },
  })),
  records("verifications/6b", "never switches to unknown", (body, _, before) => ({
    body: { ...body, onLeaseExpiry: before.state === "in-progress" ? before.onLeaseExpiry : body.onLeaseExpiry },
  })),
  records("verifications/7a", "forgets a payment with its value", (body) => {
    const { valueUntilMs } = body;
    return typeof valueUntilMs === "number" ? { endsAtMs: valueUntilMs } : {};
  }),
  records("verifications/7b", "knows no floor of retention", (_, { endsAtMs }) => ({ endsAtMs: endsAtMs - 600_000 })),
  store("verifications/7c", "cuts an instant to 32 bits", ({ right }) => ({
    claim: (key, request) => right.claim(key, { ...request, retainUntilMs: request.retainUntilMs >>> 0 }),
  })),
  store("verifications/8a", "lets a released lease run out", ({ right }) => ({
    release: (key, lease) => right.renew(key, lease, 1),
  })),
  records("verifications/8b", "drops the evidence at a reconciliation", (body, _, before) => {
    const { evidence: _evidence, ...rest } = body;
    return before.state === "unknown" || before.attempt !== body.attempt ? { body: rest } : {};
  }),
  store("verifications/8c", "hands out the key as the handle", ({ right }) => ({
    async *unresolved() {
      for await (const item of right.unresolved()) yield { ...item, handle: "payment key 1" };
    },
  })),
  store("verifications/9", "locks out an owner whose reply was lost", ({ right, clock }) => {
    const marked = new Map<string, number>();
    return {
      async markOnce(key, request) {
        const answer = await right.markOnce(key, request);
        const atMs = marked.get(key);
        if (answer.status === "marked" && atMs === undefined) marked.set(key, clock.now());
        return answer.status === "marked" && atMs !== undefined
          ? { status: "already-marked", mismatch: false, atMs }
          : answer;
      },
    };
  }),
  store("verifications/10a", "mends ill-formed text without a word", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, value: result.value.toWellFormed() }),
  })),
  store("verifications/10b", "trims values", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, value: result.value.trim() }),
  })),
  store("verifications/10c", "takes an unreadable record for none", ({ right }) => ({
    peek: (key) =>
      right.peek(key).catch((error: unknown) => {
        if (isStoreError(error, "STORE_CORRUPT")) return { status: "absent" };
        throw error;
      }),
  })),
  ...paymentMutants,
  port("verifications/11a", "lets two verify", withoutAtomicity),
  store("verifications/11b", "keeps acceptances as rejections", ({ right }) => ({
    complete: (key, lease, result) => right.complete(key, lease, { ...result, outcome: "rejected" }),
  })),
  store("verifications/11c", "lets the lease of a failed verification run out", ({ right }) => ({
    release: (key, lease) => right.renew(key, lease, 1),
  })),
  records("verifications/11d", "remembers rejections for a day", (body, { endsAtMs }) => {
    const keptMs = endsAtMs + 86_400_000;
    return body.state === "rejected" ? { endsAtMs: keptMs, body: { ...body, valueUntilMs: keptMs } } : {};
  }),
  store("verifications/11e", "says ok to every renewal", () => ({ renew: async () => ok })),
  store("verifications/11f", "does not wait", () => ({ async wait() {} })),
  store("verifications/11g", "leaves waiters waiting when it closes", () => ({
    wait: (_key, options) => new Promise((resolve) => setTimeout(resolve, options?.timeoutMs ?? 250).unref()),
  })),
  store("verifications/11m", "wakes no waiter", () => ({
    wait: (_key, options) => new Promise((resolve) => setTimeout(resolve, options?.timeoutMs ?? 250).unref()),
  })),
  bounded("verifications/13a", "drops the oldest marker when it is full", (clock, maxEntries) =>
    boundedPort(clock, maxEntries, () => true),
  ),
  bounded("verifications/13b", "keeps the place of every forged payload", (clock, maxEntries) =>
    boundedPort(clock, maxEntries, () => false),
  ),
  bounded("verifications/13b", "keeps the place of what was given back", (clock, maxEntries) =>
    boundedPort(clock, maxEntries, isRejection),
  ),
  bounded("verifications/13c", "refuses every write when it is full", (clock, maxEntries) =>
    refusingWhenFull(boundedPort(clock, maxEntries, isEvictableVerification)),
  ),
  store("verifications/model", "counts a reconciliation's lease from the second on as fresh", ({ right }) => {
    let reconciled = 0;
    return {
      async reconcile(key, request) {
        const claim = await right.reconcile(key, request);
        if (claim.status === "claimed") reconciled += 1;
        return claim.status === "claimed" && reconciled > 1 ? { ...claim, via: "fresh" } : claim;
      },
    };
  }),
];
