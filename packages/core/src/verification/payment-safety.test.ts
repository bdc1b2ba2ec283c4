// Random callers on one payment: nothing is settled or delivered twice, and no result is told to another purchase or payer.
import assert from "node:assert/strict";
import fc from "fast-check";
import { it } from "vitest";
import { manualClock, mapPort } from "../testing.ts";
import { createVerificationStore } from "./create-verification-store.ts";
import type { Lease } from "./verification-store.ts";

/** Who calls: a payer, with two payloads, for two purchases; and a stranger with the payer's payload. */
const callers = [
  { fingerprint: "f", payload: "p", collector: "c" },
  { fingerprint: "f", payload: "q", collector: "c" },
  { fingerprint: "g", payload: "p", collector: "c" },
  { fingerprint: "f", payload: "p", collector: "stranger" },
];
type Caller = (typeof callers)[number];

/** `token`: which of the caller's own two delivery tokens. `bare`: without a result, a delivery or a lease. */
const command = fc.record({
  who: fc.nat(callers.length - 1),
  call: fc.constantFrom(
    ...(["claim", "claim", "claim", "renew", "switch", "settle", "settle", "deliver", "undeliver"] as const),
    ...(["release", "markUnknown", "expire", "advance", "advance"] as const),
  ),
  token: fc.nat(1),
  bare: fc.boolean(),
  ms: fc.constantFrom(1, 5_000, 10_000, 86_400_000),
});

it("is settled once, delivered once, and told to its own alone, whatever callers do", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
      const clock = manualClock();
      const store = createVerificationStore(mapPort(clock));
      const retainUntilMs = clock.now() + 3 * 86_400_000;
      const leases = new Map<Caller, Lease>();
      /** Callers who were told, last of all, that the payment is settled and theirs to deliver. */
      const mayDeliver = new Set<Caller>();
      let deliveredBy: string | undefined;
      let isSettled = false;
      /** A holder went on to settle, or recorded that the outcome is unknown; and nothing came of it yet. */
      let inDoubt = false;
      let claims = 0;

      const sees = (caller: Caller, reply: { kept?: string }) => {
        if (reply.kept === undefined) return;
        const maker = JSON.parse(reply.kept);
        assert.equal(maker.fingerprint, caller.fingerprint, "the result of another purchase");
        assert.equal(maker.collector, caller.collector, "another payer's result");
      };
      const delivers = (caller: Caller, token: string, reply: { status: string; byYou?: boolean; kept?: string }) => {
        sees(caller, reply);
        if (reply.status === "settled") mayDeliver.add(caller);
        else mayDeliver.delete(caller);
        if (reply.status === "settled" || reply.status === "delivered") isSettled = true;
        if (reply.byYou !== true) return;
        assert.ok(deliveredBy === undefined || deliveredBy === token, "delivered twice");
        deliveredBy = token;
      };
      for (const { who, call, token, bare, ms } of commands) {
        const caller = callers[who] ?? assert.fail();
        const { fingerprint, payload, collector } = caller;
        const payment = { payload, collector };
        const lease = leases.get(caller);
        const kept = JSON.stringify(caller);
        const mine = `${who} ${token}`;
        if (call === "advance") clock.advance(ms);
        if ((await store.peek("k")).status === "absent") {
          isSettled = false;
          inDoubt = false;
          deliveredBy = undefined;
        }
        if (call === "claim") {
          claims += 1;
          const request = { token: `t ${claims}`, leaseMs: 10_000 };
          const asked = { ...request, fingerprint, payment, retainUntilMs };
          const first = await store.claim("k", { ...asked, onLeaseExpiry: "retry" });
          const reply = first.status === "unknown" ? await store.reconcile("k", request) : first;
          assert.ok(reply.status !== "claimed" || !isSettled, "to be settled a second time");
          assert.ok(first.status !== "claimed" || !inDoubt, "taken up as if nothing had moved");
          mayDeliver.delete(caller);
          if (reply.status === "delivered" || reply.status === "settled") sees(caller, reply);
          if (reply.status === "settled" && reply.lease !== undefined) mayDeliver.add(caller);
          if ((reply.status === "settled" || reply.status === "claimed") && reply.lease)
            leases.set(caller, reply.lease);
        }
        if (call === "deliver" && mayDeliver.has(caller)) {
          delivers(caller, mine, await store.deliver("k", { token: mine, ...(bare ? {} : { kept }) }));
        }
        if (call === "undeliver") {
          const { status } = await store.undeliver("k", mine);
          if (status === "ok" && deliveredBy === mine) deliveredBy = undefined;
        }
        if (call === "expire" && bare) await store.expire("k", { reason: "void" });
        if (lease === undefined) continue;
        if (call === "renew") await store.renew("k", lease, 10_000, bare ? {} : { kept });
        if (call === "switch") {
          const { status } = await store.renew("k", lease, 10_000, { onLeaseExpiry: "unknown", kept });
          assert.ok(status === "lost" || !isSettled, "settled a second time");
          if (status === "ok") inDoubt = true;
        }
        if (call === "settle") {
          const deliver = bare ? undefined : { token: mine, kept };
          delivers(caller, mine, await store.settle("k", { receipt: "tx", fingerprint, payment, lease, deliver }));
          if ((await store.peek("k")).status === "settled") isSettled = true;
        }
        if (call === "release") await store.release("k", lease, { refused: bare });
        if (call === "markUnknown" && (await store.markUnknown("k", lease)).status === "ok") inDoubt = true;
      }
    }),
    { numRuns: 2_000 },
  );
});
