// Conclusions from a payment's record: only of a free or ended one may it be said that nothing was charged.
import type { Look } from "@tollbooth-stores/core";
import { createMemoryStores } from "@tollbooth-stores/memory";
import { expect, test } from "vitest";
import { look, mayBeCharged } from "./payment-record.ts";

const looks: [Look, { charged: boolean; unknown: boolean }][] = [
  [{ status: "absent" }, { charged: false, unknown: true }],
  [
    { status: "expired", reason: "expired" },
    { charged: false, unknown: false },
  ],
  [
    { status: "in-progress", retryAfterMs: 1 },
    { charged: true, unknown: false },
  ],
  [{ status: "unknown" }, { charged: true, unknown: false }],
  [
    { status: "settled", receipt: "0x" },
    { charged: true, unknown: false },
  ],
  [
    { status: "delivered", receipt: "0x" },
    { charged: true, unknown: false },
  ],
];

test.each(looks)("of %o", async (found, { charged, unknown }) => {
  await using stores = createMemoryStores();
  const store = { ...stores.verifications, peek: async () => found };
  expect([await mayBeCharged(store, "key"), (await look(store, "key")).status === "absent"]).toEqual([
    charged,
    unknown,
  ]);
});
