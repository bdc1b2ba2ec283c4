// Process: the SIMULATED ledger, standing in for a chain and its x402 facilitator. No real money moves anywhere.
import { listen } from "@tollbooth-stores/example/listen";
import { openSandboxLedger } from "@tollbooth-stores/sandbox";
import { requiredEnv, runChild } from "../process/child.ts";

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
