// What the explorer finds in payment machines and transitions that are wrong on purpose: each of its properties can fail.
import { expect, test } from "vitest";
import { wrongMachines as machine, wrongTransitions as on } from "./payment-mistakes.ts";
import { type PaymentOptions, paymentModel } from "./payment-model.ts";
import { counterexampleIn } from "./search.ts";

const one = { callers: [{}] };

test("a caller who leaves while reconciling and frees the payment: found by the explorer in the machine as it first was", () => {
  const options: PaymentOptions = { next: machine.freesWhatItReconciles, faults: ["abort"] };
  expect(counterexampleIn(paymentModel(options, { faults: 1, clockSteps: 1 }))).toMatchInlineSnapshot(`
    "1. A: claim -> claimed
    2. A serves
    3. A: renew for settlement, keeping the result -> ok
    4. A sends the transfer
    5. clock: +150 ms
    6. B: claim -> unknown
    7. B leaves
    8. B: reconcile -> claimed
    9. B: release -> ok
    => then a healthy caller: A sends a second transfer
    seed 0.0.0.0.5.2.3.1.1"
  `);
});

test("one token for claims and reconciliations", () => {
  const options: PaymentOptions = { next: machine.oneToken, found: "in doubt", faults: ["delay"] };
  expect(counterexampleIn(paymentModel(options, { faults: 1, clockSteps: 2 }))).toMatchInlineSnapshot(`
    "1. A: claim -> unknown
    2. A: reconcile -> error, it is delayed
    3. A's call arrives late: reconcile -> claimed
    4. clock: +150 ms
    5. A: reconcile -> claimed
    6. A: claim -> claimed
    7. A serves
    8. A: renew for settlement, keeping the result -> ok
    9. A sends the transfer
    => A sends a second transfer
    seed 0.1.4.4.0.0.0.0.0"
  `);
});

test.each<[string, PaymentOptions, [faults: number, clockSteps: number], string]>([
  [
    "a delivery that is never taken back",
    { next: machine.neverUndelivers, keeps: "never", ...one },
    [1, 0],
    "A delivered it to no caller",
  ],
  [
    "a settlement after a lost switch",
    { next: machine.settlesAfterLostSwitch },
    [0, 1],
    "A is asked to settle, and holds no live lease",
  ],
  [
    "a settlement after a slow switch",
    { next: machine.settlesOnSlowSwitch, ...one },
    [1, 1],
    "A is asked to settle, and holds no live lease",
  ],
  [
    "a refusal that is believed without asking",
    { next: machine.believesRefusals, ...one },
    [1, 0],
    "A was refused while its payment had moved, or might yet",
  ],
  [
    "an answer for one who has left",
    { next: machine.answersTheDeparted, ...one },
    [1, 0],
    "A was answered after it had left",
  ],
  [
    "a late receipt that is dropped",
    { next: machine.dropsReceipts, ...one },
    [0, 1],
    "A had a receipt, and it is not on record",
  ],
  [
    "an acceptance from before a refusal",
    { next: machine.neverVerifiesAgain },
    [0, 0],
    "A settles on an acceptance that a refusal has overtaken",
  ],
  [
    "a rejection that is told without a look",
    { next: machine.tellsRejectionsWithoutLooking, faults: ["verifier"] },
    [1, 0],
    "was refused while its payment had moved, or might yet",
  ],
  ["an answer that is swallowed", { next: machine.swallowsAnswers, ...one }, [0, 0], "A was never answered"],
  [
    "a release by another than the holder",
    { on: on.anyoneReleases, faults: ["twice"] },
    [1, 1],
    "a past holder's late call changed the record",
  ],
  [
    "a claim of what is in doubt",
    { on: on.claimsDoubt },
    [0, 1],
    "an unknown outcome was claimed without being reconciled",
  ],
  [
    "a renewal of a lease that is over",
    { on: on.renewsTheLapsed, ...one },
    [0, 1],
    "a lease that was over was renewed or released",
  ],
  ["a receipt that needs a lease", { on: on.receiptsNeedLease }, [0, 1], "a healthy caller is told pending for ever"],
  [
    "evidence that is dropped",
    { on: on.forgetsEvidence, notes: true },
    [0, 1],
    "A asks what became of it without the evidence on record",
  ],
  [
    "two first deliveries",
    { on: on.everyDeliveryIsFirst, callers: [{ order: "settle-then-serve" }, {}], faults: [] },
    [0, 1],
    "two callers were told fresh",
  ],
  [
    "a result for another collector",
    { on: on.handsKeptToAnyone, callers: [{ collector: "a" }, { collector: "b" }] },
    [0, 0],
    "was handed what another had paid for",
  ],
  [
    "a result that is not kept",
    { on: on.nothingIsKept, ...one },
    [0, 0],
    "a result was not kept before its settlement",
  ],
  [
    "an expiry that frees the payment",
    { on: on.expiryFrees },
    [0, 0],
    "sends a transfer of what never was to be settled",
  ],
  [
    "a late copy of a delivery that came second",
    { on: on.forgetsWhatCameSecond, keeps: "never", found: "owed", faults: ["abort", "twice"] },
    [2, 1],
    "delivered it to no caller",
  ],
])("the explorer finds %s", (_, options, [faults, clockSteps], message) => {
  expect(counterexampleIn(paymentModel(options, { faults, clockSteps }))).toContain(message);
});
