// The steps that payOnce takes with the facilitator: verify, settle, and finding out about a settlement in doubt.
import type { PaymentSteps } from "@tollbooth-stores/core";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { type PaymentPayload, SettleError, type SettleResponse, VerifyError } from "@x402/core/types";
import { isAddressEqual } from "viem";
import { type NonceState, nonceStateOf } from "./chain-client.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { instanceHeader } from "./instance-header.ts";
import type { SignedPayment } from "./payment-header.ts";
import type { RoutePrice } from "./requirements.ts";

/** The nonce was spent before this payment was ever seen here: a replay, not a payment. */
export const nonceUsedReason = "invalid_exact_evm_nonce_already_used";

/** The facilitator could not be asked; nothing has been charged. */
export class FacilitatorUnavailable extends Error {
  override readonly name = "FacilitatorUnavailable";
}

function inDoubt(): FacilitatorUnavailable {
  return new FacilitatorUnavailable("The facilitator could not say whether the payment settled.");
}

const refusal = (invalidReason: string | undefined) => ({ isValid: false, invalidReason });
const failedSettlement = (errorReason: string | undefined) => ({ success: false, errorReason, transaction: "" });

/** Refusals at which the facilitator certainly sent nothing to the chain. Any other failure leaves the outcome open. */
const definiteRefusals = new Set([
  "invalid_exact_evm_signature",
  "invalid_exact_evm_payload_authorization_valid_before",
  "invalid_exact_evm_payload_authorization_valid_after",
  "invalid_exact_evm_payload_authorization_value_mismatch",
  "invalid_exact_evm_insufficient_balance",
  "invalid_exact_evm_recipient_mismatch",
  "invalid_exact_evm_network_mismatch",
]);

/** Clocks differ: how much longer than its time a payment may claim to be valid, and is thought able to settle. */
const clockSlackSeconds = 30n;

/** All steps but `serve`. */
export function paymentSteps(
  config: GatewayConfig,
  price: RoutePrice,
  payment: SignedPayment,
): Omit<PaymentSteps<never>, "serve"> {
  const { facilitator: remote, chain, paymentTimeoutMs } = config;
  const told = instanceHeader(config.instance);
  const facilitator = new HTTPFacilitatorClient({
    ...remote,
    createAuthHeaders: async () => ({ verify: told, settle: told }),
  });
  const { authorization, signature } = payment;
  const payload: PaymentPayload = {
    x402Version: 2,
    accepted: price.requirements,
    payload: {
      signature,
      authorization: {
        ...authorization,
        value: String(authorization.value),
        validAfter: String(authorization.validAfter),
        validBefore: String(authorization.validBefore),
      },
    },
  };
  const nowSeconds = () => BigInt(Math.floor(Date.now() / 1_000));
  const nonceState = () => nonceStateOf(chain.url, payment.payer, authorization.nonce, remote.timeoutMs);
  const receiptOf = (transaction: string): string =>
    JSON.stringify({
      success: true,
      transaction,
      network: config.network,
      payer: payment.payer,
    } satisfies SettleResponse);
  /** The receipt, where the nonce paid us this price; a nonce spent otherwise pays nobody any more. */
  const receiptFrom = (state: NonceState): string | undefined =>
    state.state === "used" && isAddressEqual(state.to, config.payTo) && BigInt(state.value) === price.amount
      ? receiptOf(state.transaction)
      : undefined;

  return {
    async verify() {
      if (authorization.value !== price.amount) return { ok: false, reason: "wrong_amount" };
      const now = nowSeconds();
      if (authorization.validAfter > now) return { ok: false, reason: "not_yet_valid" };
      if (authorization.validBefore <= now) return { ok: false, reason: "expired" };
      if (authorization.validBefore > now + BigInt(Math.ceil(paymentTimeoutMs / 1_000)) + clockSlackSeconds) {
        return { ok: false, reason: "valid_for_too_long" };
      }
      const answer = await facilitator.verify(payload, price.requirements).catch((error: unknown) => {
        // Some facilitators refuse with a status, some with 200.
        if (error instanceof VerifyError && error.statusCode < 500) return refusal(error.invalidReason);
        throw new FacilitatorUnavailable("The facilitator did not verify the payment in time; nothing was charged.");
      });
      return answer.isValid ? { ok: true } : { ok: false, reason: answer.invalidReason ?? "invalid_payment" };
    },

    async settle() {
      const answer = await facilitator.settle(payload, price.requirements).catch((error: unknown) => {
        if (error instanceof SettleError && error.statusCode < 500) return failedSettlement(error.errorReason);
        throw error;
      });
      if (answer.success) return { ok: true, receipt: receiptOf(answer.transaction) };
      const reason = answer.errorReason ?? "unknown";
      if (reason === nonceUsedReason) {
        // Perhaps an attempt of ours whose answer was lost; the chain knows.
        const state = await nonceState();
        if (state.state === "unused") throw inDoubt();
        const receipt = receiptFrom(state);
        return receipt === undefined ? { ok: false, reason } : { ok: true, receipt };
      }
      if (definiteRefusals.has(reason)) return { ok: false, reason };
      throw inDoubt();
    },

    async findSettlement() {
      const before = await nonceState();
      if (before.state === "unused") {
        if (authorization.validBefore + clockSlackSeconds < nowSeconds()) return "none";
        // The same authorization again: its nonce lets at most one of the two attempts through, whichever comes first.
        await facilitator.settle(payload, price.requirements).catch(() => undefined);
      }
      const state = before.state === "used" ? before : await nonceState();
      if (state.state === "unused") return "unknown";
      const receipt = receiptFrom(state);
      return receipt === undefined ? "none" : { receipt };
    },
  };
}
