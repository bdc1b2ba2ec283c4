// The official facilitator's view of a chain, answered by the simulated ledger instead of an RPC node.
import type { FacilitatorEvmSigner } from "@x402/evm";
import { type Address, decodeFunctionData, encodeFunctionResult, type Hex, isAddressEqual, numberToHex } from "viem";
import { z } from "zod";
import { simulatedChain } from "../chain.ts";
import type { Authorization } from "../eip3009.ts";
import { addressSchema, bytes32Schema, hexSchema } from "../hex-schemas.ts";
import type { Ledger } from "./ledger.ts";
import { tokenAbi } from "./token-abi.ts";

const uint = z.bigint().nonnegative();
const transferArguments = z.tuple([
  addressSchema,
  addressSchema,
  uint,
  uint,
  uint,
  bytes32Schema,
  z.union([z.bigint(), z.number()]),
  bytes32Schema,
  bytes32Schema,
]);
const multicallArguments = z.tuple([z.boolean(), z.array(z.object({ target: addressSchema, callData: hexSchema }))]);

/** The arguments of transferWithAuthorization(..., v, r, s) as an authorization and its signature. */
function transferOf(args: unknown): { authorization: Authorization; signature: Hex } {
  const [from, to, value, validAfter, validBefore, nonce, v, r, s] = transferArguments.parse(args);
  const lastByte = Number(v) < 27 ? Number(v) + 27 : Number(v);
  return {
    authorization: { from, to, value, validAfter, validBefore, nonce },
    signature: `0x${r.slice(2)}${s.slice(2)}${numberToHex(lastByte, { size: 1 }).slice(2)}`,
  };
}

/** A signer for the official `ExactEvmScheme` facilitator whose every read and write goes to `ledger`. */
export function ledgerSigner(ledger: Ledger, facilitator: Address): FacilitatorEvmSigner {
  const tokenCode = (address: Address): Hex | undefined =>
    isAddressEqual(address, simulatedChain.token.address) ? "0x01" : undefined;

  const view = (callData: Hex): Hex => {
    const call = decodeFunctionData({ abi: tokenAbi, data: callData });
    const answer = { abi: tokenAbi, functionName: call.functionName };
    if (call.functionName === "balanceOf") {
      return encodeFunctionResult({ ...answer, functionName: "balanceOf", result: ledger.balanceOf(call.args[0]) });
    }
    if (call.functionName === "authorizationState") {
      const used = ledger.transferOf(call.args[0], call.args[1]) !== undefined;
      return encodeFunctionResult({ ...answer, functionName: "authorizationState", result: used });
    }
    return encodeFunctionResult({
      ...answer,
      functionName: call.functionName,
      result: simulatedChain.token[call.functionName],
    });
  };

  return {
    getAddresses: () => [facilitator],
    async readContract({ functionName, args }) {
      if (functionName === "transferWithAuthorization") {
        // A simulated call: it reverts where the real one would, and changes nothing.
        const { authorization, signature } = transferOf(args);
        return ledger.check(authorization, signature);
      }
      if (functionName !== "tryAggregate") throw new Error(`the simulated chain has no function ${functionName}`);
      const [, calls] = multicallArguments.parse(args);
      return calls.map(({ target, callData }) => {
        if (tokenCode(target) === undefined) return { success: false, returnData: "0x" };
        return { success: true, returnData: view(callData) };
      });
    },
    async writeContract({ address, functionName, args }) {
      if (tokenCode(address) === undefined || functionName !== "transferWithAuthorization") {
        throw new Error("the simulated chain knows only its token's transferWithAuthorization");
      }
      const { authorization, signature } = transferOf(args);
      return (await ledger.transfer(authorization, signature)).transaction;
    },
    async waitForTransactionReceipt({ hash }) {
      return { status: ledger.transferBy(hash) === undefined ? "reverted" : "success" };
    },
    getCode: async ({ address }) => tokenCode(address),
    // EIP-3009 payments are checked by recovery; the other schemes, which would need these, are not registered.
    verifyTypedData: async () => false,
    async sendTransaction() {
      throw new Error("the simulated chain deploys no contracts");
    },
  };
}
