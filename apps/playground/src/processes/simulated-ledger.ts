// Process: the SIMULATED ledger, standing in for a chain and its x402 facilitator. No real money moves anywhere.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { demoAccount, fundedAccounts, initialBalance, payerLabel, simulatedChain } from "../chain.ts";
import { appendLog } from "../process/append-log.ts";
import { requiredEnv, runChild } from "../process/child.ts";
import { listen } from "../process/listen.ts";
import { openLedger } from "./ledger.ts";
import { ledgerApp } from "./ledger-app.ts";

await runChild("simulated ledger", async () => {
  const directory = requiredEnv("LOG_DIR");
  mkdirSync(directory, { recursive: true });
  const { token, chainId } = simulatedChain;
  const domain = { name: token.name, version: token.version, chainId, verifyingContract: token.address };
  const ledger = openLedger(join(directory, "ledger.jsonl"), domain, () => Math.floor(Date.now() / 1_000));
  const log = appendLog(join(directory, "facilitator.jsonl"));
  // A restarted ledger has its log: nobody is funded twice.
  const payers = Array.from({ length: fundedAccounts }, (_, index) => demoAccount(payerLabel(index)).address);
  if (ledger.isNew) ledger.mint(payers, initialBalance);
  const server = await listen(ledgerApp(ledger, log).fetch, Number(process.env.PORT ?? 0));
  return {
    ...server,
    async stop() {
      await server.stop(1_000);
      ledger.close();
      log.close();
    },
  };
});
