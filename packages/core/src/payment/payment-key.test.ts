// Payment keys: one name for one payment, different names for different ones.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStoreError } from "../errors.ts";
import { type PaymentIdentity, payloadHash, paymentFingerprint, paymentKey } from "./payment-key.ts";

const payer = "0xAbCdEf0123456789aBcDeF0123456789abCDEf01";
const usdc = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const nonce = `0x${"0a".repeat(32)}`;
const base: PaymentIdentity = { scheme: "eip3009", network: "eip155:84532", contract: usdc, payer, nonce };

const refused = (make: () => unknown) => {
  try {
    make();
  } catch (error) {
    return isStoreError(error, "STORE_INVALID_ARGUMENT");
  }
  return false;
};

describe("paymentKey", () => {
  it("is the same for every spelling of one EIP-3009 payment", () => {
    const spellings: PaymentIdentity[] = [
      { ...base, network: 84532 },
      { ...base, network: "84532" },
      { ...base, network: "base-sepolia" },
      { ...base, payer: payer.toLowerCase() },
      { ...base, payer: `0X${payer.slice(2).toUpperCase()}` },
      { ...base, contract: usdc.toUpperCase().replace("0X", "0x") },
      { ...base, nonce: nonce.toUpperCase().replace("0X", "0x") },
    ];
    expect(new Set(spellings.map(paymentKey))).toEqual(new Set([paymentKey(base)]));
    expect(paymentKey(base)).toMatch(/^[\w-]{43}$/);
  });

  it("differs by chain, contract, payer, nonce and scheme", () => {
    const others: PaymentIdentity[] = [
      base,
      { ...base, network: "base" },
      { ...base, contract: payer },
      { ...base, payer: usdc },
      { ...base, nonce: `0x${"0b".repeat(32)}` },
      { scheme: "permit2", network: 84532, owner: payer, nonce },
      { scheme: "permit2", network: 84532, permit2: usdc, owner: payer, nonce },
    ];
    expect(new Set(others.map(paymentKey)).size).toBe(others.length);
  });

  it("refuses what does not decode, and says nothing of its value", () => {
    const bad: PaymentIdentity[] = [
      { ...base, network: "solana:mainnet" },
      { ...base, network: "toString" },
      { ...base, network: "eip155:0x1" },
      { ...base, payer: payer.slice(0, -1) },
      { ...base, payer: payer.slice(2) },
      { ...base, nonce: "10" },
      { ...base, nonce: `${nonce}00` },
      { ...base, nonce: `${nonce}\n` },
      { scheme: "permit2", network: 1, owner: payer, nonce: 1n << 256n },
      { scheme: "permit2", network: 1, owner: payer, nonce: -1n },
      { scheme: "permit2", network: 1, owner: payer, nonce: "1e3" },
      { scheme: "permit2", network: 1, owner: payer, nonce: "" },
      { scheme: "svm", message: new Uint8Array() },
      { scheme: "svm", message: JSON.parse('"text"') },
      { scheme: "payment-identifier", payer: "", id: "x" },
      JSON.parse('{"scheme":"payment-identifier","payer":7,"id":"x"}'),
      JSON.parse('{"scheme":"payment-identifier","payer":"x"}'),
    ];
    for (const identity of bad) expect(refused(() => paymentKey(identity))).toBe(true);
    expect(() => paymentKey({ ...base, payer: "0xsecret" })).not.toThrow(/secret/);
  });

  it("takes a Permit2 nonce as bigint, decimal or hex", () => {
    const key = (nonce: bigint | string) => paymentKey({ scheme: "permit2", network: 1, owner: payer, nonce });
    expect(key(255n)).toBe(key("255"));
    expect(key("0xff")).toBe(key("255"));
    expect(key("0x00ff")).toBe(key("255"));
  });

  it("tells an address from the text that its bytes spell", () => {
    const key = (from: string) => paymentKey({ scheme: "payment-identifier", payer: from, id: "order-1" });
    expect(key(`0x${"61".repeat(20)}`)).not.toBe(key("a".repeat(20)));
  });

  it("keeps length-prefixed fields apart", () => {
    const key = (payer: string, id: string) => paymentKey({ scheme: "payment-identifier", payer, id });
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), fc.nat(10), (a, b, cut) => {
        const joined = a + b;
        const at = 1 + (cut % (joined.length - 1));
        fc.pre(at !== a.length);
        expect(key(joined.slice(0, at), joined.slice(at))).not.toBe(key(a, b));
      }),
    );
  });
});

describe("paymentFingerprint", () => {
  const purchase = {
    payTo: payer,
    asset: usdc,
    amount: 10_000n,
    method: "get",
    origin: "https://api.example",
    path: "/a?b=1",
  };

  it("does not depend on how addresses, amount and method are written", () => {
    const other = { ...purchase, payTo: payer.toLowerCase(), amount: "10000", method: "GET" };
    expect(paymentFingerprint(other)).toBe(paymentFingerprint(purchase));
  });

  it("changes with each field", () => {
    const variants = [
      purchase,
      { ...purchase, payTo: usdc },
      { ...purchase, asset: payer },
      { ...purchase, amount: 10_001n },
      { ...purchase, method: "POST" },
      { ...purchase, origin: "https://api.example:8443" },
      { ...purchase, path: "/a?b=2" },
      { ...purchase, path: "/A?b=1" },
      { ...purchase, bodyHash: payloadHash("{}") },
    ];
    expect(new Set(variants.map(paymentFingerprint)).size).toBe(variants.length);
  });

  it("refuses an amount that is no uint256", () => {
    for (const amount of ["1.5", "-1", "1e18", "", " 1"]) {
      expect(refused(() => paymentFingerprint({ ...purchase, amount }))).toBe(true);
    }
  });
});

describe("payloadHash", () => {
  it("names the exact bytes", () => {
    expect(payloadHash("a")).not.toBe(payloadHash("a "));
    expect(payloadHash(new Uint8Array([1]))).not.toBe(payloadHash(new Uint8Array([1, 0])));
  });
});
