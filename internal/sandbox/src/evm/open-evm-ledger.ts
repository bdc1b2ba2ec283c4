// The ledger with its facilitator on a real EVM chain, opened on a folder for its logs. The caller puts it on a port.
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { compileToken, type RpcClient, rpcClient, startAnvil } from "@tollbooth-stores/evm";
import { numberToHex, parseEther } from "viem";
import { appendLog, readLog } from "../append-log.ts";
import { demoAccount, fundedAccounts, initialBalance, payerLabel, simulatedChain } from "../chain.ts";
import { ledgerApp } from "../ledger/ledger-app.ts";
import { ledgerFiles, logOfAnotherChain } from "../ledger/ledger-files.ts";
import type { PaymentChain } from "../ledger/payment-chain.ts";
import type { SandboxApp } from "../sandbox-app.ts";
import { evmChain, multicallAddress } from "./evm-chain.ts";
import { type EvmClient, evmClient } from "./evm-client.ts";
import { followTransfers, lastBlock } from "./follow-transfers.ts";
import { type MinedTransfer, transfersBetween } from "./transfers-in.ts";

export interface EvmLedgerOptions {
  /** The block with the tag "finalized" is the newest but so many. Even; default 2, which is two seconds at most. */
  readonly finalityBlocks?: number | undefined;
}

export interface EvmLedger extends Pick<SandboxApp, "fetch"> {
  /** The node itself, with what `/rpc` does not pass on. */
  readonly node: RpcClient;
  /** Every transfer by an authorization, read anew from the chain's own logs, in order. */
  transfers(): Promise<readonly MinedTransfer[]>;
  /** Resolves once the chain has ended, by itself or by `close`. */
  readonly ended: Promise<void>;
  /** Writes the chain into the folder, and closes the logs. */
  close(): Promise<void>;
}

/**
 * Opens, and creates if need be, `ledger.jsonl`, `facilitator.jsonl` and the chain, `chain.json`, which is written when this
 * process ends, however it does. A new chain has the token of the simulated one at the same address, and funds the demonstration
 * payers. Rejects where there is no anvil for this platform, and where the folder's logs are those of another chain.
 */
export async function openEvmLedger(
  directory: string,
  { finalityBlocks = 2 }: EvmLedgerOptions = {},
): Promise<EvmLedger> {
  mkdirSync(directory, { recursive: true });
  const files = ledgerFiles(directory);
  const past = readLog(files.ledger);
  const isNew = !existsSync(files.chain);
  if (isNew && past.length > 0) throw logOfAnotherChain(files);

  const { chainId } = simulatedChain;
  const anvil = await startAnvil({ finalityBlocks, chainId, mining: "each-transaction", stateFile: files.chain });
  const [ledgerLog, log] = [appendLog(files.ledger), appendLog(files.facilitator)];
  const close = async () => {
    await anvil.stop();
    ledgerLog.close();
    log.close();
  };
  try {
    const node = rpcClient(anvil.url);
    const client = evmClient(anvil.url);
    if ((await client.getBlockNumber()) < lastBlock(past)) throw logOfAnotherChain(files);
    const catchUp = followTransfers({ client, log: ledgerLog, past });
    const chain = evmChain(client, node, catchUp);
    if (isNew) await beginChain(chain, client, node);
    await catchUp();
    const transfers = () => transfersBetween(client, 0n, "latest");
    return { node, transfers, ended: anvil.ended, fetch: ledgerApp(chain, log).fetch, close };
  } catch (error) {
    await close();
    // What was begun only in part is no chain to go on from.
    if (isNew) rmSync(files.chain, { force: true });
    throw error;
  }
}

/** The contracts stand where the simulated chain's are said to be, not where a deployment would put them. */
async function beginChain(chain: PaymentChain, { account }: EvmClient, node: RpcClient): Promise<void> {
  const { token, multicall } = compileToken();
  await node.request({ method: "anvil_setCode", params: [simulatedChain.token.address, token.runtime] });
  await node.request({ method: "anvil_setCode", params: [multicallAddress, multicall.runtime] });
  await node.request({ method: "anvil_setBalance", params: [account.address, numberToHex(parseEther("1000000"))] });
  const payers = Array.from({ length: fundedAccounts }, (_, index) => demoAccount(payerLabel(index)).address);
  await chain.mint(payers, initialBalance);
}
