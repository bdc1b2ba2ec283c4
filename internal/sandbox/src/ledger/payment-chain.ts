// What the ledger's HTTP side needs of a chain. The ledger of the sandbox's own is one, a real EVM another.
import type { FacilitatorEvmSigner } from "@x402/evm";
import type { Address, Hex } from "viem";
import type { RpcMethods } from "./json-rpc.ts";
import type { Transfer } from "./ledger.ts";

/** Of one authorization in the state of one block. Its time, in Unix seconds, is the chain's own. */
export type AuthorizationState =
  | { readonly state: "unused"; readonly time: number }
  | ({ readonly state: "used"; readonly time: number } & Transfer);

export interface PaymentChain {
  /** For the official facilitator: its transfers are in `ledger.jsonl` before it tells of them. */
  readonly signer: FacilitatorEvmSigner;
  authorization(payer: Address, nonce: Hex): Promise<AuthorizationState>;
  balanceOf(account: Address): Promise<bigint>;
  /** Gives each account `value` out of nothing, in the token's smallest unit. */
  mint(accounts: readonly Address[], value: bigint): Promise<void>;
  /** What a lookup reads. Nothing here changes the chain. */
  readonly rpc: RpcMethods;
}
