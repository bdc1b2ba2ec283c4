// Whether the payer signed: no other signature, no other authorization, and one spelling only.
import { parseSignature } from "viem";
import { expect, test } from "vitest";
import { demoAccount, simulatedChain } from "./chain.ts";
import { isSignedByPayer } from "./eip3009.ts";
import { makePayment, malleate, payTo, randomNonce } from "./forge.ts";

const account = demoAccount("signer");
const { token, chainId } = simulatedChain;
const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };

async function signed() {
  const nonce = randomNonce();
  const { authorization, signature } = await makePayment(account, { nonce });
  const message = {
    from: account.address,
    to: payTo,
    value: BigInt(authorization.value),
    validAfter: 0n,
    validBefore: BigInt(authorization.validBefore),
    nonce,
  };
  return { signature, message };
}

test("the payer's own signature is, with v written as 27 or 28 or as a parity", async () => {
  const { signature, message } = await signed();
  expect(await isSignedByPayer(domain, message, signature)).toBe(true);
  const parity = `${signature.slice(2, 130)}0${parseSignature(signature).yParity}`;
  expect(await isSignedByPayer(domain, message, `0x${parity}`)).toBe(true);
});

test("is not as soon as one field differs from what was signed", async () => {
  const { signature, message } = await signed();
  const other = demoAccount("another").address;
  const changes = [
    { from: other },
    { to: other },
    { value: message.value + 1n },
    { validAfter: 1n },
    { validBefore: message.validBefore + 1n },
    { nonce: randomNonce() },
  ];
  for (const change of changes) {
    expect(await isSignedByPayer(domain, { ...message, ...change }, signature)).toBe(false);
  }
  expect(await isSignedByPayer({ ...domain, chainId: 1 }, message, signature)).toBe(false);
});

test("a malleated twin is not, as token contracts refuse it", async () => {
  const { signature, message } = await signed();
  expect(await isSignedByPayer(domain, message, malleate(signature))).toBe(false);
});

test("what recovers to no point, or is no signature of 65 bytes, is not", async () => {
  const { signature, message } = await signed();
  const wrong = [`${"00".repeat(64)}1b`, "", signature.slice(2, -1), signature.slice(2, -2), `${signature.slice(2)}00`];
  for (const hex of [...wrong, `${signature.slice(2, 130)}1d`]) {
    expect(await isSignedByPayer(domain, message, `0x${hex}`)).toBe(false);
  }
});
