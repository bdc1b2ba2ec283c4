// The methods of the EVM node that `/rpc` passes on: they read. What mints, sends or moves the clock is refused.
import { type RpcClient, RpcRefusal } from "@tollbooth-stores/evm";
import { z } from "zod";
import { RpcError, type RpcMethods } from "../ledger/json-rpc.ts";

const methods = [
  ...["eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_getBlockByHash", "eth_call", "eth_getLogs"],
  ...["eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBalance", "eth_getCode"],
] as const;

const nodeError = z.object({ code: z.int(), message: z.string(), data: z.unknown() });

/** `caughtUp` is awaited before an answer is told. */
export function nodeReads(node: RpcClient, caughtUp: () => Promise<void>): RpcMethods {
  const pass = (method: string) => async (params: readonly unknown[]) => {
    try {
      const result = await node.request({ method, params });
      await caughtUp();
      return result;
    } catch (error) {
      if (!(error instanceof RpcRefusal)) throw error;
      const { code, message, data } = nodeError.parse(error.error);
      throw new RpcError(code, message, data);
    }
  };
  return new Map(methods.map((method) => [method, pass(method)]));
}
