// Prices as what a buyer signs.
import { payTo, simulatedChain } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { ConfigError, parseGatewayConfig } from "./gateway-config.ts";
import { priceRoute } from "./requirements.ts";

const asset = { address: "0x1111111111111111111111111111111111111111", name: "Test Dollar", version: "1", decimals: 2 };
const limit = { limit: 1, window: 1_000 };

function config(change: object = {}) {
  return parseGatewayConfig({
    payTo,
    network: simulatedChain.network,
    facilitator: { url: "http://127.0.0.1:1" },
    chain: { url: "http://127.0.0.1:1" },
    upstream: { url: "http://127.0.0.1:1" },
    limits: { perIp: limit, perPayer: limit },
    routes: [{ path: "/quote", kind: "per-request", price: "$0.01" }],
    ...change,
  });
}
async function priced(change: object = {}) {
  const parsed = config(change);
  const [route] = parsed.routes;
  if (route === undefined) throw new Error("no route");
  return priceRoute(parsed, route);
}

describe("priceRoute", () => {
  test("prices in the network's own USDC, as the SDK knows it", async () => {
    const { requirements, amount } = await priced();
    const { token } = simulatedChain;
    expect(amount).toBe(10_000n);
    expect(requirements).toMatchObject({ asset: token.address, extra: { name: token.name, version: token.version } });
  });

  test("prices in the asset of the configuration where there is one", async () => {
    const { requirements, domain } = await priced({ network: "eip155:31337", asset });
    expect(requirements).toMatchObject({ amount: "1", asset: asset.address, network: "eip155:31337" });
    expect(domain).toEqual({ name: "Test Dollar", version: "1", chainId: 31_337, verifyingContract: asset.address });
  });

  test("refuses a network whose asset nobody knows", async () => {
    await expect(priced({ network: "eip155:31337" })).rejects.toThrow('set "asset"');
  });

  const at = (price: string) => ({ routes: [{ path: "/quote", kind: "per-request", price }] });

  test.each(["$0.001", "$0.125", "$0"])("refuses %s in cents: they can express no such price", async (price) => {
    const error: unknown = await priced({ asset, ...at(price) }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect(Object(error).message).toContain(`The price ${price} of /quote`);
  });

  test("refuses a seventh decimal of USDC instead of rounding it down", async () => {
    await expect(priced(at("$0.1234567"))).rejects.toThrow("smallest unit");
  });

  test.each([
    ["$0.123456", 123_456n],
    ["$0.1234560", 123_456n],
    ["$12", 12_000_000n],
    ["$9007199254.740993", 9_007_199_254_740_993n],
  ])("prices %s to the unit", async (price, amount) => {
    expect(await priced(at(price))).toMatchObject({ amount, requirements: { amount: String(amount) } });
  });
});
