// That the chain and its token do what the tests of others rely on: EIP-3009's rules, and blocks that become final.
import type { Hex } from "viem";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Authorization, cancelCall, type Evm, openEvm, payerAccount, transferCall } from "./index.ts";

const seller = "0x00000000000000000000000000000000000000aa";
let evm: Evm;
let token: Hex;

beforeAll(async () => {
  evm = await openEvm();
  token = await evm.deployToken();
});
afterAll(() => evm.stop());

async function authorization(change: Partial<Authorization> = {}): Promise<Authorization> {
  const now = await evm.now();
  const nonce: Hex = `0x${crypto.randomUUID().replaceAll("-", "").repeat(2)}`;
  const from = payerAccount.address;
  return { from, to: seller, value: 5n, validAfter: 0n, validBefore: now + 60n, nonce, ...change };
}

/** How much the seller has more afterwards. */
async function gain(data: Hex): Promise<bigint> {
  const before = await evm.balanceOf(token, seller);
  await evm.send({ to: token, data });
  return (await evm.balanceOf(token, seller)) - before;
}

describe("the token", () => {
  it("moves what was signed, once", async () => {
    const data = await transferCall(token, evm.chainId, await authorization());
    expect(await gain(data)).toBe(5n);
    expect(await gain(data)).toBe(0n);
  });

  it("moves nothing by a canceled, an expired, an early or a forged authorization", async () => {
    const canceled = await authorization();
    await evm.send({ to: token, data: await cancelCall(token, evm.chainId, canceled.nonce) });
    expect(await gain(await transferCall(token, evm.chainId, canceled))).toBe(0n);
    const now = await evm.now();
    expect(await gain(await transferCall(token, evm.chainId, await authorization({ validBefore: now })))).toBe(0n);
    const early = await authorization({ validAfter: now + 50n });
    expect(await gain(await transferCall(token, evm.chainId, early))).toBe(0n);
    const forged = await authorization({ from: seller });
    expect(await gain(await transferCall(token, evm.chainId, forged))).toBe(0n);
  });
});

describe("the chain", () => {
  it("calls a block final that has four above it", async () => {
    const numberOf = async (tag: string) => {
      const block = await evm.request({ method: "eth_getBlockByNumber", params: [tag, false] });
      return Number(typeof block === "object" && block !== null && "number" in block ? block.number : Number.NaN);
    };
    await evm.mine(10);
    expect((await numberOf("latest")) - (await numberOf("finalized"))).toBe(4);
  });

  it("lets time pass between blocks", async () => {
    const before = await evm.now();
    await evm.mine(3, 100);
    expect(await evm.now()).toBeGreaterThanOrEqual(before + 200n);
  });

  it("makes all calls of a batch, or none", async () => {
    const first = await transferCall(token, evm.chainId, await authorization());
    const second = await transferCall(token, evm.chainId, await authorization());
    const before = await evm.balanceOf(token, seller);
    await evm.sendBatch([first, second].map((data) => ({ to: token, data })));
    expect(await evm.balanceOf(token, seller)).toBe(before + 10n);
    const third = await transferCall(token, evm.chainId, await authorization());
    await evm.sendBatch([third, second].map((data) => ({ to: token, data })));
    expect(await evm.balanceOf(token, seller)).toBe(before + 10n);
  });
});
