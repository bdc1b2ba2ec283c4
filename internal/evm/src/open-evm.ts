// A chain of its own for a test file, with a token that the payer's account owns some of.
import { type Address, encodeAbiParameters, encodeFunctionData, type Hex, parseAbi } from "viem";
import { payerAccount, tokenAbi } from "./authorization.ts";
import { compileToken } from "./compile-token.ts";
import { type RpcClient, rpcClient } from "./rpc-client.ts";
import { startAnvil } from "./start-anvil.ts";

export interface Call {
  readonly to: Address;
  readonly data: Hex;
}

export interface Evm extends RpcClient {
  readonly url: string;
  readonly chainId: number;
  /** Deploys a token, and gives the payer a million of its smallest units. The payer has approved the batch contract. */
  deployToken(order?: { transferFirst: boolean }): Promise<Address>;
  /** A transaction in a block of its own, reverted or not; its hash. */
  send(call: Call): Promise<Hex>;
  /** Several calls in one transaction: all of them, or none. */
  sendBatch(calls: readonly Call[]): Promise<Hex>;
  /** Empty blocks, this many seconds apart. */
  mine(blocks: number, secondsApart?: number): Promise<void>;
  /** Of the newest block, in Unix seconds. */
  now(): Promise<bigint>;
  balanceOf(token: Address, owner: Address): Promise<bigint>;
  stop(): Promise<void>;
}

const batchAbi = parseAbi(["function run(address[] targets, bytes[] calls)"]);

/** A facilitator's account: anvil signs for it. */
const sender: Address = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/** `finalityBlocks`, even: how many blocks a block needs above it to be final. */
export async function openEvm({ finalityBlocks = 4 }: { finalityBlocks?: number } = {}): Promise<Evm> {
  const anvil = await startAnvil({ finalityBlocks });
  const { request } = rpcClient(anvil.url);
  const hexOf = async (method: string, params: unknown): Promise<Hex> => asHex(await request({ method, params }));
  const compiled = compileToken();
  const chainId = Number(await hexOf("eth_chainId", []));

  async function transaction(from: Address, data: Hex, to?: Address): Promise<Hex> {
    // With gas given, anvil does not try the transaction first: a reverted one is mined as well.
    const hash = await hexOf("eth_sendTransaction", [{ from, to, data, gas: "0x500000" }]);
    await request({ method: "evm_mine", params: [] });
    return hash;
  }
  async function deploy(code: Hex): Promise<Address> {
    const hash = await transaction(sender, code);
    const receipt = await request({ method: "eth_getTransactionReceipt", params: [hash] });
    if (typeof receipt !== "object" || receipt === null || !("contractAddress" in receipt)) {
      throw new Error("A contract was not deployed.");
    }
    return asHex(receipt.contractAddress);
  }
  const batch = await deploy(compiled.batch.creation);

  return {
    url: anvil.url,
    chainId,
    request,
    async deployToken({ transferFirst } = { transferFirst: false }) {
      const order = encodeAbiParameters([{ type: "bool" }], [transferFirst]);
      const token = await deploy(`${compiled.token.creation}${order.slice(2)}`);
      const owner = payerAccount.address;
      await transaction(
        sender,
        encodeFunctionData({ abi: tokenAbi, functionName: "mint", args: [owner, 1_000_000n] }),
        token,
      );
      await transaction(
        owner,
        encodeFunctionData({ abi: tokenAbi, functionName: "approve", args: [batch, 1_000_000n] }),
        token,
      );
      return token;
    },
    send: ({ to, data }) => transaction(sender, data, to),
    sendBatch(calls) {
      const args = [calls.map(({ to }) => to), calls.map(({ data }) => data)] as const;
      return transaction(sender, encodeFunctionData({ abi: batchAbi, functionName: "run", args }), batch);
    },
    async mine(blocks, secondsApart = 1) {
      await request({ method: "anvil_mine", params: [toHex(blocks), toHex(secondsApart)] });
    },
    async now() {
      const block = await request({ method: "eth_getBlockByNumber", params: ["latest", false] });
      if (typeof block !== "object" || block === null || !("timestamp" in block)) throw new Error("No newest block.");
      return BigInt(asHex(block.timestamp));
    },
    async balanceOf(token, owner) {
      const data = encodeFunctionData({ abi: tokenAbi, functionName: "balanceOf", args: [owner] });
      return BigInt(await hexOf("eth_call", [{ to: token, data }, "latest"]));
    },
    stop: anvil.stop,
  };
}

const toHex = (count: number): Hex => `0x${count.toString(16)}`;

function asHex(value: unknown): Hex {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw new Error("The chain answered no hex.");
  return `0x${value.slice(2)}`;
}
