// Who signed an authorization.
import { demoAccount, makePayment, simulatedChain } from "@tollbooth-stores/sandbox";
import { describe, expect, test } from "vitest";
import { signerOf } from "./eip3009.ts";

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
