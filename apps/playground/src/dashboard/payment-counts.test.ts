// What the logs' lines add up to.

import { paymentKey } from "@tollbooth-stores/core";
import { simulatedChain } from "@tollbooth-stores/sandbox";
import { expect, test } from "vitest";
import { paymentTally } from "./payment-counts.ts";

const payer = "0x209693Bc6afc0C5328bA36FaF03C514EF312287C";
const nonceOf = (n: number) => `0x${String(n).padStart(64, "0")}`;
const keyOf = (n: number) =>
  paymentKey({
    scheme: "eip3009",
    network: simulatedChain.network,
    contract: simulatedChain.token.address,
    payer,
    nonce: nonceOf(n),
  });

const verify = (n: number) => ({ kind: "verify", payer, nonce: nonceOf(n) });
const settle = (n: number) => ({ kind: "settle", payer, nonce: nonceOf(n) });
const transfer = (n: number) => ({ kind: "transfer", from: payer, nonce: nonceOf(n) });
const run = (paidBy: string | null) => ({ kind: "run", paidBy });

function counted(...lines: Record<string, unknown>[]) {
  const tally = paymentTally();
  for (const line of lines) tally.line(line);
  return tally.counts();
}

test("nothing is nothing", () => {
  const none = { total: 0, most: 0 };
  expect(counted()).toEqual({
    payments: 0,
    verifies: none,
    runs: none,
    settles: none,
    transfers: none,
    sessionsBought: 0,
    sessionRuns: 0,
  });
});

test("a payment that went as it should is one of each", () => {
  const one = { total: 1, most: 1 };
  expect(counted(verify(1), run(keyOf(1)), settle(1), transfer(1))).toMatchObject({
    payments: 1,
    verifies: one,
    runs: one,
    settles: one,
    transfers: one,
    sessionsBought: 0,
  });
});

test("the most that one payment got is told beside the sum", () => {
  const counts = counted(verify(1), verify(2), verify(2), run(keyOf(1)), run(keyOf(2)), run(keyOf(2)), run(keyOf(2)));
  expect(counts.payments).toBe(2);
  expect(counts.verifies).toEqual({ total: 3, most: 2 });
  expect(counts.runs).toEqual({ total: 4, most: 3 });
});

test("a payer's address is the same in any spelling", () => {
  expect(counted(verify(1), { ...verify(1), payer: payer.toLowerCase() }).verifies).toEqual({ total: 2, most: 2 });
});

test("a transfer without a run bought a session, whose runs are no payment's", () => {
  const counts = counted(verify(1), settle(1), transfer(1), run("session"), run("session"));
  expect(counts).toMatchObject({ sessionsBought: 1, sessionRuns: 2, runs: { total: 0, most: 0 } });
});

test("lines about no payment count nothing", () => {
  const counts = counted(
    { kind: "verify", payer: null, nonce: null },
    { kind: "mint", accounts: payer },
    { kind: "settle", payer: "0x12", nonce: nonceOf(1) },
    run(null),
  );
  expect(counts).toMatchObject({ payments: 0, settles: { total: 0 }, runs: { total: 0 }, sessionRuns: 0 });
});
