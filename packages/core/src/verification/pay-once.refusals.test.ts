// rememberRefusals: what copies hear for ten seconds after a refused settlement.
import { expect, it, vi } from "vitest";
import { leaseMs, lostReply, notSent, orders, passing, paymentWorld, sellerOf } from "./pay-once.test-support.ts";
import { payOnce } from "./pay-once.ts";
import type { PaymentSteps } from "./payment.ts";
import { sharedRecordOf } from "./shared-verification.ts";
import type { Lease, VerificationStore } from "./verification-store.ts";

const world = paymentWorld();
const seller = (more?: Partial<PaymentSteps<string>>) => sellerOf(world, more);
const refusing = () => seller({ settle: async () => ({ ok: false, reason: "no funds" }) });
const rejected = { status: "rejected", reason: "no funds" };
/** Where the first refusal is remembered. */
const remembered = () => sharedRecordOf(world.payment, 1);

/** Another attempt's claim of that record. */
async function takeRecord(heldMs: number): Promise<Lease> {
  const { key, fingerprint } = remembered();
  const request = { token: "another", fingerprint, leaseMs: heldMs, onLeaseExpiry: "retry", retainUntilMs: 0 } as const;
  const claim = await world.stores[0].claim(key, request);
  if (claim.status !== "claimed") throw new Error("The record was not claimed.");
  return claim.lease;
}

it.each(orders)("a copy that waited hears the refusal, and moves nothing for ten seconds (%s)", async (order) => {
  const options = { order, leaseMs, rememberRefusals: true };
  const [first, second] = world.stores;
  const told = Promise.all([
    payOnce(first, world.payment, refusing(), options),
    payOnce(second, world.payment, seller(), options),
    payOnce(second, world.payment, seller(), options),
  ]);
  expect(await passing(1_000, told)).toEqual([rejected, rejected, rejected]);
  await vi.advanceTimersByTimeAsync(8_900);
  expect(await payOnce(second, world.payment, seller(), options)).toEqual(rejected);
  expect(world.ledger.transfers).toBe(0);
  await vi.advanceTimersByTimeAsync(1_100);
  expect(await payOnce(second, world.payment, refusing(), options)).toEqual(rejected);
  expect(await payOnce(first, world.payment, seller(), options)).toEqual(rejected);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await payOnce(first, world.payment, seller(), options)).toMatchObject({ status: "paid", fresh: true });
  expect(world.ledger.transfers).toBe(1);
});

it("one that cannot be remembered is no rejection", async () => {
  const [first] = world.stores;
  const away: VerificationStore = {
    ...first,
    claim: (name, request) =>
      String(name).startsWith("v:1:") ? Promise.reject(notSent()) : first.claim(name, request),
  };
  const told = payOnce(away, world.payment, refusing(), { leaseMs, rememberRefusals: true });
  expect(await passing(2 * leaseMs, told)).toMatchObject({ status: "pending" });
  expect(await first.peek("p:payment")).toMatchObject({ status: "unknown" });
});

it.each([{ rememberRefusal: true }, { rememberRefusals: "false" }, null])(
  "options such as %j are refused",
  async (wrong) => {
    const told = Reflect.apply(payOnce, undefined, [world.stores[0], world.payment, seller(), wrong]);
    await expect(told).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_(CONFIG|INVALID_ARGUMENT)$/) });
    expect(world.ledger.transfers).toBe(0);
  },
);

it.each(["held", "accepted"])(
  "one whose record is another's, %s, is no rejection, and no copy is charged after it",
  async (state) => {
    const [first, second] = world.stores;
    const lease = await takeRecord(2 * leaseMs);
    if (state === "accepted")
      await first.complete(remembered().key, lease, { outcome: "accepted", value: "", retainUntilMs: 0 });
    const options = { leaseMs, rememberRefusals: true };
    const told = payOnce(first, world.payment, refusing(), options);
    const copy = payOnce(second, world.payment, seller(), options);
    expect(await passing(leaseMs + 100, told)).toMatchObject({ status: "pending" });
    expect(await passing(2 * leaseMs, copy)).toMatchObject({ status: "pending" });
    expect(world.ledger.transfers).toBe(0);
    expect(await first.peek("p:payment")).toMatchObject({ status: "unknown" });
  },
);

it("one whose record another attempt holds is remembered once that lets it go in time", async () => {
  await takeRecord(leaseMs / 3);
  const told = payOnce(world.stores[0], world.payment, refusing(), { leaseMs, rememberRefusals: true });
  expect(await passing(leaseMs, told)).toEqual(rejected);
  expect(await world.stores[1].peek(remembered().key)).toMatchObject({ status: "done", outcome: "rejected" });
});

it("one whose first writing was applied and never heard of is remembered by the next", async () => {
  const [first, second] = world.stores;
  const failures = [lostReply(), notSent()];
  const losing: VerificationStore = {
    ...first,
    async claim(name, request) {
      const failure = String(name).startsWith("v:1:") ? failures.shift() : undefined;
      if (failure?.outcome === "not-applied") throw failure;
      const claim = await first.claim(name, request);
      if (failure !== undefined) throw failure;
      return claim;
    },
  };
  const options = { leaseMs, rememberRefusals: true };
  const told = Promise.all([
    payOnce(losing, world.payment, refusing(), options),
    payOnce(second, world.payment, seller(), options),
  ]);
  expect(await passing(leaseMs, told)).toEqual([rejected, rejected]);
  expect(failures).toEqual([]);
  expect(world.ledger.transfers).toBe(0);
});
