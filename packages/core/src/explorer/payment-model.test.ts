// payOnce in every interleaving: the payment machine and the store's transitions themselves, under every fault.
import { expect, test } from "vitest";
import { type PaymentOptions, paymentModel } from "./payment-model.ts";
import { type BudgetPair, searchModel, searchTimeoutMs } from "./search.ts";

const settleFirst = { order: "settle-then-serve" } as const;

const searches: [string, PaymentOptions, BudgetPair][] = [
  [
    "serve-then-settle, two callers",
    {},
    [
      [1, 1],
      [2, 1],
    ],
  ],
  [
    "settle-then-serve, two callers",
    { callers: [settleFirst, settleFirst] },
    [
      [1, 1],
      [1, 2],
    ],
  ],
  [
    "a change of order between two callers",
    { callers: [{}, settleFirst] },
    [
      [1, 0],
      [1, 2],
    ],
  ],
  [
    "serve-then-settle, one caller who renews and notes",
    { callers: [{}], notes: true, renews: true, keeps: "sometimes" },
    [
      [1, 1],
      [3, 2],
    ],
  ],
  [
    "settle-then-serve, one caller who renews and notes",
    { callers: [settleFirst], notes: true, renews: true, keeps: "sometimes" },
    [
      [1, 1],
      [3, 2],
    ],
  ],
  [
    "two callers who find a payment in doubt",
    { found: "in doubt", keeps: "sometimes" },
    [
      [1, 0],
      [2, 1],
    ],
  ],
  [
    "two callers who find a payment that is owed",
    { found: "owed", keeps: "sometimes" },
    [
      [1, 1],
      [2, 2],
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
