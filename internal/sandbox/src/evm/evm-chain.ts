// A real EVM chain to pay on: everything is asked of the node.
import { type RpcClient, tokenAbi } from "@tollbooth-stores/evm";
import { type Address, encodeFunctionData, getAbiItem, parseAbi } from "viem";
import { simulatedChain } from "../chain.ts";
import type { PaymentChain } from "../ledger/payment-chain.ts";
import type { EvmClient } from "./evm-client.ts";
import { facilitatorSigner } from "./facilitator-signer.ts";
import { nodeReads } from "./node-reads.ts";
import { transfersIn } from "./transfers-in.ts";

/** Where it is on every chain that has it, and where the SDK calls it. */
export const multicallAddress: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";
const multicallAbi = parseAbi([
  "struct Call { address target; bytes callData; }",
  "struct Result { bool success; bytes returnData; }",
  "function tryAggregate(bool requireSuccess, Call[] calls) payable returns (Result[] results)",
]);
const authorizationUsed = getAbiItem({ abi: tokenAbi, name: "AuthorizationUsed" });
const address = simulatedChain.token.address;

/** `catchUp` writes the transfers so far into the ledger's log. */
export function evmChain(client: EvmClient, node: RpcClient, catchUp: () => Promise<void>): PaymentChain {
  const signer = facilitatorSigner(client, catchUp);
  return {
    signer,
    async authorization(payer, nonce) {
      const { number, timestamp } = await client.getBlock();
      const time = Number(timestamp);
      const asked = { address, abi: tokenAbi, functionName: "authorizationState", args: [payer, nonce] } as const;
      if (!(await client.readContract({ ...asked, blockNumber: number }))) return { state: "unused", time };
      const args = { authorizer: payer, nonce };
      const [used] = await client.getLogs({ address, event: authorizationUsed, args, fromBlock: 0n, toBlock: number });
      if (used === undefined) throw new Error("The authorization was canceled.");
      const { logs } = await client.getTransactionReceipt({ hash: used.transactionHash });
      const transfer = transfersIn(logs).find((one) => one.from === payer && one.nonce === nonce);
      if (transfer === undefined) throw new Error("The authorization's transaction is not told as its log is.");
      await catchUp();
      return { state: "used", time, ...transfer };
    },
    balanceOf: (account) => client.readContract({ address, abi: tokenAbi, functionName: "balanceOf", args: [account] }),
    async mint(accounts, value) {
      const calls = accounts.map((account) => ({
        target: address,
        callData: encodeFunctionData({ abi: tokenAbi, functionName: "mint", args: [account, value] }),
      }));
      const args = [true, calls];
      const hash = await signer.writeContract({
        ...{ address: multicallAddress, abi: multicallAbi, functionName: "tryAggregate", args },
      });
      const { status } = await signer.waitForTransactionReceipt({ hash });
      if (status !== "success") throw new Error("The token was not minted.");
    },
    rpc: nodeReads(node, catchUp),
  };
}
