// What the searches of payments reach: a state that is never reached proves nothing.
import { expect, test } from "vitest";
import { readBody } from "../verification/verification-record.ts";
import { type PaymentOptions, paymentModel } from "./payment-model.ts";
import type { PaymentWorld } from "./payment-world.ts";
import { wayIn } from "./search.ts";

const stateOf = ({ record }: PaymentWorld) => readBody(record)?.state;
const toldOf = ({ callers }: PaymentWorld, index: number) => callers[index]?.told;
const isFresh = (world: PaymentWorld, index: number) => {
  const told = toldOf(world, index);
  return told?.status === "paid" && told.fresh;
};

function way(options: PaymentOptions, faults: number, clockSteps: number, wanted: (world: PaymentWorld) => boolean) {
  return wayIn(paymentModel(options, { faults, clockSteps }), wanted);
}

test("one caller from its verification to its fresh answer", () => {
  const path = way({ callers: [{}], faults: ["verifier"] }, 0, 0, (world) => isFresh(world, 0));
  expect(path).toMatchInlineSnapshot(`
    "1. A is verified
    2. A: claim -> claimed
    3. A serves
    4. A: renew for settlement, keeping the result -> ok
    5. A sends the transfer
    6. ledger: the transfer lands
    7. A hears that it landed
    8. A: settle and deliver -> delivered
    => reached
    seed 0.0.0.0.0.0.0.0"
  `);
});

test("a payment served by the one who found it settled, after its first holder died", () => {
  const path = way({ callers: [{}, { order: "settle-then-serve" }] }, 0, 1, (world) => {
    return world.callers[0]?.settling?.phase === "sent" && isFresh(world, 1);
  });
  expect(path).toMatchInlineSnapshot(`
    "1. A is verified
    2. A: claim -> claimed
    3. A serves
    4. A: renew for settlement, keeping the result -> ok
    5. A sends the transfer
    6. B is verified
    7. ledger: the transfer lands
    8. clock: +150 ms
    9. B: claim -> unknown
    10. B: reconcile -> claimed
    11. B finds the settlement
    12. B: settle -> settled
    13. B: claim -> settled
    14. B reads what was kept
    15. B: deliver -> delivered
    => reached
    seed 0.0.0.0.0.0.1.2.2.2.2.2.2.2.2"
  `);
});

test("a delivery that was taken back because its caller had left, and that the next one gets from what was kept", () => {
  const path = way({ faults: ["abort"] }, 1, 0, (world) => {
    return world.callers[0]?.left === true && isFresh(world, 1) && world.callers[1]?.machine.kept !== undefined;
  });
  expect(path).toMatchInlineSnapshot(`
    "1. A: claim -> claimed
    2. A serves
    3. A: renew for settlement, keeping the result -> ok
    4. A sends the transfer
    5. A leaves
    6. ledger: the transfer lands
    7. A hears that it landed
    8. A: settle -> settled
    9. B: claim -> settled
    10. B reads what was kept
    11. B: deliver -> delivered
    => reached
    seed 0.0.0.0.0.1.0.0.1.1.1"
  `);
});

test("a settlement that was given up, and whose receipt is recorded late", () => {
  const path = way({ callers: [{}] }, 0, 1, (world) => {
    const [caller] = world.callers;
    return caller?.told?.status === "pending" && caller.gotReceipt && stateOf(world) === "settled";
  });
  expect(path).toMatchInlineSnapshot(`
    "1. A is verified
    2. A: claim -> claimed
    3. A serves
    4. A: renew for settlement, keeping the result -> ok
    5. A sends the transfer
    6. ledger: the transfer lands
    7. clock: +150 ms
    8. A hears the time
    9. A: markUnknown -> ok
    10. A hears that it landed
    11. A: settle -> settled
    => reached
    seed 0.0.0.0.0.0.1.1.0.0.0"
  `);
});

test.each<[string, PaymentOptions, number, number, (world: PaymentWorld) => boolean]>([
  ["a second verification, and a second transfer, after a refusal", {}, 0, 0, ({ transfer }) => transfer.id === 2],
  [
    "a payment that was refused though it had landed, and found",
    { callers: [{}] },
    1,
    0,
    (world) => {
      return world.callers[0]?.lied === true && world.callers[0].machine.at === "record";
    },
  ],
  ["an ended payment", { callers: [{}] }, 0, 0, (world) => stateOf(world) === "expired"],
  [
    "a conflict of collectors",
    { callers: [{ collector: "a" }, { collector: "b" }] },
    0,
    0,
    (world) => {
      return isFresh(world, 0) && toldOf(world, 1)?.status === "conflict";
    },
  ],
  [
    "a duplicate that is told what was kept",
    {},
    0,
    0,
    (world) => {
      const told = toldOf(world, 1);
      return told?.status === "paid" && !told.fresh && told.kept !== undefined;
    },
  ],
  [
    "a note that is refused, because the lease is lost",
    { callers: [{}], notes: true, renews: true },
    0,
    1,
    ({ callers }) => {
      return callers[0]?.settling?.phase === "refused";
    },
  ],
  [
    "a receipt by an operator, delivered by a caller",
    { operator: true },
    0,
    1,
    (world) => {
      return world.operator.at === "done" && world.callers[0]?.settling?.phase === "sent" && isFresh(world, 1);
    },
  ],
  [
    "the same authorization settled again by findSettlement",
    { idempotent: true },
    0,
    1,
    (world) => {
      return world.transfer.id === 0 && isFresh(world, 1);
    },
  ],
  [
    "a receipt that was given up while the store was away",
    { callers: [{}] },
    1,
    2,
    ({ away, callers: [caller] }) => {
      return away && caller?.gotReceipt === true && caller.machine.at === "ended";
    },
  ],
  [
    "a record owed by one who serves after a lost lease",
    { callers: [{ order: "settle-then-serve" }] },
    0,
    2,
    (world) => {
      return world.callers[0]?.machine.attempts === 1 && isFresh(world, 0) && world.transfer.id === 1;
    },
  ],
])("%s", (_, options, faults, clockSteps, wanted) => {
  expect(way(options, faults, clockSteps, wanted)).toContain("=> reached");
});
