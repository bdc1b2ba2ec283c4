// Refusals of a facilitator at which certainly nothing was sent to the chain.

import { StoreError } from "@tollbooth-stores/core";
import type { FacilitatorClient } from "@x402/core/server";

/** A facilitator's reasons, each with whether it says that the payment was used before. */
export type PreBroadcastRefusals = ReadonlyMap<string, { readonly used: boolean }>;

/**
 * The reasons of each facilitator, by the client that the SDK's server was given. Undefined: no facilitator was asked, and a hook of the
 * server's gave the reason.
 */
export type FacilitatorRefusals = (facilitator: FacilitatorClient | undefined) => PreBroadcastRefusals;

/** The refusals of each facilitator: a map is that of all. Throws STORE_CONFIG where the option, or a result of its function, is no map. */
export function refusalsByFacilitator(given: PreBroadcastRefusals | FacilitatorRefusals): FacilitatorRefusals {
  if (typeof given !== "function") {
    const all = checkedRefusals(given);
    return () => all;
  }
  return (facilitator) => checkedRefusals(given(facilitator));
}

function checkedRefusals(refusals: unknown): PreBroadcastRefusals {
  if (isRefusals(refusals)) return refusals;
  throw new StoreError(
    "STORE_CONFIG",
    "refusals must be a Map of reasons to { used: boolean }, or a function that gives one for every facilitator, and for undefined.",
  );
}

function isRefusals(value: unknown): value is PreBroadcastRefusals {
  return value instanceof Map && [...value.values()].every((meaning) => typeof Object(meaning).used === "boolean");
}

/**
 * Of the reference facilitator's `exact` and `upto` schemes on EVM: its findings before it sends a transaction. Any other reason
 * leaves the outcome open. "Nonce already used" is no receipt: only the chain tells which attempt used the nonce, and which recipient it
 * paid.
 */
export const evmRefusals: PreBroadcastRefusals = new Map([
  ["invalid_exact_evm_nonce_already_used", { used: true }],
  ["invalid_exact_evm_signature", { used: false }],
  ["invalid_exact_evm_payload_authorization_valid_before", { used: false }],
  ["invalid_exact_evm_payload_authorization_valid_after", { used: false }],
  ["invalid_exact_evm_payload_authorization_value_mismatch", { used: false }],
  ["invalid_exact_evm_insufficient_balance", { used: false }],
  ["invalid_exact_evm_recipient_mismatch", { used: false }],
  ["invalid_exact_evm_network_mismatch", { used: false }],
  ["permit2_deadline_expired", { used: false }],
  ["permit2_not_yet_valid", { used: false }],
  ["permit2_amount_mismatch", { used: false }],
  ["permit2_token_mismatch", { used: false }],
  ["permit2_proxy_not_deployed", { used: false }],
  ["permit2_insufficient_balance", { used: false }],
  ["permit2_allowance_required", { used: false }],
  ["invalid_permit2_spender", { used: false }],
  ["invalid_permit2_recipient_mismatch", { used: false }],
  ["invalid_upto_evm_network_mismatch", { used: false }],
  ["invalid_upto_evm_payload_settlement_exceeds_amount", { used: false }],
  ["upto_facilitator_mismatch", { used: false }],
]);
