// Refusals of a facilitator at which certainly nothing was sent to the chain.

/** A facilitator's reasons, each with whether it says that the payment was used before. */
export type PreBroadcastRefusals = ReadonlyMap<string, { readonly used: boolean }>;

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
