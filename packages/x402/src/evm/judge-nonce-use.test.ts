// That a payment's own transfer is told from others, whatever else its transaction holds.
import { tokenAbi } from "@tollbooth-stores/evm";
import fc from "fast-check";
import { encodeFunctionData, toEventSelector } from "viem";
import { describe, expect, it } from "vitest";
import type { Log } from "./chain-view.ts";
import { judgeNonceUse } from "./judge-nonce-use.ts";
import { AUTHORIZATION_CANCELED, AUTHORIZATION_USED, addressTopic, TRANSFER } from "./topics.ts";

const address = (digit: string) => `0x${digit.repeat(40)}`;
const word = (value: bigint) => `0x${value.toString(16).padStart(64, "0")}`;
const asset = address("a");
const payer = address("b");
const seller = address("c");
const stranger = address("d");
const payment = {
  ...{ network: "eip155:1", asset, payer, nonce: word(1n), payTo: seller, amount: 100n },
  ...{ validAfter: 0n, validBefore: 60n },
};

const log = (...topics: string[]): Log => ({ address: asset, topics, data: "0x" });
const moved = (from: string, to: string, value: bigint): Log => ({
  ...log(TRANSFER, addressTopic(from), addressTopic(to)),
  data: word(value),
});
const used = (nonce: bigint, from = payer) => log(AUTHORIZATION_USED, addressTopic(from), word(nonce));
const judge = (logs: readonly Log[]) => judgeNonceUse({ logs }, payment);

/** What may happen in a transaction. `nonce` 1 is the payment's own; 0: a plain transfer. */
const step = fc.record({
  nonce: fc.constantFrom(0n, 2n, 3n),
  from: fc.constantFrom(payer, payer, stranger),
  to: fc.constantFrom(seller, stranger),
  value: fc.constantFrom(100n, 100n, 99n, 0n),
});

describe("judgeNonceUse", () => {
  it("never takes another transfer for the payment's own, nor overlooks its own as void", () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 4 }),
        fc.array(step, { maxLength: 4 }),
        step,
        fc.boolean(),
        (before, after, { to, value }, transferFirst) => {
          const steps = [...before, { nonce: 1n, from: payer, to, value }, ...after];
          const logs = steps.flatMap((one) => {
            const transfer = moved(one.from, one.to, one.value);
            if (one.nonce === 0n) return [transfer];
            const use = used(one.nonce, one.from);
            return transferFirst ? [transfer, use] : [use, transfer];
          });
          const truth = to === seller && value === 100n ? "ours" : "void";
          const verdict = judge(logs);
          outcomes.add(`${truth} ${verdict}`);
          expect([truth, "ambiguous"]).toContain(verdict);
          // Where no plain transfer is among the payer's, nothing is left open.
          if (steps.every((one) => one.nonce !== 0n || one.from !== payer)) expect(verdict).toBe(truth);
        },
      ),
      { numRuns: 2_000 },
    );
    expect([...outcomes].sort()).toEqual(["ours ambiguous", "ours ours", "void ambiguous", "void void"]);
  });

  it("calls a cancelled nonce void", () => {
    const canceled = log(AUTHORIZATION_CANCELED, addressTopic(payer), payment.nonce);
    expect(judge([canceled, moved(payer, seller, 100n)])).toBe("void");
  });

  it.each([
    ["a transaction without the nonce", [used(2n), moved(payer, seller, 100n)]],
    ["the nonce of another payer", [used(1n, stranger), moved(stranger, seller, 100n)]],
    ["another token's log", [{ ...used(1n), address: stranger }, moved(payer, seller, 100n)]],
    ["no log", []],
  ])("finds nothing in %s", (_, logs) => {
    expect(judge(logs)).toBe("none");
  });

  it.each([
    ["no transfer at all", [used(1n)]],
    ["another token's transfer", [used(1n), { ...moved(payer, seller, 100n), address: stranger }]],
    ["another payer's transfer", [used(1n), moved(stranger, seller, 100n)]],
    ["another payment between", [used(2n), used(1n), used(3n), moved(payer, seller, 100n)]],
  ])("leaves open what %s means", (_, logs) => {
    expect(judge(logs)).toBe("ambiguous");
  });

  it("reads a transfer without an amount as none of the payment's", () => {
    expect(judge([used(1n), { ...moved(payer, seller, 100n), data: "0x" }])).toBe("void");
  });

  it("knows the logs by their names", () => {
    expect([AUTHORIZATION_USED, AUTHORIZATION_CANCELED, TRANSFER]).toEqual(
      [
        "AuthorizationUsed(address,bytes32)",
        "AuthorizationCanceled(address,bytes32)",
        "Transfer(address,address,uint256)",
      ].map((name) => toEventSelector(name)),
    );
    const call = encodeFunctionData({
      abi: tokenAbi,
      functionName: "authorizationState",
      args: [`0x${"b".repeat(40)}`, `0x${"1".repeat(64)}`],
    });
    expect(call.slice(0, 10)).toBe("0xe94a0102");
  });
});
