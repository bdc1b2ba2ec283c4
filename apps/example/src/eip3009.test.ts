// Signatures: one canonical spelling, and who signed.
import { demoAccount, makePayment, malleate, simulatedChain } from "@tollbooth-stores/sandbox";
import { parseSignature } from "viem";
import { describe, expect, test } from "vitest";
import { canonicalSignature, signerOf } from "./eip3009.ts";

const account = demoAccount("signer");
const { token, chainId } = simulatedChain;
const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };

async function signed() {
  const { authorization, signature } = await makePayment(account);
  const message = {
    from: account.address,
    to: account.address,
    value: BigInt(authorization.value),
    validAfter: 0n,
    validBefore: BigInt(authorization.validBefore),
    nonce: "0x00" as const,
  };
  return { signature, message, authorization };
}

describe("canonicalSignature", () => {
  test("gives one spelling for a signature, its malleated twin, upper case and a parity of 0 or 1", async () => {
    const { signature } = await makePayment(account);
    const parity = `${signature.slice(0, 130)}0${parseSignature(signature).yParity}`;
    expect(malleate(signature)).not.toBe(signature);
    expect(canonicalSignature(signature)).toBe(signature);
    expect(canonicalSignature(malleate(signature))).toBe(signature);
    expect(canonicalSignature(`0x${signature.slice(2).toUpperCase()}`)).toBe(signature);
    expect(canonicalSignature(parity)).toBe(signature);
  });

  test("gives nothing for what is no signature of 65 bytes", async () => {
    const { signature } = await makePayment(account);
    const overflow = `0x${signature.slice(2, 66)}${"f".repeat(64)}1b`;
    for (const wrong of [
      "",
      "0x",
      signature.slice(0, -2),
      `${signature}00`,
      `${signature.slice(0, 130)}1d`,
      overflow,
    ]) {
      expect(canonicalSignature(wrong)).toBeUndefined();
    }
  });
});

describe("signerOf", () => {
  test("finds somebody else as soon as one field differs from what was signed", async () => {
    const { signature, message } = await signed();
    expect(await signerOf(domain, message, signature)).not.toBe(account.address);
  });

  test("finds nobody in a signature that recovers to no point", async () => {
    const { message } = await signed();
    expect(await signerOf(domain, message, `0x${"00".repeat(64)}1b`)).toBeUndefined();
  });
});
