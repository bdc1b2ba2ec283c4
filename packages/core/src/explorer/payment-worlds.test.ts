// payOnce in every interleaving, and in particular worlds: more callers, operators, a clock set back, results too large.
import { expect, test } from "vitest";
import { type PaymentOptions, paymentModel } from "./payment-model.ts";
import { type BudgetPair, searchModel, searchTimeoutMs } from "./search.ts";

const settleFirst = { order: "settle-then-serve" } as const;

const searches: [string, PaymentOptions, BudgetPair][] = [
  [
    "two callers, and the store's clock set back",
    { faults: ["back", "slow", "delay"] },
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "three callers",
    { callers: [{}, {}, {}], faults: ["abort", "slow", "seller", "verifier"] },
    [
      [1, 0],
      [1, 1],
    ],
  ],
  [
    "three callers, every fault",
    { callers: [{}, {}, {}] },
    [
      [1, 0],
      [1, 1],
    ],
  ],
  [
    "two callers whose results cannot be kept, and who leave",
    { keeps: "never", faults: ["abort", "delay", "twice"] },
    [
      [2, 0],
      [3, 1],
    ],
  ],
  [
    "two collectors",
    { callers: [{ collector: "a" }, { collector: "b" }], keeps: "sometimes" },
    [
      [1, 0],
      [2, 1],
    ],
  ],
  [
    "two payloads, one past its validity",
    { callers: [{ pastValidity: true }, { payload: "other" }] },
    [
      [1, 0],
      [2, 1],
    ],
  ],
  [
    "two callers and an operator",
    { operator: true, faults: ["abort", "slow", "delay", "seller"] },
    [
      [1, 0],
      [1, 2],
    ],
  ],
  [
    "one caller and an operator",
    { operator: true, callers: [settleFirst], keeps: "sometimes" },
    [
      [1, 1],
      [2, 2],
    ],
  ],
  [
    "a ledger that takes the same authorization once",
    { idempotent: true, faults: ["abort", "slow", "seller"] },
    [
      [1, 1],
      [1, 2],
    ],
  ],
  [
    "results that are too large",
    { tooLarge: "kept", faults: ["abort", "delay"] },
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "receipts that are too large",
    { tooLarge: "receipt", callers: [settleFirst, {}], faults: ["abort", "delay"] },
    [
      [1, 1],
      [2, 1],
    ],
  ],
];

test.each(searches)(
  "payOnce, %s: one transfer, one fresh answer, no refusal of what moved, and paid means delivered",
  { timeout: searchTimeoutMs },
  (name, options, budgets) => {
    expect(searchModel(`payOnce, ${name}`, (given) => paymentModel(options, given), budgets)).toBeNull();
  },
);
