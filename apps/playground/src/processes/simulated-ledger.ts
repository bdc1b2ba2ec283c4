// Process: the SIMULATED ledger, standing in for a chain and its x402 facilitator. No real money moves anywhere.
import { listen, requiredEnv, runChild } from "@tollbooth-stores/example/process";
import { openSandboxLedger } from "@tollbooth-stores/sandbox";

await runChild("simulated ledger", async () => {
  const ledger = openSandboxLedger(requiredEnv("LOG_DIR"));
  const server = await listen(ledger.fetch, Number(process.env.PORT ?? 0));
  return {
    ...server,
    async stop() {
      await server.stop(1_000);
      ledger.close();
    },
  };
});
