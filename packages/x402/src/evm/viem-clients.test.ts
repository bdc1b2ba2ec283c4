// viem's clients as evmSettlements takes them. The package's typecheck compiles this file with strictNullChecks and without.
import { createPublicClient, type EIP1193Provider, http, type PublicClient } from "viem";
import { baseSepolia } from "viem/chains";
import { expect, it } from "vitest";
import { type EvmSettlements, evmSettlements } from "./evm-settlements.ts";

const ofChain = createPublicClient({ chain: baseSepolia, transport: http() });
const ofUrl = createPublicClient({ transport: http("http://127.0.0.1:1") });
const provider: Pick<EIP1193Provider, "request"> = ofUrl;
/** Without null checks viem's own clients are no PublicClient. */
export const ofPublicClient = (client: PublicClient): EvmSettlements => evmSettlements(client);
const own = { request: async ({ method }: { method: string; params?: unknown }) => method };

it("takes a client of viem, one of EIP-1193, and one for each network", () => {
  for (const client of [ofChain, ofUrl, provider, own]) expect(evmSettlements(client)).toBeTypeOf("function");
  expect(evmSettlements({ "eip155:84532": ofChain, "eip155:8453": ofUrl })).toBeTypeOf("function");
});

it("takes no client that answers at once, or has no request", () => {
  // @ts-expect-error: an answer is a promise.
  expect(() => evmSettlements({ request: () => "0x1" })).not.toThrow();
  // @ts-expect-error: request must be a function.
  expect(() => evmSettlements({ request: 5 })).toThrow("needs a client");
});

it.each<[string, readonly unknown[], RegExp]>([
  ["nothing", [], /^evmSettlements\(\): needs a client/],
  ["null", [null], /^evmSettlements\(\): needs a client/],
  ["a URL", ["https://user:hunter2@node.example"], /^evmSettlements\(\): needs a client/],
  ["a list", [[ofUrl]], /^evmSettlements\(\): needs a client/],
  ["a network without its client", [{ "eip155:1": undefined }], /^evmSettlements\(\): needs a client/],
  ["options that are null", [ofUrl, null], /^evmSettlements\(\): The options must be an object/],
  [
    "a misspelt option",
    [ofUrl, { logrange: 5 }],
    /^evmSettlements\(\): Unknown option "logrange"; did you mean "logRange"/,
  ],
  ["a number as text", [ofUrl, { logRange: "5" }], /^evmSettlements\(\): logRange must be a whole number/],
  [
    "an onUnknown that is no function",
    [ofUrl, { onUnknown: "log" }],
    /^evmSettlements\(\): onUnknown must be a function/,
  ],
])("refuses %s when it is made", (_, given, message) => {
  const refused = { code: "STORE_CONFIG", message: expect.stringMatching(message) };
  expect(() => Reflect.apply(evmSettlements, undefined, given)).toThrow(expect.objectContaining(refused));
});
