// The simulated ledger enforces what a token contract does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readLog } from "../append-log.ts";
import { demoAccount, simulatedChain } from "../chain.ts";
import type { Authorization } from "../eip3009.ts";
import { makePayment, malleate, payTo, randomNonce } from "../forge.ts";
import { type Ledger, openLedger } from "./ledger.ts";

const payer = demoAccount("ledger test");
const { token, chainId } = simulatedChain;
const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
let directory: string;
let file: string;
let ledger: Ledger;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tollbooth-ledger-"));
  file = join(directory, "ledger.jsonl");
  ledger = openLedger(file, domain, () => 1_000);
  ledger.mint([payer.address], 100n);
});
afterEach(() => {
  ledger.close();
  rmSync(directory, { recursive: true });
});

async function order(change: Partial<Authorization> = {}) {
  const authorization: Authorization = {
    from: payer.address,
    to: payTo,
    value: 60n,
    validAfter: 0n,
    validBefore: 2_000n,
    nonce: randomNonce(),
    ...change,
  };
  const { signature } = await makePayment(payer, {
    ...authorization,
    value: String(authorization.value),
    validAfter: String(authorization.validAfter),
    validBefore: String(authorization.validBefore),
  });
  return { authorization, signature };
}
const transfers = () => readLog(file).filter((entry) => entry.kind === "transfer");

describe("the simulated ledger", () => {
  test("moves the value once and logs it", async () => {
    const { authorization, signature } = await order();
    const transfer = await ledger.transfer(authorization, signature);
    expect(ledger.balanceOf(payer.address)).toBe(40n);
    expect(ledger.balanceOf(payTo)).toBe(60n);
    expect(ledger.transferOf(payer.address, authorization.nonce)).toEqual(transfer);
    expect(ledger.transferBy(transfer.transaction)).toEqual(transfer);
    expect(transfers()).toHaveLength(1);
  });

  test("lets one of several transfers with the same nonce through", async () => {
    const { authorization, signature } = await order({ value: 10n });
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => ledger.transfer(authorization, signature)),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    expect(transfers()).toHaveLength(1);
    expect(ledger.balanceOf(payer.address)).toBe(90n);
  });

  test.each([
    ["an expired one", { validBefore: 1_000n }, /expired/],
    ["one that is not valid yet", { validAfter: 1_000n }, /not yet valid/],
    ["more than the balance", { value: 101n }, /exceeds balance/],
    ["one in another payer's name", { from: payTo }, /invalid signature/],
  ])("refuses %s and changes nothing", async (_name, change, message) => {
    const { authorization, signature } = await order(change);
    await expect(ledger.transfer(authorization, signature)).rejects.toThrow(message);
    await expect(ledger.check(authorization, signature)).rejects.toThrow(message);
    expect(transfers()).toHaveLength(0);
    expect(ledger.balanceOf(payer.address)).toBe(100n);
  });

  test("refuses a malleated signature, as token contracts do", async () => {
    const { authorization, signature } = await order();
    await expect(ledger.transfer(authorization, malleate(signature))).rejects.toThrow(/invalid signature/);
  });

  test("remembers balances and nonces when it is opened again on its log", async () => {
    const { authorization, signature } = await order();
    await ledger.transfer(authorization, signature);
    ledger.close();
    ledger = openLedger(file, domain, () => 1_000);
    expect(ledger.isNew).toBe(false);
    expect(ledger.balanceOf(payer.address)).toBe(40n);
    await expect(ledger.transfer(authorization, signature)).rejects.toThrow(/used/);
  });
});
