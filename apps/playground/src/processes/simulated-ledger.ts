// Process: the ledger, standing in for a chain and its x402 facilitator: simulated, or on a local EVM. No real money moves anywhere.
import { listen } from "@tollbooth-stores/example/listen";
import { openSandboxLedger } from "@tollbooth-stores/sandbox";
import { requiredEnv, runChild } from "../process/child.ts";

/** Only then is there a compiler to load, and a program to start. */
async function openOnEvm(directory: string) {
  const { openEvmLedger } = await import("@tollbooth-stores/sandbox/evm");
  const ledger = await openEvmLedger(directory);
  let closing = false;
  void ledger.ended.then(() => {
    if (closing) return;
    console.error("The EVM ended by itself.");
    process.exit(1);
  });
  return {
    ...ledger,
    close() {
      closing = true;
      return ledger.close();
    },
  };
}

await runChild("ledger", async () => {
  const directory = requiredEnv("LOG_DIR");
  const onEvm = process.env.LEDGER_CHAIN === "evm";
  const ledger = onEvm ? await openOnEvm(directory) : openSandboxLedger(directory);
  const server = await listen(ledger.fetch, Number(process.env.PORT ?? 0));
  return {
    ...server,
    async stop() {
      await server.stop(1_000);
      await ledger.close();
    },
  };
});
