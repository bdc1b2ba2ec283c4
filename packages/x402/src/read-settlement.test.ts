// A receipt needs proof that money moved, and a refusal proof that none did.
import { expect, it } from "vitest";
import { type ReadSettlement, readSettlement, type SettlementToRead } from "./read-settlement.ts";
import { evmRefusals } from "./refusals.ts";

const network = "eip155:8453";
const transaction = `0x${"ab".repeat(32)}`;
const used = "invalid_exact_evm_nonce_already_used";

const cases: [string, SettlementToRead, ReadSettlement][] = [
  [
    "success with its transaction",
    { success: true, transaction, network },
    { status: "settled", receipt: transaction },
  ],
  ["success on another chain", { success: true, transaction, network: "eip155:1" }, { status: "unclear", transaction }],
  ["success without a chain", { success: true, transaction }, { status: "unclear", transaction }],
  [
    "success without a transaction",
    { success: true, transaction: "", network },
    { status: "unclear", transaction: undefined },
  ],
  [
    "success with a word for one",
    { success: true, transaction: "pending", network },
    { status: "unclear", transaction: "pending" },
  ],
  [
    "success with a list of transactions",
    Object({ success: true, transaction: [transaction], network }),
    { status: "unclear", transaction: undefined },
  ],
  ["nothing at all", Object({ answer: null }).answer, { status: "unclear", transaction: undefined }],
  [
    "a used nonce",
    { success: false, transaction: "", errorReason: used },
    { status: "refused", reason: used, used: true },
  ],
  [
    "a wrong signature",
    { success: false, errorReason: "invalid_exact_evm_signature" },
    { status: "refused", reason: "invalid_exact_evm_signature", used: false },
  ],
  [
    "a refusal with a transaction",
    { success: false, transaction, errorReason: used },
    { status: "unclear", transaction },
  ],
  [
    "a reason that is not known",
    { success: false, errorReason: "settle_failed" },
    { status: "unclear", transaction: undefined },
  ],
  ["no reason", { success: false }, { status: "unclear", transaction: undefined }],
  [
    "success with a reason",
    { success: true, transaction: "", network, errorReason: used },
    { status: "unclear", transaction: undefined },
  ],
];
it.each(cases)("reads %s", (_, answer, read) => {
  expect(readSettlement(answer, { network, scheme: "exact" }, evmRefusals)).toEqual(read);
});

it("takes a transaction of Solana in base58", () => {
  const receipt = "5".repeat(88);
  const solana = { network: "solana:main", scheme: "exact" };
  const answer = { success: true, transaction: receipt, network: "solana:main" };
  expect(readSettlement(answer, solana, evmRefusals)).toEqual({ status: "settled", receipt });
  expect(readSettlement({ ...answer, transaction: "0".repeat(88) }, solana, evmRefusals).status).toBe("unclear");
});

it("takes no transaction for a receipt only where `upto` has charged nothing", () => {
  const answer = { success: true, transaction: "", network, amount: "0" };
  expect(readSettlement(answer, { network, scheme: "upto" }, evmRefusals)).toEqual({ status: "settled", receipt: "0" });
  for (const [change, scheme] of [
    [{}, "exact"],
    [{ amount: "1" }, "upto"],
    [{ amount: undefined }, "upto"],
  ] as const) {
    expect(readSettlement({ ...answer, ...change }, { network, scheme }, evmRefusals).status).toBe("unclear");
  }
  expect(readSettlement({ ...answer, success: false }, { network, scheme: "upto" }, evmRefusals).status).toBe(
    "unclear",
  );
});
