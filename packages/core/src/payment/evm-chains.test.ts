// The names of chains: each one means the chain id that x402 version 1 gave it, for ever, as payment keys depend on it.
import { describe, expect, it } from "vitest";
import { evmChainId } from "./evm-chains.ts";

describe("evmChainId", () => {
  it.each([
    ["ethereum", 1],
    ["sepolia", 11_155_111],
    ["abstract", 2_741],
    ["abstract-testnet", 11_124],
    ["base", 8_453],
    ["base-sepolia", 84_532],
    ["avalanche", 43_114],
    ["avalanche-fuji", 43_113],
    ["iotex", 4_689],
    ["sei", 1_329],
    ["sei-testnet", 1_328],
    ["polygon", 137],
    ["polygon-amoy", 80_002],
    ["peaq", 3_338],
    ["story", 1_514],
    ["educhain", 41_923],
    ["skale-base-sepolia", 324_705_682],
    ["megaeth", 4_326],
    ["monad", 143],
    ["stable", 988],
    ["stable-testnet", 2_201],
    ["celo", 42_220],
    ["flare", 14],
  ])("%s is chain %i", (name, id) => {
    expect(evmChainId(name)).toBe(id);
    expect(evmChainId(`eip155:${id}`)).toBe(id);
  });

  it("refuses what is no EVM chain, and says what one is", () => {
    const bad = ["", "eip155:", "eip155:1x", "1 ", "01", "solana:1", "base ", 0, -1, 1.5, 2 ** 53, "9999999999999999"];
    for (const network of bad) {
      expect(() => evmChainId(network)).toThrow(
        expect.objectContaining({
          code: "STORE_INVALID_ARGUMENT",
          message: expect.stringMatching(/^network must be .*eip155/),
        }),
      );
    }
  });
});
