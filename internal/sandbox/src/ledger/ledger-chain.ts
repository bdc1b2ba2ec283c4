// The simulated ledger as a chain to pay on.
import { demoAccount } from "../chain.ts";
import type { Ledger } from "./ledger.ts";
import { ledgerRpc } from "./ledger-rpc.ts";
import { ledgerSigner } from "./ledger-signer.ts";
import type { PaymentChain } from "./payment-chain.ts";

export function ledgerChain(ledger: Ledger): PaymentChain {
  const sender = demoAccount("facilitator").address;
  return {
    signer: ledgerSigner(ledger, sender),
    async authorization(payer, nonce) {
      const transfer = ledger.transferOf(payer, nonce);
      // State and time are of one block: an authorization that is unused there, and has expired by then, can never be used.
      const time = ledger.now();
      return transfer === undefined ? { state: "unused", time } : { state: "used", time, ...transfer };
    },
    balanceOf: async (account) => ledger.balanceOf(account),
    mint: async (accounts, value) => ledger.mint(accounts, value),
    rpc: ledgerRpc(ledger, sender),
  };
}
