// A payment on the sandbox's chain, signed by one of its payers, and settled by its facilitator.
import {
  demoAccount,
  type MadePayment,
  makePayment,
  payerLabel,
  payTo,
  simulatedChain,
} from "@tollbooth-stores/sandbox";
import type { Hex } from "viem";
import { identifyPayment } from "../identify-payment.ts";
import { randomNonce } from "./evm-scene.test-support.ts";

export const signer: ReturnType<typeof demoAccount> = demoAccount(payerLabel(0));

export interface SignedChange {
  readonly nonce?: Hex;
  readonly to?: Hex;
  readonly value?: string;
}

export interface SignedPayment extends MadePayment {
  readonly nonce: Hex;
  readonly validBefore: number;
  readonly reference: string;
}

/** A payment that is valid for a minute from `seconds` on, Unix seconds. */
export async function signPayment(
  seconds: number,
  { nonce = randomNonce(), to = payTo, value = "10000" }: SignedChange = {},
): Promise<SignedPayment> {
  const validBefore = seconds + 60;
  const made = await makePayment(signer, {
    ...{ nonce, to, value, validAfter: String(seconds - 600), validBefore: String(validBefore) },
  });
  const identity = identifyPayment(made.payload.payload, {
    ...{ scheme: "exact", network: simulatedChain.network, asset: simulatedChain.token.address },
    ...{ amount: value, payTo: to, maxTimeoutSeconds: 120 },
  });
  if (identity.status !== "identified") throw new Error(identity.message);
  return { ...made, nonce, validBefore, reference: identity.reference };
}

export const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** `url`: the sandbox's ledger. What its facilitator answers. */
export async function settleAt(
  url: string,
  { payload }: Pick<SignedPayment, "payload">,
): Promise<Record<string, unknown>> {
  const response = await post(`${url}/facilitator/settle`, {
    ...{ x402Version: 2, paymentPayload: payload, paymentRequirements: payload.accepted },
  });
  return Object(await response.json());
}
