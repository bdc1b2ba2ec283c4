// The simulated ledger with its facilitator, opened on a folder for its logs. The caller puts it on a port.
import { existsSync, mkdirSync } from "node:fs";
import { appendLog } from "../append-log.ts";
import { demoAccount, fundedAccounts, initialBalance, payerLabel, simulatedChain } from "../chain.ts";
import type { SandboxApp } from "../sandbox-app.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { ledgerApp } from "./ledger-app.ts";
import { ledgerChain } from "./ledger-chain.ts";
import { ledgerFiles, logOfAnotherChain } from "./ledger-files.ts";

export interface SandboxLedger extends SandboxApp {
  ledger: Ledger;
}

/**
 * Opens, and creates if need be, `ledger.jsonl` and `facilitator.jsonl`. A new ledger funds the demonstration payers.
 * Throws where the folder is that of a real EVM. `nowSeconds`: the chain's clock, Unix seconds. Default: this process's.
 */
export function openSandboxLedger(
  directory: string,
  nowSeconds: () => number = () => Math.floor(Date.now() / 1_000),
): SandboxLedger {
  mkdirSync(directory, { recursive: true });
  const files = ledgerFiles(directory);
  if (existsSync(files.chain)) throw logOfAnotherChain(files);
  const { token, chainId } = simulatedChain;
  const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
  const ledger = openLedger(files.ledger, domain, nowSeconds);
  const log = appendLog(files.facilitator);
  // A restarted ledger has its log: no account is funded twice.
  const payers = Array.from({ length: fundedAccounts }, (_, index) => demoAccount(payerLabel(index)).address);
  if (ledger.isNew) ledger.mint(payers, initialBalance);
  return {
    ledger,
    fetch: ledgerApp(ledgerChain(ledger), log).fetch,
    close() {
      ledger.close();
      log.close();
    },
  };
}
