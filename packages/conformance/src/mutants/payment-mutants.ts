// One broken verification store for each property of payments in the store: receipts, deliveries, what is kept, ends.
import type { StoredRecord, VerificationStore } from "@tollbooth-stores/core";
import { type Mutant, withoutAtomicity } from "./mutant.ts";
import { fieldsOf, keptTexts, port, records, store } from "./verification-mutant-kit.ts";

const ok = { status: "ok" } as const;

/** What only a payment's record holds. */
const paymentOf = (body: Record<string, unknown>) => fieldsOf(body.payment);

/** A receipt's or claim's request without its collector. */
function withoutCollector<R extends { payment?: { payload: string } | undefined }>(request: R): R {
  const { payment } = request;
  return payment === undefined ? request : { ...request, payment: { payload: payment.payload } };
}

export const paymentMutants: readonly Mutant<VerificationStore>[] = [
  store("verifications/2b", "hears no collector", ({ right }) => ({
    claim: (key, request) => right.claim(key, withoutCollector(request)),
  })),
  records("verifications/2b", "binds the collector of the last claim", (body, _, before) => {
    const { collector } = paymentOf(body);
    const bound = "collector" in paymentOf(before) || collector !== undefined;
    return bound || body.attempt === 1
      ? {}
      : { body: { ...body, payment: { ...paymentOf(body), collector: "another" } } };
  }),
  records("verifications/2b", "lets any payload collect", (body) =>
    body.state === "settled" ? { body: { ...body, payment: { ...paymentOf(body), payload: "" } } } : {},
  ),
  port("verifications/4c", "lets two deliver", withoutAtomicity),
  keptTexts("verifications/4c", "keeps nothing", () => null),
  store("verifications/5d", "wants a lease for a receipt", ({ right }) => ({
    async settle(key, request) {
      const { status } = await right.peek(key);
      const free = status === "settled" || status === "delivered";
      return free || request.lease !== undefined ? right.settle(key, request) : { status: "lost", current: status };
    },
  })),
  records("verifications/5d", "takes the last receipt for the first", (body, _, before) =>
    body.state === "settled" && before.state === "settled" ? { body: { ...body, value: "tx 2" } } : {},
  ),
  records("verifications/5e", "lets another's lease go on beside a receipt", (body, _, { state, leaseUntilMs }) =>
    body.state === "settled" && state === "in-progress" ? { body: { ...body, leaseUntilMs } } : {},
  ),
  store("verifications/5e", "ends its own holder's lease with the receipt", ({ right }) => ({
    settle: (key, { lease: _, ...request }) => right.settle(key, request),
  })),
  store("verifications/5f", "records a bare receipt only", ({ right }) => ({
    settle: (key, { receipt, deliver, lease }) => right.settle(key, { receipt, deliver, lease }),
  })),
  store("verifications/6c", "ends a completed payment with its value", ({ right, clock }) => {
    const ends = new Map<unknown, number>();
    return {
      complete(key, lease, result) {
        ends.set(key, clock.now() + (result.valueTtlMs ?? 0));
        return right.complete(key, lease, result);
      },
      async claim(key, request) {
        const claim = await right.claim(key, request);
        return claim.status === "settled" && clock.now() > (ends.get(key) ?? Infinity) ? { status: "spent" } : claim;
      },
    };
  }),
  store("verifications/6d", "tells everyone that the delivery is theirs", ({ right }) => ({
    async deliver(key, delivery) {
      const answer = await right.deliver(key, delivery);
      return answer.status === "delivered" ? { ...answer, byYou: true } : answer;
    },
  })),
  store("verifications/6d", "locks out a deliverer whose reply was lost", ({ right }) => ({
    async deliver(key, delivery) {
      const { status } = await right.peek(key);
      const answer = await right.deliver(key, delivery);
      return status === "delivered" && answer.status === "delivered" ? { ...answer, byYou: false } : answer;
    },
  })),
  records("verifications/6e", "forgets which delivery was taken back", (body) => {
    const { undone: _, ...payment } = paymentOf(body);
    return "payment" in body ? { body: { ...body, payment } } : {};
  }),
  store("verifications/6e", "takes back any delivery", ({ right }) => ({
    async undeliver(key, token) {
      await right.undeliver(key, token);
      return ok;
    },
  })),
  store("verifications/6e", "forgets a delivery that was taken back while another's stood", ({ right }) => {
    const standing = new Map<unknown, string>();
    return {
      async deliver(key, delivery, options) {
        const reply = await right.deliver(key, delivery, options);
        if (reply.status === "delivered" && reply.byYou) standing.set(key, delivery.token);
        return reply;
      },
      async undeliver(key, token) {
        const by = standing.get(key);
        if (by !== undefined && by !== token) return { status: "lost", current: "delivered" };
        standing.delete(key);
        return right.undeliver(key, token);
      },
    };
  }),
  store("verifications/6f", "shows what is kept to one who looks", ({ right }) => {
    const kept = new Map<unknown, string>();
    return {
      renew(key, lease, leaseMs, options) {
        if (options?.kept !== undefined) kept.set(key, options.kept);
        return right.renew(key, lease, leaseMs, options);
      },
      async peek(key) {
        const look = await right.peek(key);
        const text = kept.get(key);
        return look.status === "settled" && text !== undefined ? { ...look, kept: text } : look;
      },
    };
  }),
  keptTexts("verifications/6f", "keeps a result as long as it likes", (record) => ({
    ...record,
    endsAtMs: record.endsAtMs + 3_600_000,
  })),
  port("verifications/6f", "never drops what was kept", (map) => ({
    transact: (keys, step, options) =>
      map.transact(
        keys,
        (found, nowMs) => {
          const { writes = [], reply } = step(found, nowMs);
          const kept = writes.map((write, index) => (keys[index]?.endsWith(":k") ? (write ?? undefined) : write));
          return { writes: kept, reply };
        },
        options,
      ),
  })),
  records("verifications/7d", "forgets a payment with its validity", (body, { endsAtMs }) =>
    body.state === "delivered" ? { endsAtMs: endsAtMs - 86_400_000 } : {},
  ),
  records("verifications/7d", "remembers the validity of the first payload alone", (body, record, before) => {
    const { retainUntilMs } = before;
    if (typeof retainUntilMs !== "number" || !("payment" in body) || body.state === "delivered") return {};
    return shortenedTo(retainUntilMs, body, record);
  }),
  records("verifications/7e", "forgets what is owed with its validity", (body) =>
    body.state === "settled" && typeof body.retainUntilMs === "number" ? { endsAtMs: body.retainUntilMs } : {},
  ),
  records("verifications/7e", "forgets a late delivery at once", (body, _, before) =>
    body.state === "delivered" && typeof before.retainUntilMs === "number" ? { endsAtMs: before.retainUntilMs } : {},
  ),
  store("verifications/8d", "tells no reference", ({ right }) => ({
    async reconcile(key, request) {
      const claim = await right.reconcile(key, request);
      if (claim.status !== "claimed") return claim;
      const { reference: _, ...rest } = claim;
      return rest;
    },
  })),
  store("verifications/8d", "tells no evidence", ({ right }) => ({
    async reconcile(key, request) {
      const claim = await right.reconcile(key, request);
      if (claim.status !== "claimed") return claim;
      const { evidence: _, ...rest } = claim;
      return rest;
    },
  })),
  store("verifications/8e", "settles an expired payment without a word", ({ right }) => ({
    async settle(key, request) {
      const settlement = await right.settle(key, request);
      if (settlement.status !== "settled") return settlement;
      const { wasExpired: _, ...rest } = settlement;
      return rest;
    },
  })),
  store("verifications/8e", "ends a payment under a live lease", ({ right, port: { put, records: all } }) => ({
    async expire(key, ending) {
      for (const [name, record] of all) {
        const body = fieldsOf(record.body);
        if (body.state === "in-progress") put(name, { ...record, body: { ...body, leaseUntilMs: 0 } });
      }
      return right.expire(key, ending);
    },
  })),
  store("verifications/8e", "forgets by what an ended payment was looked for", ({ right }) => ({
    async peek(key) {
      const look = await right.peek(key);
      return look.status === "expired" ? { status: look.status, reason: look.reason } : look;
    },
  })),
  store("verifications/8f", "counts no refusal", ({ right }) => ({
    release: (key, lease) => right.release(key, lease),
  })),
  records("verifications/8f", "counts a refusal once for all", (body) => {
    const payment = paymentOf(body);
    return Number(payment.refusals) > 1 ? { body: { ...body, payment: { ...payment, refusals: 1 } } } : {};
  }),
  store("verifications/8g", "lets the lease of who lets go run out", ({ right }) => ({
    async release(key, lease, options) {
      const look = await right.peek(key);
      return look.status === "in-progress" ? ok : right.release(key, lease, options);
    },
  })),
  store("verifications/8h", "lists what is in doubt alone", ({ right }) => ({
    async *unresolved() {
      for await (const item of right.unresolved()) if (item.kind === "in-doubt") yield item;
    },
  })),
  store("verifications/8h", "takes a handle for a key", ({ right }) => ({
    settle: (key, request) => right.settle(typeof key === "string" ? key : key.handle, request),
  })),
  store("verifications/8h", "never lists what is served for ever", ({ right }) => ({
    async *unresolved() {
      for await (const item of right.unresolved()) if (item.kind !== "held") yield item;
    },
  })),
  store("verifications/10d", "cuts a receipt to what fits", ({ right }) => ({
    settle: (key, request) => right.settle(key, { ...request, receipt: request.receipt.slice(0, 65_536) }),
  })),
  store("verifications/10d", "leaves out a result that does not fit", ({ right }) => ({
    renew: (key, lease, leaseMs, { kept, ...options } = {}) =>
      right.renew(key, lease, leaseMs, { ...options, kept: (kept ?? "").length > 65_536 ? undefined : kept }),
  })),
  keptTexts("verifications/10e", "trims what is kept", (record) => ({
    ...record,
    body: { text: String(fieldsOf(record.body).text).trim() },
  })),
  store("verifications/10e", "trims references", ({ right }) => ({
    renew: (key, lease, leaseMs, options) =>
      right.renew(key, lease, leaseMs, { ...options, reference: options?.reference?.trim() }),
  })),
];

/** The record with no longer a retention than it had. */
function shortenedTo(
  retainUntilMs: number,
  body: Record<string, unknown>,
  record: StoredRecord,
): Partial<StoredRecord> {
  const grown = Number(body.retainUntilMs) - retainUntilMs;
  return { endsAtMs: record.endsAtMs - grown, body: { ...body, retainUntilMs } };
}
