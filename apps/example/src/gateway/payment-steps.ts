// The steps that payOnce takes with the facilitator: verify, settle, and finding out about a settlement in doubt.
import type { PaymentSteps } from "@tollbooth-stores/core";
import { evmRefusals, readSettlement } from "@tollbooth-stores/x402";
import { HTTPFacilitatorClient } from "@x402/core/http";
import { type PaymentPayload, SettleError, type SettleResponse, VerifyError } from "@x402/core/types";
import { lookUp, referenceOf } from "./chain-lookup.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { NotNow } from "./not-now.ts";
import type { SignedPayment } from "./payment-header.ts";

/** All steps but `serve`, on the payment's own terms: whether they are the route's is not asked here. */
export function paymentSteps(config: GatewayConfig, payment: SignedPayment): Omit<PaymentSteps<never>, "serve"> {
  const facilitator = new HTTPFacilitatorClient(config.facilitator);
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
      return isValid ? { ok: true } : { ok: false, reason, used: evmRefusals.get(reason)?.used };
    },

    async settle({ note, signal }) {
      signal.throwIfAborted();
      const answer = await facilitator.settle(payload, requirements).catch(readRefusal);
      const read = readSettlement(answer, requirements.network, evmRefusals);
      if (read.status === "settled") return { ok: true, receipt: read.receipt };
      if (read.status === "refused") {
        refused = true;
        return { ok: false, reason: read.reason, used: read.used };
      }
      if (read.transaction !== undefined) await note(read.transaction);
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
