// The steps that payOnce takes with the facilitator: verify, settle, and finding out about a settlement in doubt.
import type { PaymentSteps } from "@tollbooth-stores/core";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { type PaymentPayload, SettleError, type SettleResponse, VerifyError } from "@x402/core/types";
import { bytes32Schema } from "../hex-schemas.ts";
import { lookUp, referenceOf } from "./chain-lookup.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { instanceHeader } from "./instance-header.ts";
import { NotNow } from "./not-now.ts";
import type { SignedPayment } from "./payment-header.ts";

/** The nonce was spent: by an attempt of ours whose answer was lost, or before this payment was ever seen here. */
const nonceUsedReason = "invalid_exact_evm_nonce_already_used";

/** Refusals at which the facilitator certainly sent nothing to the chain. Any other failure leaves the outcome open. */
const definiteRefusals = new Set([
  nonceUsedReason,
  "invalid_exact_evm_signature",
  "invalid_exact_evm_payload_authorization_valid_before",
  "invalid_exact_evm_payload_authorization_valid_after",
  "invalid_exact_evm_payload_authorization_value_mismatch",
  "invalid_exact_evm_insufficient_balance",
  "invalid_exact_evm_recipient_mismatch",
  "invalid_exact_evm_network_mismatch",
]);

/** All steps but `serve`, on the payment's own terms: whether they are the route's is not asked here. */
export function paymentSteps(config: GatewayConfig, payment: SignedPayment): Omit<PaymentSteps<never>, "serve"> {
  const told = instanceHeader(config.instance);
  const facilitator = new HTTPFacilitatorClient({
    ...config.facilitator,
    createAuthHeaders: async () => ({ verify: told, settle: told }),
  });
  const { authorization, signature } = payment;
  const { requirements } = payment.terms;
  const payload: PaymentPayload = {
    x402Version: 2,
    accepted: requirements,
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
  let refused = false;

  return {
    async verify() {
      const { isValid, invalidReason: reason = "invalid_payment" } = await facilitator
        .verify(payload, requirements)
        .catch((error: unknown) => {
          // Some facilitators refuse with a status, some with 200.
          if (error instanceof VerifyError && error.statusCode < 500)
            return { isValid: false, invalidReason: error.invalidReason };
          throw new NotNow(
            "facilitator_unavailable",
            "The facilitator did not verify the payment in time. Send the same payment again.",
          );
        });
      return isValid ? { ok: true } : { ok: false, reason, used: reason === nonceUsedReason };
    },

    async settle({ note, signal }) {
      signal.throwIfAborted();
      const {
        success,
        transaction,
        network,
        errorReason = "",
      } = await facilitator.settle(payload, requirements).catch(readRefusal);
      const sent = bytes32Schema.safeParse(transaction).success;
      if (success && sent && network === requirements.network) {
        return { ok: true, receipt: transaction };
      }
      if (!success && transaction === "" && definiteRefusals.has(errorReason)) {
        refused = true;
        return { ok: false, reason: errorReason, used: errorReason === nonceUsedReason };
      }
      if (transaction !== "") await note(transaction);
      throw new Error("The facilitator could not say whether the payment settled; the chain will be asked.");
    },

    async findSettlement(_evidence, { reference = referenceOf(payment), signal }) {
      const found = await lookUp(config, reference);
      if (found !== "unknown" || refused) return found;
      // Another one of the same nonce, valid for longer, say, would move money for an attempt that is thought to be over.
      const isTheSame = reference === referenceOf(payment) && requirements.network === config.network;
      if (!isTheSame) return found;
      signal.throwIfAborted();
      // The same authorization again: its nonce lets at most one of the two attempts through, whichever comes first.
      await facilitator.settle(payload, requirements).catch(() => undefined);
      return lookUp(config, reference);
    },
  };
}

/** A refusal that came with a status below 500; throws whatever else it is. */
function readRefusal(error: unknown): SettleResponse {
  if (!(error instanceof SettleError) || error.statusCode >= 500) throw error;
  const { network, errorReason, transaction = "" } = error;
  return { success: false, network, transaction, ...(errorReason !== undefined && { errorReason }) };
}
