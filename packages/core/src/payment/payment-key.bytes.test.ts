// The bytes behind payment keys and fingerprints, built here a second time by hand: names that outlive a release may
// not change with the code, or payments made before it could be replayed after it.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type PaymentIdentity, payloadHash, paymentFingerprint, paymentKey } from "./payment-key.ts";

const payer = "0xAbCdEf0123456789aBcDeF0123456789abCDEf01";
const token = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const nonce = `0x${"0a".repeat(32)}`;
const bytes = (hex: string) => Buffer.from(hex.slice(2), "hex");

/** SHA-256 over fields, each after its length as four bytes. */
function hashed(...fields: (string | Uint8Array)[]): string {
  const parts = fields.flatMap((field) => {
    const content = Buffer.from(field);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return [length, content];
  });
  return createHash("sha256").update(Buffer.concat(parts)).digest("base64url");
}

describe("paymentKey", () => {
  it("of EIP-3009: scheme, chain, contract, payer, nonce", () => {
    const payment: PaymentIdentity = { scheme: "eip3009", network: "base", contract: token, payer, nonce };
    expect(paymentKey(payment)).toBe(hashed("eip3009", "8453", bytes(token), bytes(payer), bytes(nonce)));
  });

  it("of Permit2: scheme, chain, Permit2's address, owner, nonce as 32 bytes", () => {
    const permit2 = bytes("0x000000000022D473030F116dDEE9F6B43aC78BA3");
    const seven = Buffer.alloc(32);
    seven[31] = 7;
    const key = (value: bigint | string) => paymentKey({ scheme: "permit2", network: 1, owner: payer, nonce: value });
    expect(key(7n)).toBe(hashed("permit2", "1", permit2, bytes(payer), seven));
    expect(key(0n)).toBe(hashed("permit2", "1", permit2, bytes(payer), Buffer.alloc(32)));
    expect(key("0")).toBe(key(0n));
    expect(key(2n ** 256n - 1n)).toBe(hashed("permit2", "1", permit2, bytes(payer), Buffer.alloc(32, 0xff)));
  });

  it("of a Solana transaction: scheme and message", () => {
    const message = Uint8Array.of(1, 2, 3);
    expect(paymentKey({ scheme: "svm", message })).toBe(hashed("svm", message));
  });

  it("of a payment identifier: scheme, the payer's type, payer (bytes where it is an EVM address), identifier", () => {
    const key = (from: string) => paymentKey({ scheme: "payment-identifier", payer: from, id: "order-1" });
    expect(key(payer)).toBe(hashed("payment-identifier", "evm", bytes(payer), "order-1"));
    expect(key(payer.toLowerCase().replace("0x", "0X"))).toBe(key(payer));
    // Not addresses: text, byte by byte.
    for (const text of [
      "alice",
      "Alice",
      `${payer}00`,
      `x${payer}`,
      payer.replace("0x", "0y"),
      `0x${"z".repeat(40)}`,
    ]) {
      expect(key(text)).toBe(hashed("payment-identifier", "text", text, "order-1"));
    }
  });

  it("says which field does not decode", () => {
    const eip3009 = { scheme: "eip3009", network: 1, contract: token, payer, nonce } as const;
    const permit2 = { scheme: "permit2", network: 1, owner: payer, nonce: 1n } as const;
    const cases: [PaymentIdentity, RegExp][] = [
      [{ ...eip3009, contract: "0x1" }, /^contract must be 20 bytes as 0x-prefixed hex/],
      [{ ...eip3009, payer: "0x1" }, /^payer must be 20 bytes/],
      [{ ...eip3009, nonce: "0x1" }, /^nonce must be 32 bytes/],
      [{ ...permit2, permit2: "0x1" }, /^permit2 must be 20 bytes/],
      [{ ...permit2, owner: "0x1" }, /^owner must be 20 bytes/],
      [{ ...permit2, nonce: "x" }, /^nonce must be a uint256/],
      [{ scheme: "svm", message: new Uint8Array() }, /^message must be the bytes of a Solana message/],
      [{ scheme: "payment-identifier", payer: "", id: "x" }, /^payer and id must not be empty/],
      [{ scheme: "payment-identifier", payer: "x", id: "" }, /^payer and id must not be empty/],
    ];
    for (const [payment, message] of cases) {
      expect(() => paymentKey(payment)).toThrow(expect.objectContaining({ code: "STORE_INVALID_ARGUMENT" }));
      expect(() => paymentKey(payment)).toThrow(message);
    }
  });

  it("refuses a scheme it does not know, as untyped callers may give one", () => {
    const payment: PaymentIdentity = JSON.parse('{"scheme":"exact"}');
    expect(() => paymentKey(payment)).toThrow(/^scheme must be "eip3009", "permit2", "svm" or "payment-identifier"/);
  });
});

describe("paymentFingerprint", () => {
  const purchase = { asset: token, amount: 10n, method: "get", origin: "https://api.example", path: "/a?b=1" };
  const amount = Buffer.alloc(32);
  amount[31] = 10;

  it("is pay-to, asset, amount, method, origin, path and body, with 0x-addresses in lower case", () => {
    const rest = [token.toLowerCase(), amount, "GET", "https://api.example", "/a?b=1"] as const;
    expect(paymentFingerprint({ ...purchase, payTo: payer })).toBe(hashed(payer.toLowerCase(), ...rest, ""));
    expect(paymentFingerprint({ ...purchase, payTo: payer, bodyHash: "h" })).toBe(
      hashed(payer.toLowerCase(), ...rest, "h"),
    );
    // A Solana address is told apart by its letter case, also where "0x" occurs in it.
    expect(paymentFingerprint({ ...purchase, payTo: "So0xLana" })).toBe(hashed("So0xLana", ...rest, ""));
  });

  it("names the amount where that is no uint256", () => {
    expect(() => paymentFingerprint({ ...purchase, payTo: payer, amount: -1n })).toThrow(/^amount must be a uint256/);
  });
});

describe("payloadHash", () => {
  it("is one field", () => {
    expect(payloadHash("payload")).toBe(hashed("payload"));
  });
});
