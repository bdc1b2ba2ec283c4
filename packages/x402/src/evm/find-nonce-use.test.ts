// Which blocks are searched for the log of a nonce, on a chain that is a table: a block every two seconds from the instant 0 on.
import { expect, test, vi } from "vitest";
import type { Block, ChainView } from "./chain-view.ts";
import { findNonceUse, type SearchBounds } from "./find-nonce-use.ts";

const blockAt = async (number: bigint): Promise<Block> => ({ number, hash: "0x", timestamp: 2n * number });
const payment = { network: "eip155:1", asset: "0x", payer: "0x", nonce: "0x", payTo: "0x", amount: 1n };

/** The blocks of each search for a payment that is valid from block 60 to block 90, where the newest final block is 101. */
async function searched(
  bounds: Partial<SearchBounds>,
  used?: bigint,
): Promise<{ windows: bigint[][]; found: unknown }> {
  const windows: bigint[][] = [];
  const nonceUses: ChainView["nonceUses"] = async (_, from, to) => {
    windows.push([from, to]);
    return used !== undefined && from <= used && used <= to ? ["0xused"] : [];
  };
  const chain = { ...unasked, blockAt, nonceUses };
  const found = await findNonceUse(chain, { ...payment, validAfter: 120n, validBefore: 180n }, await blockAt(101n), {
    ...{ logRange: 7, maxLogRequests: 100, lookBackSeconds: 100, ...bounds },
  }).catch((error: Error) => error.message);
  return { windows, found };
}

const unasked = {
  chainId: vi.fn(),
  finalBlock: vi.fn(),
  newestBlock: vi.fn(),
  isNonceUsed: vi.fn(),
  receipt: vi.fn(),
};

test.each([1, 7, 1_000])("windows of %d blocks meet, are no longer, and end with the final block", async (logRange) => {
  const { windows, found } = await searched({ logRange });
  expect(found).toContain("no log of it was found");
  for (const [from = 0n, to = 0n] of windows) expect(to - from).toBeLessThan(logRange);
  const inOrder = windows.toSorted(([a = 0n], [b = 0n]) => Number(a - b));
  const ends = inOrder.map(([, to = 0n]) => to + 1n);
  expect(inOrder.slice(1).map(([from]) => from)).toEqual(ends.slice(0, -1));
  expect(ends.at(-1)).toBe(102n);
  expect(inOrder[0]?.[0]).toBeLessThanOrEqual(40n);
});

test("the search begins where the payment begins to be valid, and goes on before that down to block 0", async () => {
  const late = await searched({}, 62n);
  expect(late.found).toBe("0xused");
  expect(late.windows).toHaveLength(1);
  const early = await searched({ lookBackSeconds: 1_000 }, 0n);
  expect([early.found, early.windows.at(-1)?.[0]]).toEqual(["0xused", 0n]);
});
